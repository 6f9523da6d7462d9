/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts the bytes of one direction into TLS records. A hole in a record's body is counted through;
 * one over a header loses the way until a segment begins with what looks like a record.
 */
#include "tls/private.h"

#include <string.h>

/* RFC 5246 6.2.3; TLS 1.3 allows less. */
#define LONGEST_RECORD (16384 + 2048)

/* Whether n bytes can begin a record header: a prefix is judged by what is there. */
static bool can_be_header(const uint8_t *p, size_t n)
{
    uint32_t length;

    if (n > 0 && (p[0] < DIAG_TLS_CHANGE_CIPHER_SPEC || p[0] > DIAG_TLS_HEARTBEAT))
        return false;
    if (n > 1 && p[1] != 3)
        return false;
    if (n > 2 && p[2] > 4)
        return false;
    if (n < DIAG_TLS_HEADER)
        return true;
    length = (uint32_t)p[3] << 8 | p[4];
    /* RFC 8446 5.1: only application data may be empty. */
    return length <= LONGEST_RECORD && (length > 0 || p[0] == DIAG_TLS_APPLICATION_DATA);
}

/* RFC 5246 E.2: clients that could still do SSL 2.0 offered TLS in its clothes, or nothing but SSL
 * 2.0. Judged on the fixed part only, which is never split. */
static bool is_v2_hello(const uint8_t *p, size_t n)
{
    uint32_t length, ciphers, id, challenge;

    if (n < 11 || !(p[0] & 0x80) || p[2] != DIAG_TLS_CLIENT_HELLO ||
        !(p[3] == 3 ? p[4] <= 3 : p[3] == 0 && p[4] == 2))
        return false;
    length = (uint32_t)(p[0] & 0x7f) << 8 | p[1];
    ciphers = (uint32_t)p[5] << 8 | p[6];
    id = (uint32_t)p[7] << 8 | p[8];
    challenge = (uint32_t)p[9] << 8 | p[10];
    return ciphers % 3 == 0 && challenge >= 16 && challenge <= 32 &&
           length == 9 + ciphers + id + challenge;
}

bool diag_tls_looks_like(const uint8_t *data, size_t n)
{
    if (is_v2_hello(data, n))
        return true;
    if (n == 0 || !can_be_header(data, n))
        return false;
    if (data[0] == DIAG_TLS_ALERT)
        return n < DIAG_TLS_HEADER || (data[3] == 0 && data[4] == 2);
    if (data[0] != DIAG_TLS_HANDSHAKE)
        return false;
    return n <= DIAG_TLS_HEADER || diag_tls_handshake_known(data[DIAG_TLS_HEADER]);
}

static void remember_first_bytes(struct diag_tls_half *half, const struct diag_chunk *chunk)
{
    uint32_t room = (uint32_t)(DIAG_TLS_FIRST_BYTES - half->first_count);
    uint32_t n = MIN(room, chunk->length);

    if (!chunk->data || n == 0)
        return;
    memcpy(half->first + half->first_count, chunk->data, n);
    half->first_count = (uint8_t)(half->first_count + n);
}

/* Handshake messages in clear may lie in what cannot be read now. */
static void miss_messages(struct diag_tls_reader *reader)
{
    reader->message.adrift = true;
    if (!reader->tls->facts.established.frame)
        reader->half->missed = true;
}

static void lose_the_way(struct diag_tls_reader *reader)
{
    reader->header_have = 0;
    reader->half->lost = true;
    if (reader->half->speech == DIAG_TLS_SILENT)
        reader->half->speech = DIAG_TLS_UNCLEAR;
    miss_messages(reader);
}

static void reject_header(struct diag_tls_reader *reader)
{
    if (reader->half->speech == DIAG_TLS_SILENT && reader->trusted) {
        reader->half->speech = DIAG_TLS_NOT_TLS;
        return;
    }
    lose_the_way(reader);
}

static void begin_record(struct diag_tls_reader *reader)
{
    const uint8_t *header = reader->header;

    reader->record.type = header[0];
    reader->record.length = (uint16_t)(header[3] << 8 | header[4]);
    reader->left = reader->record.length;
    reader->holed = false;
    reader->alert_have = 0;
    reader->opaque = diag_tls_encrypts(reader);
    reader->half->speech = DIAG_TLS_SPOKEN;
    reader->half->lost = false;
    if (header[0] == DIAG_TLS_HANDSHAKE && !reader->opaque)
        diag_tls_handshake_begin_record(reader);
}

