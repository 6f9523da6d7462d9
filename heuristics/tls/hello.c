/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads ClientHello, ServerHello and the group of an ECDHE key exchange (RFC 8446 4.1, RFC 5246
 * 7.4.1, RFC 8422 5.4). A message that the capture cuts short is read as far as it goes.
 */
#include "tls/private.h"

#include <string.h>

enum extension {
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,
    EXT_ALPN = 16,
    EXT_TICKET = 35,
    EXT_PSK = 41,
    EXT_EARLY_DATA = 42,
    EXT_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
    EXT_ECH = 0xfe0d
};

#define CIPHER_RENEGOTIATION 0x00ff /* RFC 5746 */
#define CIPHER_FALLBACK      0x5600 /* RFC 7507 */

/* What is left to read; bad once something reached beyond it. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint32_t number(struct cursor *c, size_t bytes)
{
    uint32_t value = 0;

    if (c->left < bytes) {
        c->left = 0;
        c->bad = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | c->at[i];
    c->at += bytes;
    c->left -= bytes;
    return value;
}

/* The next n bytes as a cursor of their own, as many as there are. */
static struct cursor block(struct cursor *c, size_t n)
{
    struct cursor inner = {.at = c->at, .left = MIN(n, c->left), .bad = n > c->left};

    if (inner.bad)
        c->bad = true;
    if (inner.left > 0)
        c->at += inner.left;
    c->left -= inner.left;
    return inner;
}

/* A vector after its length of so many bytes. */
static struct cursor vector(struct cursor *c, size_t length_bytes)
{
    uint32_t n = number(c, length_bytes);

    return block(c, n);
}

static void read_session_id(struct diag_tls_session_id *id, struct cursor *c)
{
    struct cursor bytes = vector(c, 1);

    id->length = (uint8_t)MIN(bytes.left, sizeof id->bytes);
    if (id->length > 0)
        memcpy(id->bytes, bytes.at, id->length);
}

