/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the certificates out of a Certificate message and hands each to the store. One that lies
 * within a segment is read in place; only one in pieces is copied, and freed when it is complete.
 */
#include "tls/private.h"

static void forget(struct diag_tls_certificate_walk *walk)
{
    if (walk->der)
        g_byte_array_free(walk->der, TRUE);
    walk->der = NULL;
    walk->inside = walk->unread = false;
}

void diag_tls_certificates_end(struct diag_tls_reader *reader)
{
    forget(&reader->message.walk);
}

void diag_tls_certificates_begin(struct diag_tls_reader *reader)
{
    bool tls13 = diag_tls_is_1_3(reader->tls);

    diag_tls_certificates_end(reader);
    reader->message.walk = (struct diag_tls_certificate_walk){
        .part = tls13 ? DIAG_TLS_PART_CONTEXT : DIAG_TLS_PART_LIST, .tls13 = tls13};
}

/* Only the server's chain, and only of the first handshake. */
static bool is_wanted(const struct diag_tls_reader *reader)
{
    const struct diag_tls *tls = reader->tls;

    return tls->store && diag_certificates_are_read(tls->store) && !diag_tls_is_client(reader) &&
           !tls->facts.certificates.frame;
}

/* data is NULL when not all of it was captured: its place in the chain stays empty. */
static void take(struct diag_tls_reader *reader, const uint8_t *data, uint32_t length)
{
    struct diag_tls_certificates *seen = &reader->tls->facts.certificates;

    if (!is_wanted(reader) || seen->chain_count == DIAG_TLS_MAX_CHAIN)
        return;
    seen->chain[seen->chain_count++] =
        data ? diag_certificates_take(reader->tls->store, data, length) : NULL;
}

static void collect(struct diag_tls_reader *reader, const uint8_t *data, uint32_t n)
{
    struct diag_tls_certificate_walk *walk = &reader->message.walk;
    bool whole = n == walk->length;

    if (!data || walk->length > DIAG_CERTIFICATE_LONGEST)
        walk->unread = true;
    if (!walk->unread && !whole && is_wanted(reader)) {
        if (!walk->der)
            walk->der = g_byte_array_new();
        g_byte_array_append(walk->der, data, n);
        data = walk->der->data;
    }
    if (walk->skip > 0)
        return;
    take(reader, walk->unread ? NULL : data, walk->length);
    forget(walk);
}

/* RFC 5246 7.4.2: list, certificate, certificate ... RFC 8446 4.4.2: context, list, certificate,
 * extensions, certificate, extensions ... Each behind its length. */
static void take_length(struct diag_tls_certificate_walk *walk)
{
    walk->skip = walk->part == DIAG_TLS_PART_LIST ? 0 : walk->value;
    walk->have = 0;
    walk->value = 0;
    switch (walk->part) {
    case DIAG_TLS_PART_CONTEXT:
        walk->part = DIAG_TLS_PART_LIST;
        break;
    case DIAG_TLS_PART_CERTIFICATE:
        walk->count++;
        walk->length = walk->skip;
        walk->inside = walk->skip > 0;
        walk->part = walk->tls13 ? DIAG_TLS_PART_EXTENSIONS : DIAG_TLS_PART_CERTIFICATE;
        break;
    case DIAG_TLS_PART_LIST:
    case DIAG_TLS_PART_EXTENSIONS:
        walk->part = DIAG_TLS_PART_CERTIFICATE;
        break;
    }
}

static void walk_length(struct diag_tls_certificate_walk *walk, uint8_t byte)
{
    static const uint8_t width[] = {[DIAG_TLS_PART_LIST] = 3,
                                    [DIAG_TLS_PART_CERTIFICATE] = 3,
                                    [DIAG_TLS_PART_CONTEXT] = 1,
                                    [DIAG_TLS_PART_EXTENSIONS] = 2};

    walk->value = walk->value << 8 | byte;
    if (++walk->have == width[walk->part])
        take_length(walk);
}

void diag_tls_certificates_bytes(struct diag_tls_reader *reader, const uint8_t *data,
                                 uint32_t length)
{
    struct diag_tls_certificate_walk *walk = &reader->message.walk;

    for (uint32_t i = 0; i < length && !walk->broken;) {
        uint32_t n = MIN(walk->skip, length - i);

        walk->skip -= n;
        if (n > 0 && walk->inside)
            collect(reader, data ? data + i : NULL, n);
        i += n;
        if (n > 0)
            continue;
        if (data)
            walk_length(walk, data[i++]);
        else
            walk->broken = true;
    }
}

/* ---- RFC 8879 4: algorithm, size of the Certificate message, and that message compressed */

/* Two bytes, three, and three of the length. */
#define COMPRESSED_HEADER 8
/* A crafted one claims up to 16 MB. */
#define LONGEST_CHAIN 131072

static uint32_t number(const uint8_t *p, size_t width)
{
    uint32_t value = 0;

    for (size_t i = 0; i < width; i++)
        value = value << 8 | p[i];
    return value;
}

bool diag_tls_certificates_inflate(struct diag_tls_reader *reader)
{
    const struct diag_tls_assembly *message = &reader->message;
    const GByteArray *body = message->body;

    if (!is_wanted(reader) || message->holed || !body || body->len <= COMPRESSED_HEADER ||
        body->len < message->length)
        return false;
    uint32_t size = number(body->data + 2, 3);
    uint32_t length = number(body->data + 5, 3);

    if (size == 0 || size > LONGEST_CHAIN || length != body->len - COMPRESSED_HEADER)
        return false;
    uint8_t *chain = g_malloc(size);
    bool inflated = diag_certificates_inflate(reader->tls->store, (uint16_t)number(body->data, 2),
                                              body->data + COMPRESSED_HEADER, length, chain, size);

    if (inflated) {
        diag_tls_certificates_begin(reader);
        diag_tls_certificates_bytes(reader, chain, size);
    }
    g_free(chain);
    return inflated;
}
