/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GnuTLS reads out of the certificates of the scenarios (made by certtool), and that damaged
 * ones are refused, not crashed on.
 */
#include "check.h"

#include "../../plugin/certificates.h"

#include <glib.h>

#include <string.h>

#define AT(name) CERTIFICATES "/" name ".der"

struct der {
    char *data;
    gsize length;
};

static struct der load(const char *path)
{
    struct der der = {0};

    CHECK(g_file_get_contents(path, &der.data, &der.length, NULL));
    return der;
}

static bool read_der(struct der der, struct diag_certificate *certificate)
{
    *certificate = (struct diag_certificate){0};
    return diag_gnutls_reader.read(NULL, (const uint8_t *)der.data, der.length, certificate);
}

static struct diag_certificate read_file(const char *path)
{
    struct der der = load(path);
    struct diag_certificate certificate;

    CHECK(read_der(der, &certificate));
    g_free(der.data);
    return certificate;
}

static bool covers(const char *path, const char *name)
{
    struct der der = load(path);
    bool result = diag_gnutls_reader.covers(NULL, (const uint8_t *)der.data, der.length, name);

    g_free(der.data);
    return result;
}

static void a_servers_certificate_is_read_whole(void)
{
    struct diag_certificate c = read_file(AT("expired"));

    CHECK(strcmp(c.subject, "CN=www.example.com") == 0);
    CHECK(strcmp(c.issuer, "CN=Example Intermediate CA") == 0);
    CHECK(strcmp(c.names, "www.example.com") == 0);
    CHECK(strncmp(c.key, "EC", 2) == 0 && c.key_bits == 256);
    CHECK(strcmp(c.signature, "ECDSA-SHA256") == 0);
    CHECK(c.not_before == 1793491200); /* 2026-11-01 00:00:00 UTC */
    CHECK(c.not_after == 1799712000);  /* 2027-01-12 00:00:00 UTC */
    CHECK(c.by_forum && !c.authority && !c.self_signed && !c.weak);
}

static void who_signed_it_is_told(void)
{
    struct diag_certificate own = read_file(AT("self_signed"));
    struct diag_certificate root = read_file(AT("root"));
    struct diag_certificate intermediate = read_file(AT("intermediate"));
    struct diag_certificate other = read_file(AT("private"));

    CHECK(own.self_signed && !own.authority);
    CHECK(root.self_signed && root.authority);
    CHECK(!intermediate.self_signed && intermediate.authority);
    CHECK(strcmp(intermediate.issuer, root.subject) == 0);
    CHECK(!other.by_forum);
    CHECK(read_file(AT("weak")).weak && read_file(AT("weak")).key_bits == 1024);
}

static void names_are_compared_as_rfc_9525_says(void)
{
    CHECK(covers(AT("leaf"), "www.example.com"));
    CHECK(covers(AT("leaf"), "WWW.EXAMPLE.COM"));
    CHECK(!covers(AT("leaf"), "example.com"));
    CHECK(covers(AT("wildcard"), "any.example.com"));
    CHECK(!covers(AT("wildcard"), "two.labels.example.com"));
    CHECK(!covers(AT("wildcard"), "example.com")); /* its common name does not count */
    CHECK(!covers(AT("leaf"), "192.0.2.1"));
    CHECK(!covers(AT("leaf"), ""));
}

/* Each byte changed, and each length cut: refused or read, within bounds. */
static void damage_is_no_danger(void)
{
    struct der der = load(AT("leaf"));
    struct diag_certificate certificate;

    for (gsize n = 0; n < der.length; n++) {
        char *cut = g_memdup2(der.data, n ? n : 1);

        CHECK(!read_der((struct der){cut, n}, &certificate));
        g_free(cut);
        der.data[n] = (char)(der.data[n] ^ 0x55);
        if (read_der(der, &certificate))
            CHECK(memchr(certificate.subject, '\0', sizeof certificate.subject));
        der.data[n] = (char)(der.data[n] ^ 0x55);
    }
    g_free(der.data);
}

static const char chain[] = "certificate certificate certificate";

static bool inflates(uint16_t algorithm, const uint8_t *data, size_t length, size_t size)
{
    uint8_t result[64] = {0};
    bool inflated =
        diag_gnutls_reader.inflate(NULL, algorithm, data, length, result, MIN(size, sizeof result));

    return inflated && memcmp(result, chain, size) == 0;
}

static void compression_is_undone_to_exactly_the_size_that_was_told(void)
{
    static const uint8_t zlib[] = {0x78, 0xda, 0x4b, 0x4e, 0x2d, 0x2a, 0xc9, 0x4c,
                                   0xcb, 0x4c, 0x4e, 0x2c, 0x49, 0x55, 0x48, 0xc6,
                                   0xce, 0x06, 0x00, 0xf8, 0x72, 0x0d, 0xca};
    static const uint8_t brotli[] = {0x1b, 0x22, 0x00, 0xf8, 0x25, 0x00, 0x0a,
                                     0x18, 0x62, 0x6a, 0x01, 0x6f, 0x4c, 0x0d};
    const size_t size = sizeof chain - 1;

    CHECK(inflates(1, zlib, sizeof zlib, size));
    CHECK(inflates(2, brotli, sizeof brotli, size));
    for (size_t n = 0; n < sizeof zlib; n++)
        CHECK(!inflates(1, zlib, n, size));
    for (size_t n = 0; n < sizeof brotli; n++)
        CHECK(!inflates(2, brotli, n, size));
    CHECK(!inflates(1, zlib, sizeof zlib, size - 1));
    CHECK(!inflates(1, zlib, sizeof zlib, size + 1));
    CHECK(!inflates(2, brotli, sizeof brotli, size - 1));
    CHECK(!inflates(3, zlib, sizeof zlib, size)); /* zstd: nobody here reads it */
}

int main(void)
{
    a_servers_certificate_is_read_whole();
    who_signed_it_is_told();
    names_are_compared_as_rfc_9525_says();
    damage_is_no_danger();
    compression_is_undone_to_exactly_the_size_that_was_told();
    return check_failures > 0;
}
