/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever a server sends in place of a certificate, or of a compressed chain, the plugin's reader
 * says what it is in texts that end, or that it is none. Input: what to do, and the bytes.
 */
#include "input.h"

#include "../../plugin/certificates.h"

#include <string.h>

static void check_text(const char *text, size_t size)
{
    demand(memchr(text, '\0', size) != NULL);
}

static void read_one(const uint8_t *der, size_t size)
{
    struct diag_certificate certificate = {0};

    if (diag_gnutls_reader.read(diag_gnutls_reader.context, der, size, &certificate)) {
        check_text(certificate.subject, sizeof certificate.subject);
        check_text(certificate.issuer, sizeof certificate.issuer);
        check_text(certificate.names, sizeof certificate.names);
        check_text(certificate.key, sizeof certificate.key);
        check_text(certificate.signature, sizeof certificate.signature);
    }
    (void)diag_gnutls_reader.covers(diag_gnutls_reader.context, der, size, "www.example.com");
    (void)diag_gnutls_reader.covers(diag_gnutls_reader.context, der, size, "192.0.2.1");
}

/* The result is exactly as large as the message claims. */
static void inflate(uint16_t algorithm, size_t claimed, const uint8_t *data, size_t size)
{
    uint8_t *result = malloc(claimed ? claimed : 1);

    if (!result)
        abort();
    (void)diag_gnutls_reader.inflate(diag_gnutls_reader.context, algorithm, data, size, result,
                                     claimed);
    free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t algorithm = input_byte(&in);
    uint16_t claimed = algorithm ? input_16(&in) : 0;
    uint8_t *exact = malloc(in.left ? in.left : 1);

    if (!exact)
        abort();
    memcpy(exact, in.at, in.left);
    if (algorithm)
        inflate(algorithm, claimed, exact, in.left);
    else
        read_one(exact, in.left);
    free(exact);
    return 0;
}
