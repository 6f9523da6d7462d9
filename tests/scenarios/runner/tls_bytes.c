/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Canned TLS by name, joined with '+': "client_hello", "ccs+finished", "certificate:3000",
 * "app:1400", "alert:2:40". Each name makes one record of its own, as OpenSSL sends them.
 */
#include "tls_bytes.h"

#include <string.h>

enum record {
    CHANGE_CIPHER_SPEC = 20,
    ALERT = 21,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23
};

enum handshake {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    NEW_SESSION_TICKET = 4,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CLIENT_KEY_EXCHANGE = 16
};

void scn_put(GByteArray *bytes, uint32_t value, unsigned width)
{
    while (width--) {
        guint8 byte = (guint8)(value >> 8 * width);

        g_byte_array_append(bytes, &byte, 1);
    }
}

void scn_put_random(GByteArray *bytes, uint32_t count, uint32_t seed)
{
    uint32_t state = seed * 2654435761U + 12345;

    while (count--) {
        state = state * 1664525 + 1013904223;
        scn_put(bytes, state >> 24, 1);
    }
}

guint scn_begin(GByteArray *bytes, unsigned width)
{
    scn_put(bytes, 0, width);
    return bytes->len;
}

void scn_end(GByteArray *bytes, guint begin, unsigned width)
{
    guint length = bytes->len - begin;

    for (unsigned i = 0; i < width; i++)
        bytes->data[begin - 1 - i] = (guint8)(length >> 8 * i);
}

static guint begin_record(GByteArray *bytes, enum record type, uint16_t version)
{
    scn_put(bytes, type, 1);
    scn_put(bytes, version, 2);
    return scn_begin(bytes, 2);
}

static void put_record(GByteArray *bytes, enum record type, uint32_t length)
{
    guint record = begin_record(bytes, type, 0x0303);

    scn_put_random(bytes, length, type);
    scn_end(bytes, record, 2);
}

/* One certificate, and one of noise when the message is to be larger. */
static void put_certificates(GByteArray *bytes, uint32_t size)
{
    const uint32_t overhead = 3 + 3;
    guint list = scn_begin(bytes, 3);

    scn_put(bytes, SCN_CERTIFICATE_SIZE, 3);
    g_byte_array_append(bytes, scn_certificate, SCN_CERTIFICATE_SIZE);
    if (size > SCN_CERTIFICATE_SIZE + overhead + 3) {
        uint32_t rest = size - SCN_CERTIFICATE_SIZE - overhead - 3;

        scn_put(bytes, rest, 3);
        scn_put_random(bytes, rest, CERTIFICATE);
    }
    scn_end(bytes, list, 3);
}

/* RFC 8422: named curve x25519, the key, an ECDSA signature. */
static void put_server_key(GByteArray *bytes)
{
    scn_put(bytes, 3, 1);
    scn_put(bytes, 29, 2);
    scn_put(bytes, 32, 1);
    scn_put_random(bytes, 32, SERVER_KEY_EXCHANGE);
    scn_put(bytes, 0x0403, 2);
    scn_put(bytes, 71, 2);
    scn_put_random(bytes, 71, SERVER_KEY_EXCHANGE + 1);
}

static void put_certificate_request(GByteArray *bytes)
{
    scn_put(bytes, 0x0140, 2);     /* one certificate type: ECDSA */
    scn_put(bytes, 0x00020403, 4); /* one signature algorithm */
    scn_put(bytes, 0, 2);          /* any authority */
}

static void put_ticket(GByteArray *bytes)
{
    scn_put(bytes, 7200, 4);
    scn_put(bytes, 160, 2);
    scn_put_random(bytes, 160, NEW_SESSION_TICKET);
}

static void put_client_key(GByteArray *bytes)
{
    scn_put(bytes, 32, 1);
    scn_put_random(bytes, 32, CLIENT_KEY_EXCHANGE);
}

static void put_body(GByteArray *bytes, const char *name, enum handshake type, uint32_t size)
{
    struct scn_hello hello = {.tls13 = strstr(name, "13") || strstr(name, "retry"),
                              .retry = strstr(name, "retry"),
                              .resumed = strstr(name, "resumed"),
                              .hybrid = strstr(name, "_pq"),
                              .psk = strstr(name, "_psk") || strstr(name, "_early"),
                              .early = strstr(name, "_early")};

    switch (type) {
    case CLIENT_HELLO:
        hello.tls13 = strstr(name, "12") == NULL;
        scn_put_client_hello(bytes, hello);
        break;
    case SERVER_HELLO:
        scn_put_server_hello(bytes, hello);
        break;
    case NEW_SESSION_TICKET:
        put_ticket(bytes);
        break;
    case CERTIFICATE:
        put_certificates(bytes, size);
        break;
    case SERVER_KEY_EXCHANGE:
        put_server_key(bytes);
        break;
    case CERTIFICATE_REQUEST:
        put_certificate_request(bytes);
        break;
    case CLIENT_KEY_EXCHANGE:
        put_client_key(bytes);
        break;
    case SERVER_HELLO_DONE:
        break;
    }
}

static void put_handshake(GByteArray *bytes, const char *name, enum handshake type, uint32_t size)
{
    guint record = begin_record(bytes, HANDSHAKE, type == CLIENT_HELLO ? 0x0301 : 0x0303);

    scn_put(bytes, type, 1);
    guint message = scn_begin(bytes, 3);

    put_body(bytes, name, type, size);
    scn_end(bytes, message, 3);
    scn_end(bytes, record, 2);
}

