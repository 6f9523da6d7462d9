/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of one direction of a TCP connection, in order and each exactly once, for a reader
 * that never wants to hear of retransmission, reordering or overlap.
 */
#ifndef DIAG_STREAM_H
#define DIAG_STREAM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Out-of-order data kept per direction; what does not fit is dropped and ends as a hole. */
#define DIAG_STREAM_PENDING_BYTES  65536
#define DIAG_STREAM_PENDING_PIECES 64

/* A run of bytes in order. data is borrowed for the call. */
struct diag_chunk {
    uint32_t seq; /* of its first byte */
    uint32_t length;
    const uint8_t *data; /* NULL: these bytes were sent but not captured */
    uint32_t frame;      /* of the segment that made them readable: the one that closed a gap */
    int64_t time_ns;
    uint32_t carrier;    /* frame that brought them, earlier than frame when it came too early;
                            0 when no captured segment did */
    bool starts_segment; /* the first byte was the first byte of a segment's payload */
};

/* One TCP segment's payload; captured < payload when the snap length cut it. */
struct diag_stream_input {
    uint32_t seq;
    uint32_t payload;
    uint32_t captured;
    const uint8_t *data;
    uint32_t frame;
    int64_t time_ns;
};

struct diag_stream {
    void (*consume)(void *context, const struct diag_chunk *chunk);
    void *context;
    GPtrArray *pending;     /* of struct piece, by sequence number; NULL while empty */
    uint32_t pending_bytes; /* captured bytes held there */
    uint32_t dropped_bytes; /* that came too early and did not fit */
    uint32_t next;          /* sequence number of the next byte to deliver */
    uint32_t acked;         /* highest acknowledgement told; holds when has_ack */
    uint32_t end;           /* sequence number of the FIN; holds when has_end */
    bool has_ack;
    bool has_end;
    bool started;
    bool touched; /* data arrived */
    bool closed;
};

/* consume must not call back into the stream, diag_stream_close() excepted. */
void diag_stream_init(struct diag_stream *stream,
                      void (*consume)(void *context, const struct diag_chunk *chunk),
                      void *context);
/* Where the direction begins. Without it, it begins at the first data seen. The last word before
 * any data counts. */
void diag_stream_start(struct diag_stream *stream, uint32_t seq);
/* The same from an acknowledgement by the receiver: corrects a start that it contradicts. */
void diag_stream_start_near(struct diag_stream *stream, uint32_t ack);
void diag_stream_segment(struct diag_stream *stream, const struct diag_stream_input *input);
/*
 * The receiver has everything before ack. Bytes of it that are not there are a hole in the capture.
 * A gap with data behind it is delivered as a hole at once, on behalf of this frame; at the end of
 * what was captured it is only remembered, because the acknowledgement may merely have been
 * captured before the data.
 */
void diag_stream_skip(struct diag_stream *stream, uint32_t ack, uint32_t frame, int64_t time_ns);
/* The FIN's sequence number: acknowledging it acknowledges no byte. */
void diag_stream_finish(struct diag_stream *stream, uint32_t seq, uint32_t frame, int64_t time_ns);
/* Bytes that the receiver acknowledged and that were not captured so far. */
uint32_t diag_stream_unseen(const struct diag_stream *stream);
/* Frees what is held and ignores all further input. */
void diag_stream_close(struct diag_stream *stream);

#endif
