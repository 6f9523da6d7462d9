/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS records and handshake messages built by hand. */
#ifndef TLS_BYTES_H
#define TLS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tls_bytes {
    uint8_t data[40000];
    size_t n;
};

static inline void put(struct tls_bytes *b, const void *data, size_t n)
{
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

/* A big-endian number of so many bytes. */
static inline void put_number(struct tls_bytes *b, uint32_t value, size_t bytes)
{
    while (bytes-- > 0)
        b->data[b->n++] = (uint8_t)(value >> 8 * bytes);
}

static inline void put_zeros(struct tls_bytes *b, size_t n)
{
    memset(b->data + b->n, 0, n);
    b->n += n;
}

/* The first n bytes that equal old become new. */
static inline void replace_bytes(struct tls_bytes *b, const char *old, const char *new, size_t n)
{
    for (size_t i = 0; i + n <= b->n; i++)
        if (memcmp(b->data + i, old, n) == 0) {
            memcpy(b->data + i, new, n);
            return;
        }
}

/* Leaves room for a length of so many bytes; close_length() fills it in. */
static inline size_t open_length(struct tls_bytes *b, size_t bytes)
{
    put_zeros(b, bytes);
    return b->n;
}

static inline void close_length(struct tls_bytes *b, size_t from, size_t bytes)
{
    size_t end = b->n;

    b->n = from - bytes;
    put_number(b, (uint32_t)(end - from), bytes);
    b->n = end;
}

/* A record of ciphertext, or of anything. */
static inline void put_record(struct tls_bytes *b, uint8_t type, size_t length)
{
    put_number(b, type, 1);
    put_number(b, 0x0303, 2);
    put_number(b, (uint32_t)length, 2);
    memset(b->data + b->n, 0xee, length);
    b->n += length;
}

static inline void put_ccs(struct tls_bytes *b)
{
    const uint8_t ccs[] = {20, 3, 3, 0, 1, 1};

    put(b, ccs, sizeof ccs);
}

static inline void put_alert(struct tls_bytes *b, uint8_t level, uint8_t description)
{
    const uint8_t alert[] = {21, 3, 3, 0, 2, level, description};

    put(b, alert, sizeof alert);
}

static inline size_t open_handshake_record(struct tls_bytes *b)
{
    const uint8_t header[] = {22, 3, 1};

    put(b, header, sizeof header);
    return open_length(b, 2);
}

static inline size_t open_message(struct tls_bytes *b, uint8_t type)
{
    put_number(b, type, 1);
    return open_length(b, 3);
}

/* A handshake message in a record of its own, whose body nobody reads. */
static inline void put_message(struct tls_bytes *b, uint8_t type, size_t length)
{
    size_t record = open_handshake_record(b), message = open_message(b, type);

    put_zeros(b, length);
    close_length(b, message, 3);
    close_length(b, record, 2);
}

/* Extensions are one number in their body as far as these tests care. */
static inline void put_extension(struct tls_bytes *b, uint16_t type, const void *body, size_t n)
{
    put_number(b, type, 2);
    put_number(b, (uint32_t)n, 2);
    put(b, body, n);
}

/* What a hello says; 0 leaves the thing out. */
struct hello {
    bool retry;
    bool tls13;
    bool early_data;
    bool psk;
    bool alpn; /* the server chose h2 */
    uint16_t cipher;
    uint8_t session_id; /* 32 bytes of this value */
    size_t padding;
};

static inline void put_session_id(struct tls_bytes *b, uint8_t value)
{
    put_number(b, value ? 32 : 0, 1);
    memset(b->data + b->n, value, value ? 32 : 0);
    b->n += value ? 32 : 0;
}

static inline void put_client_extensions(struct tls_bytes *b, const struct hello *hello)
{
    static const uint8_t versions[] = {4, 3, 4, 3, 3}; /* 1.3, 1.2 */
    static const uint8_t name[] = {0, 8, 0, 0, 5, 'a', '.', 'o', 'r', 'g'};
    size_t from = open_length(b, 2);

    put_extension(b, 0, name, sizeof name);
    put_extension(b, 35, "", 0); /* would take a ticket, has none */
    if (hello->tls13)
        put_extension(b, 43, versions, sizeof versions);
    if (hello->early_data)
        put_extension(b, 42, "", 0);
    if (hello->padding) {
        put_number(b, 21, 2);
        put_number(b, (uint32_t)hello->padding, 2);
        put_zeros(b, hello->padding);
    }
    if (hello->psk)
        put_extension(b, 41, "", 0);
    close_length(b, from, 2);
}

static inline void put_client_hello(struct tls_bytes *b, struct hello hello)
{
    size_t record = open_handshake_record(b), message = open_message(b, 1);

    put_number(b, 0x0303, 2);
    put_zeros(b, 32); /* random */
    put_session_id(b, hello.session_id);
    put_number(b, 2, 2); /* one cipher suite */
    put_number(b, 0xc02f, 2);
    put_number(b, 0x0100, 2); /* compression: null */
    put_client_extensions(b, &hello);
    close_length(b, message, 3);
    close_length(b, record, 2);
}

static inline void put_server_random(struct tls_bytes *b, bool retry)
{
    static const uint8_t hrr[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                  0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                  0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

    if (retry)
        put(b, hrr, sizeof hrr);
    else
        put_zeros(b, sizeof hrr);
}

/* Without the record around it. */
static inline void put_server_hello_message(struct tls_bytes *b, struct hello hello)
{
    static const uint8_t version[] = {3, 4};
    static const uint8_t group[] = {0, 0x17};
    size_t message = open_message(b, 2), extensions;

    put_number(b, 0x0303, 2);
    put_server_random(b, hello.retry);
    put_session_id(b, hello.session_id);
    put_number(b, hello.cipher ? hello.cipher : 0xc02f, 2);
    put_number(b, 0, 1); /* compression */
    extensions = open_length(b, 2);
    if (hello.tls13) {
        put_extension(b, 43, version, sizeof version);
        put_extension(b, 51, group, sizeof group);
    }
    if (hello.alpn)
        put_extension(b, 16, "\0\3\2h2", 5);
    if (hello.psk)
        put_extension(b, 41, "\0\0", 2);
    close_length(b, extensions, 2);
    close_length(b, message, 3);
}

static inline void put_server_hello(struct tls_bytes *b, struct hello hello)
{
    size_t record = open_handshake_record(b);

    put_server_hello_message(b, hello);
    close_length(b, record, 2);
}

/* Two certificates of so many bytes each, without the record. */
static inline void put_certificate_message(struct tls_bytes *b, size_t each)
{
    size_t message = open_message(b, 11), list = open_length(b, 3);

    for (int i = 0; i < 2; i++) {
        put_number(b, (uint32_t)each, 3);
        memset(b->data + b->n, 0x30, each);
        b->n += each;
    }
    close_length(b, list, 3);
    close_length(b, message, 3);
}

static inline void put_certificate(struct tls_bytes *b, size_t each)
{
    size_t record = open_handshake_record(b);

    put_certificate_message(b, each);
    close_length(b, record, 2);
}

#endif
