/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ClientHello and ServerHello as OpenSSL 3 writes them, with little in them (RFC 5246, RFC 8446).
 */
#include "tls_bytes.h"

#include <string.h>

enum {
    TLS12 = 0x0303,
    TLS13 = 0x0304,
    X25519 = 29,
    P256 = 23,
    X25519MLKEM768 = 4588,
    HYBRID_SHARE = 1216, /* bytes */
    ECH_SIZE = 218,      /* of an extension full of noise, as Chrome sends it */
    SEED_CLIENT = 1,
    SEED_SERVER,
    SEED_CLIENT_SESSION,
    SEED_SERVER_SESSION,
    SEED_KEY,
    SEED_HYBRID_KEY,
    SEED_ECH,
    SEED_TICKET,
    SEED_BINDER
};

enum extension {
    SERVER_NAME = 0,
    SUPPORTED_GROUPS = 10,
    SIGNATURE_ALGORITHMS = 13,
    ALPN = 16,
    EXTENDED_MASTER_SECRET = 23,
    PRE_SHARED_KEY = 41,
    EARLY_DATA = 42,
    SUPPORTED_VERSIONS = 43,
    PSK_MODES = 45,
    KEY_SHARE = 51,
    ENCRYPTED_CLIENT_HELLO = 0xfe0d,
    RENEGOTIATION_INFO = 0xff01
};

/* RFC 8446 4.1.3: the random of a HelloRetryRequest. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static guint begin_extension(GByteArray *bytes, enum extension type)
{
    scn_put(bytes, type, 2);
    return scn_begin(bytes, 2);
}

static void put_list(GByteArray *bytes, enum extension type, const uint16_t *item, size_t count,
                     unsigned width)
{
    guint extension = begin_extension(bytes, type);
    guint list = scn_begin(bytes, width);

    for (size_t i = 0; i < count; i++)
        scn_put(bytes, item[i], 2);
    scn_end(bytes, list, width);
    scn_end(bytes, extension, 2);
}

static void put_server_name(GByteArray *bytes)
{
    static const char name[] = "www.example.com";
    guint extension = begin_extension(bytes, SERVER_NAME);
    guint list = scn_begin(bytes, 2);

    scn_put(bytes, 0, 1);
    scn_put(bytes, (uint32_t)strlen(name), 2);
    g_byte_array_append(bytes, (const guint8 *)name, (guint)strlen(name));
    scn_end(bytes, list, 2);
    scn_end(bytes, extension, 2);
}

static void put_alpn(GByteArray *bytes)
{
    static const char protocols[] = "\x02h2\x08http/1.1";
    guint extension = begin_extension(bytes, ALPN);

    scn_put(bytes, (uint32_t)strlen(protocols), 2);
    g_byte_array_append(bytes, (const guint8 *)protocols, (guint)strlen(protocols));
    scn_end(bytes, extension, 2);
}

static void put_key(GByteArray *bytes)
{
    scn_put(bytes, X25519, 2);
    scn_put(bytes, 32, 2);
    scn_put_random(bytes, 32, SEED_KEY);
}

static void put_hybrid_key(GByteArray *bytes)
{
    scn_put(bytes, X25519MLKEM768, 2);
    scn_put(bytes, HYBRID_SHARE, 2);
    scn_put_random(bytes, HYBRID_SHARE, SEED_HYBRID_KEY);
}

static void put_noise_extension(GByteArray *bytes)
{
    guint extension = begin_extension(bytes, ENCRYPTED_CLIENT_HELLO);

    scn_put_random(bytes, ECH_SIZE, SEED_ECH);
    scn_end(bytes, extension, 2);
}

static void put_tls13_offer(GByteArray *bytes, bool hybrid)
{
    static const uint16_t versions[] = {TLS13, TLS12};

    put_list(bytes, SUPPORTED_VERSIONS, versions, G_N_ELEMENTS(versions), 1);
    guint extension = begin_extension(bytes, KEY_SHARE);
    guint list = scn_begin(bytes, 2);

    if (hybrid)
        put_hybrid_key(bytes);
    put_key(bytes);
    scn_end(bytes, list, 2);
    scn_end(bytes, extension, 2);
}

/* RFC 8446 4.2.9 to 4.2.11: one ticket; it must be the last extension. */
static void put_resumption(GByteArray *bytes, bool early)
{
    const uint32_t ticket = 176, binder = 32;
    guint extension = begin_extension(bytes, PSK_MODES);

    scn_put(bytes, 0x0101, 2); /* one: psk_dhe_ke */
    scn_end(bytes, extension, 2);
    if (early)
        scn_end(bytes, begin_extension(bytes, EARLY_DATA), 2);
    extension = begin_extension(bytes, PRE_SHARED_KEY);
    scn_put(bytes, 2 + ticket + 4, 2);
    scn_put(bytes, ticket, 2);
    scn_put_random(bytes, ticket, SEED_TICKET);
    scn_put(bytes, 0x12345678, 4); /* its age */
    scn_put(bytes, 1 + binder, 2);
    scn_put(bytes, binder, 1);
    scn_put_random(bytes, binder, SEED_BINDER);
    scn_end(bytes, extension, 2);
}

