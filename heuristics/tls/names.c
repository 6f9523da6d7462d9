/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names from the IANA registries: all alerts, and the versions, cipher suites and groups that one
 * meets. Sorted by value.
 */
#include "tls/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
    uint16_t value;
    const char *text;
};

static const struct name alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {52, "too_many_cids_requested"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {117, "general_error"},
    {120, "no_application_protocol"},
    {121, "ech_required"},
};

static const struct name versions[] = {
    {0x0002, "SSL 2.0"}, {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"},
    {0x0302, "TLS 1.1"}, {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"},
};

static const struct name ciphers[] = {
    {0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"},
    {0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"},
    {0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"},
    {0x008c, "TLS_PSK_WITH_AES_128_CBC_SHA"},
    {0x008d, "TLS_PSK_WITH_AES_256_CBC_SHA"},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256"},
    {0x00a9, "TLS_PSK_WITH_AES_256_GCM_SHA384"},
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1304, "TLS_AES_128_CCM_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
    {0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"},
};

static const struct name groups[] = {
    {0x0013, "secp192r1"},
    {0x0015, "secp224r1"},
    {0x0016, "secp256k1"},
    {0x0017, "secp256r1"},
    {0x0018, "secp384r1"},
    {0x0019, "secp521r1"},
    {0x001a, "brainpoolP256r1"},
    {0x001b, "brainpoolP384r1"},
    {0x001c, "brainpoolP512r1"},
    {0x001d, "x25519"},
    {0x001e, "x448"},
    {0x0029, "curveSM2"},
    {0x0100, "ffdhe2048"},
    {0x0101, "ffdhe3072"},
    {0x0102, "ffdhe4096"},
    {0x0103, "ffdhe6144"},
    {0x0104, "ffdhe8192"},
    {0x0200, "MLKEM512"},
    {0x0201, "MLKEM768"},
    {0x0202, "MLKEM1024"},
    {0x11eb, "SecP256r1MLKEM768"},
    {0x11ec, "X25519MLKEM768"},
    {0x11ed, "SecP384r1MLKEM1024"},
    {0x6399, "X25519Kyber768Draft00"},
    {0x639a, "SecP256r1Kyber768Draft00"},
};

static int by_value(const void *key, const void *element)
{
    return *(const uint16_t *)key - ((const struct name *)element)->value;
}

static const char *find(const struct name *table, size_t count, uint16_t value)
{
    const struct name *found = bsearch(&value, table, count, sizeof *table, by_value);

    return found ? found->text : NULL;
}

#define FIND(table, value) find((table), sizeof(table) / sizeof(table)[0], (value))

const char *diag_alert_name(uint8_t description)
{
    const char *name = FIND(alerts, description);

    return name ? name : "unassigned";
}

const char *diag_tls_version_name(uint16_t version)
{
    return FIND(versions, version);
}

const char *diag_tls_cipher_name(uint16_t cipher)
{
    return FIND(ciphers, cipher);
}

const char *diag_tls_group_name(uint16_t group)
{
    return FIND(groups, group);
}

size_t diag_tls_cipher_text(uint16_t cipher, char *text, size_t size)
{
    const char *name = diag_tls_cipher_name(cipher);
    int n = name ? snprintf(text, size, "%s", name) : snprintf(text, size, "0x%04x", cipher);

    return (size_t)n;
}

struct range {
    uint16_t first;
    uint16_t last;
};

static bool lies_in(uint16_t cipher, const struct range *range, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cipher >= range[i].first && cipher <= range[i].last)
            return true;
    return false;
}

#define LIES_IN(cipher, table) lies_in((cipher), (table), sizeof(table) / sizeof(table)[0])

bool diag_tls_cipher_certifies(uint16_t cipher)
{
    /* Anonymous, pre-shared keys (without RSA) and SRP without a certificate. */
    static const struct range without[] = {
        {0x0017, 0x001b}, {0x002c, 0x002d}, {0x0034, 0x0034}, {0x003a, 0x003a}, {0x0046, 0x0046},
        {0x006c, 0x006d}, {0x0089, 0x0091}, {0x009b, 0x009b}, {0x00a6, 0x00ab}, {0x00ae, 0x00b5},
        {0x00bf, 0x00bf}, {0x00c5, 0x00c5}, {0xc015, 0xc01a}, {0xc01d, 0xc01d}, {0xc020, 0xc020},
        {0xc033, 0xc03b}, {0xccab, 0xccad}, {0xd001, 0xd005},
    };

    return !LIES_IN(cipher, without);
}

bool diag_tls_cipher_has_curve(uint16_t cipher)
{
    /* ECDHE, with and without certificate. */
    static const struct range curve[] = {
        {0xc006, 0xc00a}, {0xc010, 0xc019}, {0xc023, 0xc024}, {0xc027, 0xc028}, {0xc02b, 0xc02c},
        {0xc02f, 0xc030}, {0xc033, 0xc03b}, {0xc048, 0xc049}, {0xc04c, 0xc04d}, {0xc05c, 0xc05d},
        {0xc060, 0xc061}, {0xc072, 0xc073}, {0xc076, 0xc077}, {0xc086, 0xc087}, {0xc08a, 0xc08b},
        {0xc0ac, 0xc0af}, {0xcca8, 0xcca9}, {0xccac, 0xccac}, {0xd001, 0xd005},
    };

    return LIES_IN(cipher, curve);
}

bool diag_tls_cipher_exchanges(uint16_t cipher)
{
    /* DHE and anonymous DH. With PSK the server sends it only to give a hint. */
    static const struct range finite[] = {
        {0x0011, 0x001b}, {0x002d, 0x002d}, {0x0032, 0x0034}, {0x0038, 0x003a}, {0x0040, 0x0040},
        {0x0044, 0x0046}, {0x0063, 0x0067}, {0x006a, 0x006d}, {0x0087, 0x0089}, {0x008e, 0x0091},
        {0x0099, 0x009b}, {0x009e, 0x009f}, {0x00a2, 0x00a3}, {0x00a6, 0x00a7}, {0x00aa, 0x00ab},
        {0x00b2, 0x00b5}, {0x00bd, 0x00bf}, {0x00c3, 0x00c5}, {0xc09e, 0xc09f}, {0xc0a2, 0xc0a3},
        {0xccaa, 0xccaa}, {0xccad, 0xccad},
    };

    return LIES_IN(cipher, finite) || diag_tls_cipher_has_curve(cipher);
}