/* RFC 8701: values that mean nothing, sent to keep servers tolerant. */
static bool is_grease(uint32_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Drafts of TLS 1.3 (RFC 8446 4.2.1 in its draft versions, and those of two big sites). */
static uint16_t plain_version(uint32_t version)
{
    uint32_t major = version >> 8;

    return major == 0x7f || major == 0x7e || major == 0xfb ? DIAG_TLS_1_3 : (uint16_t)version;
}

/* ML-KEM alone or with a curve, and the Kyber drafts that preceded it. */
static bool is_post_quantum(uint32_t group)
{
    return (group >= 0x11eb && group <= 0x11ed) || (group >= 0x0200 && group <= 0x0202) ||
           group == 0x6399 || group == 0x639a;
}

static void read_ciphers(struct diag_tls_client_hello *hello, struct cursor c)
{
    while (c.left >= 2) {
        uint32_t cipher = number(&c, 2);

        if (cipher == CIPHER_FALLBACK)
            hello->fallback = true;
        else if (cipher != CIPHER_RENEGOTIATION && !is_grease(cipher))
            hello->ciphers++;
    }
}

static void read_server_name(struct diag_tls_client_hello *hello, struct cursor c)
{
    struct cursor list = vector(&c, 2);
    struct cursor name;

    /* RFC 6066 3: type 0 is a host name, and there is no other. */
    if (list.left < 3 || number(&list, 1) != 0)
        return;
    name = vector(&list, 2);
    /* The beginning of a name is another name. */
    if (name.bad)
        return;
    hello->has_server_name = true;
    hello->server_name_length = (uint8_t)MIN(name.left, DIAG_TLS_MAX_NAME);
    if (name.left > 0)
        memcpy(hello->server_name, name.at, hello->server_name_length);
    hello->server_name[hello->server_name_length] = '\0';
}

/* Joined by commas, as many as fit whole. */
static void read_alpn(char *text, size_t size, struct cursor c)
{
    struct cursor list = vector(&c, 2);
    size_t used = 0;

    while (list.left > 0) {
        struct cursor name = vector(&list, 1);
        size_t comma = used > 0;

        if (name.left == 0 || used + comma + name.left >= size)
            break;
        if (comma)
            text[used++] = ',';
        for (size_t i = 0; i < name.left; i++)
            text[used++] = (char)(name.at[i] ? name.at[i] : '?');
    }
    text[used] = '\0';
}

static void read_groups(struct diag_tls_client_hello *hello, struct cursor c)
{
    struct cursor list = vector(&c, 2);

    while (list.left >= 2) {
        uint32_t group = number(&list, 2);

        if (is_grease(group))
            continue;
        if (is_post_quantum(group))
            hello->hybrid = true;
        if (hello->group_count < DIAG_TLS_MAX_GROUPS)
            hello->groups[hello->group_count++] = (uint16_t)group;
    }
}

static void read_versions(struct diag_tls_client_hello *hello, struct cursor c)
{
    struct cursor list = vector(&c, 1);

    while (list.left >= 2) {
        uint32_t offered = number(&list, 2);
        uint16_t version = plain_version(offered);

        if (is_grease(offered))
            continue;
        if (version > hello->max_version)
            hello->max_version = version;
        if (hello->min_version == 0 || version < hello->min_version)
            hello->min_version = version;
    }
}

static void read_client_extension(struct diag_tls_client_hello *hello, uint32_t type,
                                  struct cursor c)
{
    switch (type) {
    case EXT_SERVER_NAME:
        read_server_name(hello, c);
        break;
    case EXT_GROUPS:
        read_groups(hello, c);
        break;
    case EXT_ALPN:
        read_alpn(hello->alpn, sizeof hello->alpn, c);
        break;
    case EXT_VERSIONS:
        read_versions(hello, c);
        break;
    case EXT_TICKET:
        hello->ticket = c.left > 0;
        break;
    case EXT_PSK:
        hello->psk = true;
        break;
    case EXT_EARLY_DATA:
        hello->early_data = true;
        break;
    case EXT_ECH:
        hello->ech = true;
        break;
    default:
        break;
    }
}

void diag_tls_read_client_hello(struct diag_tls_client_hello *hello, struct diag_tls_session_id *id,
                                const uint8_t *data, size_t n)
{
    struct cursor c = {.at = data, .left = n};
    struct cursor extensions;

    hello->legacy_version = (uint16_t)number(&c, 2);
    (void)block(&c, 32); /* random */
    read_session_id(id, &c);
    hello->session_id_length = id->length;
    read_ciphers(hello, vector(&c, 2));
    (void)vector(&c, 1); /* compression methods */
    /* Before TLS 1.2 a hello could end here. */
    extensions = c.left > 0 ? vector(&c, 2) : c;
    while (extensions.left > 0) {
        uint32_t type = number(&extensions, 2);

        read_client_extension(hello, type, vector(&extensions, 2));
    }
    hello->partial = hello->partial || c.bad || extensions.bad;
    /* A cut TLS 1.3 hello looks like one of TLS 1.2. */
    if (hello->max_version == 0 && !(hello->partial && hello->legacy_version >= 0x0303))
        hello->max_version = hello->legacy_version;
}

void diag_tls_read_v2_hello(struct diag_tls_client_hello *hello, const uint8_t *data, size_t n)
{
    struct cursor c = {.at = data, .left = n};
    struct cursor ciphers;
    uint32_t length;

    (void)number(&c, 1); /* message type */
    hello->legacy_version = (uint16_t)number(&c, 2);
    hello->max_version = hello->legacy_version;
    length = number(&c, 2);
    (void)number(&c, 2); /* length of the session id, which comes behind the ciphers */
    (void)number(&c, 2); /* length of the challenge */
    ciphers = block(&c, length);
    while (ciphers.left >= 3)
        if (number(&ciphers, 3) <= 0xffff) /* the others are for SSL 2.0 */
            hello->ciphers++;
    hello->partial = hello->partial || c.bad;
}

static void read_server_extension(struct diag_tls_server_hello *hello, uint32_t type,
                                  struct cursor c)
{
    switch (type) {
    case EXT_VERSIONS:
        hello->version = plain_version(number(&c, 2));
        break;
    case EXT_KEY_SHARE:
        hello->group = (uint16_t)number(&c, 2);
        break;
    case EXT_PSK:
        hello->psk = true;
        break;
    case EXT_ALPN:
        read_alpn(hello->alpn, sizeof hello->alpn, c);
        break;
    default:
        break;
    }
}

/* RFC 8446 4.1.3: SHA-256 of "HelloRetryRequest", in the place of the random. */
static bool is_retry(struct cursor random)
{
    static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                      0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                      0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                      0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

    return random.left == sizeof retry && memcmp(random.at, retry, sizeof retry) == 0;
}

bool diag_tls_read_server_hello(struct diag_tls_server_hello *hello, struct diag_tls_session_id *id,
                                const uint8_t *data, size_t n)
{
    struct cursor c = {.at = data, .left = n};
    uint32_t wire_version = number(&c, 2);
    bool retry = is_retry(block(&c, 32));
    /* Up to draft 21 a TLS 1.3 ServerHello had neither session id nor compression method. */
    bool old_draft = wire_version >> 8 == 0x7f;
    struct cursor extensions;

    hello->version = plain_version(wire_version);
    if (!old_draft)
        read_session_id(id, &c);
    hello->cipher = (uint16_t)number(&c, 2);
    if (!old_draft)
        (void)number(&c, 1);
    extensions = c.left > 0 ? vector(&c, 2) : c;
    while (extensions.left > 0) {
        uint32_t type = number(&extensions, 2);

        read_server_extension(hello, type, vector(&extensions, 2));
    }
    hello->partial = hello->partial || c.bad || extensions.bad;
    return retry;
}

uint16_t diag_tls_read_key_exchange(const uint8_t *data, size_t n)
{
    struct cursor c = {.at = data, .left = n};

    /* RFC 8422 5.4: 3 is a named curve. */
    return number(&c, 1) == 3 ? (uint16_t)number(&c, 2) : 0;
}