static void put_session(GByteArray *bytes, uint32_t seed)
{
    scn_put(bytes, 32, 1);
    scn_put_random(bytes, 32, seed);
}

static void put_ciphers(GByteArray *bytes, bool tls13)
{
    static const uint16_t cipher[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030};
    guint list = scn_begin(bytes, 2);

    for (size_t i = tls13 ? 0 : 3; i < G_N_ELEMENTS(cipher); i++)
        scn_put(bytes, cipher[i], 2);
    scn_end(bytes, list, 2);
}

void scn_put_client_hello(GByteArray *bytes, struct scn_hello hello)
{
    static const uint16_t groups[] = {X25519MLKEM768, X25519, P256};
    static const uint16_t signatures[] = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501};

    scn_put(bytes, TLS12, 2);
    scn_put_random(bytes, 32, SEED_CLIENT);
    put_session(bytes, SEED_CLIENT_SESSION);
    put_ciphers(bytes, hello.tls13);
    scn_put(bytes, 0x0100, 2); /* one compression method: none */
    guint extensions = scn_begin(bytes, 2);

    put_server_name(bytes);
    put_list(bytes, SUPPORTED_GROUPS, groups + !hello.hybrid, 2 + (size_t)hello.hybrid, 2);
    put_list(bytes, SIGNATURE_ALGORITHMS, signatures, G_N_ELEMENTS(signatures), 2);
    put_alpn(bytes);
    scn_end(bytes, begin_extension(bytes, EXTENDED_MASTER_SECRET), 2);
    if (hello.tls13)
        put_tls13_offer(bytes, hello.hybrid);
    if (hello.hybrid)
        put_noise_extension(bytes);
    if (hello.psk)
        put_resumption(bytes, hello.early);
    scn_end(bytes, extensions, 2);
}

static void put_tls13_choice(GByteArray *bytes, bool retry, bool psk)
{
    guint extension = begin_extension(bytes, SUPPORTED_VERSIONS);

    scn_put(bytes, TLS13, 2);
    scn_end(bytes, extension, 2);
    extension = begin_extension(bytes, KEY_SHARE);
    if (retry)
        scn_put(bytes, P256, 2);
    else
        put_key(bytes);
    scn_end(bytes, extension, 2);
    if (!psk)
        return;
    extension = begin_extension(bytes, PRE_SHARED_KEY);
    scn_put(bytes, 0, 2); /* the first */
    scn_end(bytes, extension, 2);
}

static void put_tls12_choice(GByteArray *bytes)
{
    guint extension = begin_extension(bytes, RENEGOTIATION_INFO);

    scn_put(bytes, 0, 1);
    scn_end(bytes, extension, 2);
    scn_end(bytes, begin_extension(bytes, EXTENDED_MASTER_SECRET), 2);
}

void scn_put_server_hello(GByteArray *bytes, struct scn_hello hello)
{
    bool echoes = hello.tls13 || hello.resumed;

    scn_put(bytes, TLS12, 2);
    if (hello.retry)
        g_byte_array_append(bytes, retry_random, sizeof retry_random);
    else
        scn_put_random(bytes, 32, SEED_SERVER);
    put_session(bytes, echoes ? SEED_CLIENT_SESSION : SEED_SERVER_SESSION);
    scn_put(bytes, hello.tls13 ? 0x1301 : 0xc02b, 2);
    scn_put(bytes, 0, 1);
    guint extensions = scn_begin(bytes, 2);

    if (hello.tls13)
        put_tls13_choice(bytes, hello.retry, hello.psk);
    else
        put_tls12_choice(bytes);
    scn_end(bytes, extensions, 2);
}