/* Its two bytes of length are the header of the record. */
static void begin_v2_record(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    const uint8_t *p = chunk->data;

    reader->start = chunk->seq;
    reader->first_frame = chunk->carrier;
    reader->header_have = DIAG_TLS_HEADER;
    reader->record.type = DIAG_TLS_HANDSHAKE;
    reader->record.length = (uint16_t)((p[0] & 0x7f) << 8 | p[1]);
    reader->left = reader->record.length;
    reader->half->speech = DIAG_TLS_SPOKEN;
    diag_tls_handshake_begin_v2(reader, chunk);
}

static void end_record(struct diag_tls_reader *reader, const struct diag_chunk *chunk, uint32_t end)
{
    reader->record.frame = chunk->frame;
    reader->record.time_ns = chunk->time_ns;
    reader->record.end = end;
    reader->header_have = 0;
    diag_tls_record_done(reader, chunk);
}

static void read_body(struct diag_tls_reader *reader, struct diag_tls_bytes bytes)
{
    bool clear = !reader->opaque;

    if (!bytes.data)
        reader->holed = true;
    if (clear && reader->record.type == DIAG_TLS_HANDSHAKE)
        diag_tls_handshake_bytes(reader, bytes);
    if (!clear || reader->record.type != DIAG_TLS_ALERT || !bytes.data)
        return;
    for (uint32_t i = 0; i < bytes.length && reader->alert_have < 2; i++)
        reader->alert[reader->alert_have++] = bytes.data[i];
}

/* Both return how many bytes of the chunk they used, 0 when they cannot go on. */
static uint32_t take_header(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                            uint32_t at)
{
    uint32_t n = MIN((uint32_t)(DIAG_TLS_HEADER - reader->header_have), chunk->length - at);

    if (!chunk->data) {
        lose_the_way(reader);
        return 0;
    }
    if (reader->header_have == 0) {
        reader->start = chunk->seq + at;
        reader->first_frame = chunk->carrier;
    }
    memcpy(reader->header + reader->header_have, chunk->data + at, n);
    reader->header_have = (uint8_t)(reader->header_have + n);
    if (!can_be_header(reader->header, reader->header_have)) {
        reject_header(reader);
        return 0;
    }
    if (reader->header_have == DIAG_TLS_HEADER) {
        begin_record(reader);
        if (reader->left == 0)
            end_record(reader, chunk, chunk->seq + at + n);
    }
    return n;
}

static uint32_t take_body(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                          uint32_t at)
{
    uint32_t n = MIN(reader->left, chunk->length - at);
    struct diag_tls_bytes bytes = {.data = chunk->data ? chunk->data + at : NULL,
                                   .length = n,
                                   .seq = chunk->seq + at,
                                   .chunk = chunk};

    reader->left -= n;
    read_body(reader, bytes);
    if (reader->left == 0)
        end_record(reader, chunk, bytes.seq + n);
    return n;
}

static bool finds_the_way(const struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    if (!reader->half->lost)
        return true;
    return chunk->data && chunk->starts_segment && chunk->length >= DIAG_TLS_HEADER &&
           can_be_header(chunk->data, chunk->length) && chunk->data[0] <= DIAG_TLS_APPLICATION_DATA;
}

void diag_tls_consume(void *context, const struct diag_chunk *chunk)
{
    struct diag_tls_reader *reader = context;
    uint32_t used = 1;
    uint32_t at = 0;

    remember_first_bytes(reader->half, chunk);
    if (!chunk->data)
        reader->half->uncaptured += chunk->length;
    if (reader->half->speech == DIAG_TLS_NOT_TLS || !finds_the_way(reader, chunk))
        return;
    if (chunk->data && reader->half->speech == DIAG_TLS_SILENT && reader->header_have == 0 &&
        is_v2_hello(chunk->data, chunk->length)) {
        begin_v2_record(reader, chunk);
        at = 2;
    }
    for (; at < chunk->length && used > 0; at += used) {
        if (reader->header_have < DIAG_TLS_HEADER)
            used = take_header(reader, chunk, at);
        else
            used = take_body(reader, chunk, at);
    }
}
