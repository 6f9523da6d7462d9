/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts handshake messages together that are in clear: split over records and segments or packed
 * into one. Keeps the beginning of the few whose body is read, and counts through the rest.
 */
#include "tls/private.h"

#include <string.h>

/* Above these a length is taken for garbage, or for ciphertext behind a ChangeCipherSpec that was
 * not captured. A ClientHello with post-quantum key shares has 2 kB; a chain of all the roots that
 * a server trusts, which breaks clients, was seen with 330 kB. */
#define LONGEST_MESSAGE     (128 * 1024)
#define LONGEST_CERTIFICATE (1024 * 1024)
#define KEPT                4096
#define KEPT_LARGE          16384

bool diag_tls_handshake_known(uint8_t type)
{
    return type <= DIAG_TLS_COMPRESSED_CERTIFICATE || type == DIAG_TLS_MESSAGE_HASH;
}

static bool is_plausible(const struct diag_tls_assembly *message)
{
    if (message->type == DIAG_TLS_CERTIFICATE)
        return message->length <= LONGEST_CERTIFICATE;
    return diag_tls_handshake_known(message->type) && message->length <= LONGEST_MESSAGE;
}

static uint32_t kept_bytes(uint8_t type)
{
    switch (type) {
    case DIAG_TLS_CLIENT_HELLO:
    case DIAG_TLS_COMPRESSED_CERTIFICATE:
        return KEPT_LARGE;
    case DIAG_TLS_SERVER_HELLO:
    case DIAG_TLS_SERVER_KEY_EXCHANGE:
        return KEPT;
    default:
        return 0;
    }
}

static void drop_body(struct diag_tls_reader *reader)
{
    struct diag_tls_assembly *message = &reader->message;

    diag_tls_certificates_end(reader);
    if (message->body)
        g_byte_array_free(message->body, TRUE);
    message->body = NULL;
}

void diag_tls_handshake_begin_record(struct diag_tls_reader *reader)
{
    if (!reader->message.adrift)
        return;
    /* Senders begin a flight at a record: after a gap that is the best place to go on. */
    drop_body(reader);
    reader->message.adrift = false;
    reader->message.header_have = 0;
}

static void keep_body(struct diag_tls_assembly *message, struct diag_tls_bytes bytes, uint32_t n)
{
    uint32_t room;

    if (!message->body || message->holed)
        return;
    room = kept_bytes(message->type) - message->body->len;
    g_byte_array_append(message->body, bytes.data, MIN(n, room));
}

static void count_segment(struct diag_tls_assembly *message, const struct diag_chunk *chunk)
{
    if (message->segments > 0 && message->last_carrier == chunk->carrier)
        return;
    message->segments++;
    message->last_carrier = chunk->carrier;
}

static void finish_message(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                           uint32_t end)
{
    diag_tls_message_done(reader, chunk, end);
    drop_body(reader);
    reader->message.header_have = 0;
    reader->message.v2 = false;
}

/* Neither a type nor a length of a handshake message: noted once, the rest of the record is left
 * alone. */
static void give_up_record(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_assembly *message = &reader->message;
    const struct diag_tls_message odd = {.letter = 'Q',
                                         .handshake = message->type,
                                         .first_frame = message->first_frame,
                                         .frame = chunk->frame,
                                         .time_ns = chunk->time_ns,
                                         .length = reader->record.length,
                                         .start = message->start,
                                         .end = reader->start + DIAG_TLS_HEADER +
                                                reader->record.length};

    diag_tls_note(reader, &odd);
    message->adrift = true;
}

static void begin_message(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                          uint32_t at)
{
    struct diag_tls_assembly *message = &reader->message;
    const uint8_t *h = message->header;

    message->type = h[0];
    message->length = (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
    message->left = message->length;
    message->holed = false;
    if (message->type == DIAG_TLS_CERTIFICATE)
        diag_tls_certificates_begin(reader);
    if (!is_plausible(message)) {
        give_up_record(reader, chunk);
        return;
    }
    if (kept_bytes(message->type) > 0)
        message->body = g_byte_array_new();
    if (message->left == 0)
        finish_message(reader, chunk, at);
}

void diag_tls_handshake_begin_v2(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_assembly *message = &reader->message;

    message->header_have = DIAG_TLS_HANDSHAKE_HEADER;
    message->type = DIAG_TLS_CLIENT_HELLO;
    message->length = reader->record.length;
    message->left = message->length;
    message->start = reader->start;
    message->first_frame = chunk->carrier;
    message->v2 = true;
    message->body = g_byte_array_new();
}

/* Both return how many bytes they used, 0 when the rest of the record is of no use. */
static uint32_t take_header(struct diag_tls_reader *reader, struct diag_tls_bytes bytes)
{
    struct diag_tls_assembly *message = &reader->message;

    if (!bytes.data) {
        message->adrift = true;
        reader->half->missed = true;
        return 0;
    }
    if (message->header_have == 0) {
        message->start = bytes.seq;
        message->first_frame = bytes.chunk->carrier;
        message->segments = 0;
    }
    count_segment(message, bytes.chunk);
    message->header[message->header_have++] = bytes.data[0];
    if (message->header_have == DIAG_TLS_HANDSHAKE_HEADER)
        begin_message(reader, bytes.chunk, bytes.seq + 1);
    return 1;
}

static uint32_t take_body(struct diag_tls_reader *reader, struct diag_tls_bytes bytes)
{
    struct diag_tls_assembly *message = &reader->message;
    uint32_t n = MIN(message->left, bytes.length);

    if (!bytes.data)
        message->holed = true;
    count_segment(message, bytes.chunk);
    keep_body(message, bytes, n);
    if (message->type == DIAG_TLS_CERTIFICATE)
        diag_tls_certificates_bytes(reader, bytes.data, n);
    message->left -= n;
    if (message->left == 0)
        finish_message(reader, bytes.chunk, bytes.seq + n);
    return n;
}

void diag_tls_handshake_bytes(struct diag_tls_reader *reader, struct diag_tls_bytes bytes)
{
    const struct diag_tls_assembly *message = &reader->message;

    while (bytes.length > 0 && !message->adrift) {
        uint32_t used;

        if (message->header_have < DIAG_TLS_HANDSHAKE_HEADER)
            used = take_header(reader, bytes);
        else
            used = take_body(reader, bytes);
        bytes.seq += used;
        bytes.length -= used;
        bytes.data = bytes.data ? bytes.data + used : NULL;
    }
}