static bool put_named_handshake(GByteArray *bytes, const char *name, uint32_t size)
{
    static const struct {
        const char *name;
        enum handshake type;
    } known[] = {
        {"client_hello", CLIENT_HELLO},
        {"client_hello12", CLIENT_HELLO},
        {"client_hello_pq", CLIENT_HELLO},
        {"client_hello_psk", CLIENT_HELLO},
        {"client_hello_early", CLIENT_HELLO},
        {"server_hello", SERVER_HELLO},
        {"server_hello13", SERVER_HELLO},
        {"server_hello13_psk", SERVER_HELLO},
        {"server_hello_resumed", SERVER_HELLO},
        {"hello_retry_request", SERVER_HELLO},
        {"new_session_ticket", NEW_SESSION_TICKET},
        {"certificate", CERTIFICATE},
        {"server_key_exchange", SERVER_KEY_EXCHANGE},
        {"certificate_request", CERTIFICATE_REQUEST},
        {"server_hello_done", SERVER_HELLO_DONE},
        {"client_key_exchange", CLIENT_KEY_EXCHANGE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(name, known[i].name) == 0) {
            put_handshake(bytes, name, known[i].type, size);
            return true;
        }
    return false;
}

/* RFC 8446 5.1: a message may be cut into records anywhere, here within its header too. */
static void put_hello_in_records(GByteArray *bytes)
{
    static const uint32_t cut[] = {1, 3, 60, 0};
    const guint header = 5;
    GByteArray *whole = g_byte_array_new();
    guint at = header;

    put_handshake(whole, "client_hello", CLIENT_HELLO, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cut); i++) {
        guint n = cut[i] ? cut[i] : whole->len - at;
        guint record = begin_record(bytes, HANDSHAKE, 0x0301);

        g_byte_array_append(bytes, whole->data + at, n);
        scn_end(bytes, record, 2);
        at += n;
    }
    g_byte_array_free(whole, TRUE);
}

/* The PROXY protocol, no TLS: one line of text, or binary. */
static void put_proxy_header(GByteArray *bytes, bool binary)
{
    static const char line[] = "PROXY TCP4 192.0.2.17 10.70.0.9 51000 443\r\n";
    static const char head[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
                               "\xc0\x00\x02\x11\x0a\x46\x00\x09\xc7\x38\x01\xbb";
    const char *header = binary ? head : line;
    size_t length = binary ? sizeof head - 1 : sizeof line - 1;

    g_byte_array_append(bytes, (const guint8 *)header, (guint)length);
}

static bool put_named_oddity(GByteArray *bytes, const char *name)
{
    if (strcmp(name, "client_hello_in_records") == 0)
        put_hello_in_records(bytes);
    else if (strcmp(name, "proxy_header") == 0 || strcmp(name, "proxy_header2") == 0)
        put_proxy_header(bytes, g_str_has_suffix(name, "2"));
    else
        return false;
    return true;
}

/* Records whose content nobody can read, and the plain alert. */
static bool put_named_record(GByteArray *bytes, const char *name, uint32_t first, uint32_t second)
{
    if (strcmp(name, "finished") == 0)
        put_record(bytes, HANDSHAKE, 40); /* AES-GCM: 8 of nonce, 16 of message, 16 of tag */
    else if (strcmp(name, "app") == 0)
        put_record(bytes, APPLICATION_DATA, first);
    else if (strcmp(name, "encrypted_alert") == 0)
        put_record(bytes, ALERT, 26);
    else if (strcmp(name, "ccs") == 0 || strcmp(name, "alert") == 0) {
        bool alert = *name == 'a';
        guint record = begin_record(bytes, alert ? ALERT : CHANGE_CIPHER_SPEC, 0x0303);

        scn_put(bytes, alert ? first << 8 | second : 1, alert ? 2 : 1);
        scn_end(bytes, record, 2);
    } else {
        return false;
    }
    return true;
}

/* "chain:leaf,intermediate", "chain13:leaf" */
static void put_chain(const struct scn_line *line, GByteArray *bytes, const char *name)
{
    guint record = begin_record(bytes, HANDSHAKE, 0x0303);

    scn_put(bytes, CERTIFICATE, 1);
    guint message = scn_begin(bytes, 3);

    scn_put_chain(line, bytes, strchr(name, ':') + 1, g_str_has_prefix(name, "chain13"));
    scn_end(bytes, message, 3);
    scn_end(bytes, record, 2);
}

static void put_named(const struct scn_line *line, GByteArray *bytes, const char *name)
{
    if (g_str_has_prefix(name, "chain:") || g_str_has_prefix(name, "chain13:")) {
        put_chain(line, bytes, name);
        return;
    }
    char **part = g_strsplit(name, ":", 3);
    uint32_t first = part[0] && part[1] ? scn_number(line, part[1], 16640) : 0;
    uint32_t second = part[0] && part[1] && part[2] ? scn_number(line, part[2], 255) : 0;

    if (!part[0] ||
        (!put_named_oddity(bytes, part[0]) && !put_named_handshake(bytes, part[0], first) &&
         !put_named_record(bytes, part[0], first, second)))
        scn_fail(line, "no canned TLS is called \"%s\"", name);
    g_strfreev(part);
}

GByteArray *scn_tls_bytes(const struct scn_line *line, const char *names)
{
    GByteArray *bytes = g_byte_array_new();
    char **name = g_strsplit(names, "+", 0);

    for (char **at = name; *at; at++)
        put_named(line, bytes, *at);
    g_strfreev(name);
    return bytes;
}
