/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments of text for a stream, and the log of what its consumer saw. */
#ifndef STREAM_LOG_H
#define STREAM_LOG_H

#include "tls/stream.h"

#include <string.h>

#define MAX_CHUNKS 256

/* What the consumer saw. */
struct log {
    struct diag_stream stream;
    struct diag_chunk chunk[MAX_CHUNKS];
    size_t chunks;
    uint8_t bytes[8192]; /* '.' where nothing was captured */
    size_t size;
    size_t close_at; /* the consumer closes the stream at this chunk; 0: never */
};

static inline void record_chunk(void *context, const struct diag_chunk *chunk)
{
    struct log *log = context;

    if (log->chunks < MAX_CHUNKS)
        log->chunk[log->chunks] = *chunk;
    log->chunks++;
    for (uint32_t i = 0; i < chunk->length && log->size < sizeof log->bytes; i++)
        log->bytes[log->size++] = chunk->data ? chunk->data[i] : '.';
    if (log->chunks == log->close_at)
        diag_stream_close(&log->stream);
}

static inline void open_log(struct log *log)
{
    memset(log, 0, sizeof *log);
    diag_stream_init(&log->stream, record_chunk, log);
}

/* A segment whose bytes the capture has all. */
static inline void send_text(struct log *log, uint32_t frame, uint32_t seq, const char *text)
{
    uint32_t n = (uint32_t)strlen(text);
    const struct diag_stream_input in = {.seq = seq,
                                         .payload = n,
                                         .captured = n,
                                         .data = (const uint8_t *)text,
                                         .frame = frame,
                                         .time_ns = frame * INT64_C(1000)};

    diag_stream_segment(&log->stream, &in);
}

static inline bool delivered(const struct log *log, const char *text)
{
    return log->size == strlen(text) && memcmp(log->bytes, text, log->size) == 0;
}

#endif
