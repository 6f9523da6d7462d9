/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's certificate reader: GnuTLS parses, this copies what it says. No signature is checked
 * but a certificate's own, to know whether it is self-signed; nothing is trusted or distrusted.
 */
#include "certificates.h"
#include "inflate.h"

#include "../heuristics/portable.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* Names and policies that are looked at: there is no limit in a certificate. */
#define MOST_NAMES    128
#define MOST_POLICIES 16

static gnutls_x509_crt_t import(const uint8_t *der, size_t length)
{
    gnutls_datum_t bytes = {(unsigned char *)der, (unsigned)length};
    gnutls_x509_crt_t certificate;

    if (gnutls_x509_crt_init(&certificate) < 0)
        return NULL;
    if (gnutls_x509_crt_import(certificate, &bytes, GNUTLS_X509_FMT_DER) >= 0)
        return certificate;
    gnutls_x509_crt_deinit(certificate);
    return NULL;
}

/* ---- names */

static void take_name(int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned),
                      gnutls_x509_crt_t certificate, char *text, size_t size)
{
    gnutls_datum_t name;

    if (get(certificate, &name, 0) < 0)
        return;
    snprintf(text, size, "%.*s", (int)name.size, (const char *)name.data);
    gnutls_free(name.data);
}

/* Joined by commas, only as many as fit whole. */
static void append_name(struct diag_certificate *facts, const char *name)
{
    size_t used = strlen(facts->names);
    size_t length = strlen(name);
    size_t comma = used > 0;

    if (length == 0 || used + comma + length >= sizeof facts->names)
        return;
    if (comma)
        facts->names[used] = ',';
    memcpy(facts->names + used + comma, name, length + 1);
}

static void append_address(struct diag_certificate *facts, const char *bytes, size_t length)
{
    int family = length == 4 ? AF_INET : AF_INET6;
    char text[INET6_ADDRSTRLEN];

    if ((length == 4 || length == 16) && inet_ntop(family, bytes, text, sizeof text))
        append_name(facts, text);
}

/* RFC 9525 6.3: the common name counts only when there is no other. */
static void append_common_name(gnutls_x509_crt_t certificate, struct diag_certificate *facts)
{
    char name[256];
    size_t size = sizeof name;

    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                      &size) >= 0)
        append_name(facts, name);
}

static void read_names(gnutls_x509_crt_t certificate, struct diag_certificate *facts)
{
    for (unsigned i = 0; i < MOST_NAMES; i++) {
        char name[256];
        size_t size = sizeof name - 1;
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);

        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (type < 0)
            continue; /* one that is too long */
        name[size] = '\0';
        if (type == GNUTLS_SAN_DNSNAME)
            append_name(facts, name);
        else if (type == GNUTLS_SAN_IPADDRESS)
            append_address(facts, name, size);
    }
    if (facts->names[0] == '\0')
        append_common_name(certificate, facts);
}

/* ---- key and signature */

/* What OpenSSL's security level 1 to 2, GnuTLS's NORMAL and browsers reject today. */
static bool is_weak_key(int algorithm, unsigned bits)
{
    switch (algorithm) {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
    case GNUTLS_PK_DSA:
        return bits < 2048;
    case GNUTLS_PK_ECDSA:
        return bits < 224;
    default:
        return false;
    }
}

static bool is_weak_signature(int algorithm)
{
    return algorithm != GNUTLS_SIGN_UNKNOWN &&
           !gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
                                   GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS);
}

static void read_key(gnutls_x509_crt_t certificate, struct diag_certificate *facts)
{
    unsigned bits = 0;
    int key = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
    int signature = gnutls_x509_crt_get_signature_algorithm(certificate);
    const char *key_name =
        key >= 0 ? gnutls_pk_algorithm_get_name((gnutls_pk_algorithm_t)key) : NULL;
    const char *signature_name =
        signature >= 0 ? gnutls_sign_get_name((gnutls_sign_algorithm_t)signature) : NULL;

    snprintf(facts->key, sizeof facts->key, "%s", key_name ? key_name : "unknown");
    snprintf(facts->signature, sizeof facts->signature, "%s",
             signature_name ? signature_name : "unknown");
    facts->key_bits = (uint16_t)(bits < UINT16_MAX ? bits : UINT16_MAX);
    /* Nobody relies on the signature of a certificate that signs itself. */
    facts->weak = (key >= 0 && is_weak_key(key, bits)) ||
                  (signature >= 0 && !facts->self_signed && is_weak_signature(signature));
}

/* ---- who issued it, by which rules */

static bool is_self_signed(gnutls_x509_crt_t certificate)
{
    unsigned verdict = 0;

    if (gnutls_x509_crt_check_issuer(certificate, certificate) == 0)
        return false;
    return gnutls_x509_crt_verify(certificate, &certificate, 1,
                                  GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                      GNUTLS_VERIFY_DISABLE_CA_SIGN |
                                      GNUTLS_VERIFY_ALLOW_ANY_X509_V1_CA_CRT,
                                  &verdict) >= 0 &&
           !(verdict & (GNUTLS_CERT_SIGNATURE_FAILURE | GNUTLS_CERT_SIGNER_NOT_FOUND));
}

/* Policies 2.23.140.1.2.* and 2.23.140.1.1 are the CA/Browser Forum's; its Baseline Requirements
 * (6.1.7) forbid a root to sign a server's certificate. */
static bool is_by_forum(gnutls_x509_crt_t certificate)
{
    static const char domain[] = "2.23.140.1.2.";
    static const char extended[] = "2.23.140.1.1";

    for (unsigned i = 0; i < MOST_POLICIES; i++) {
        struct gnutls_x509_policy_st policy;
        bool found;

        if (gnutls_x509_crt_get_policy(certificate, i, &policy, NULL) < 0)
            return false;
        found = policy.oid && (strncmp(policy.oid, domain, sizeof domain - 1) == 0 ||
                               strcmp(policy.oid, extended) == 0);
        gnutls_x509_policy_release(&policy);
        if (found)
            return true;
    }
    return false;
}

static bool read_certificate(void *context, const uint8_t *der, size_t length,
                             struct diag_certificate *facts)
{
    gnutls_x509_crt_t certificate = import(der, length);

    (void)context;
    if (!certificate)
        return false;
    facts->not_before = gnutls_x509_crt_get_activation_time(certificate);
    facts->not_after = gnutls_x509_crt_get_expiration_time(certificate);
    take_name(gnutls_x509_crt_get_dn3, certificate, facts->subject, sizeof facts->subject);
    take_name(gnutls_x509_crt_get_issuer_dn3, certificate, facts->issuer, sizeof facts->issuer);
    facts->self_signed = is_self_signed(certificate);
    facts->authority = gnutls_x509_crt_get_ca_status(certificate, NULL) > 0;
    facts->by_forum = is_by_forum(certificate);
    read_key(certificate, facts);
    read_names(certificate, facts);
    gnutls_x509_crt_deinit(certificate);
    return true;
}

static bool covers(void *context, const uint8_t *der, size_t length, const char *name)
{
    gnutls_x509_crt_t certificate = import(der, length);
    bool result;

    (void)context;
    if (!certificate)
        return false;
    result = gnutls_x509_crt_check_hostname(certificate, name) != 0;
    gnutls_x509_crt_deinit(certificate);
    return result;
}

const struct diag_certificate_reader diag_gnutls_reader = {
    .read = read_certificate, .covers = covers, .inflate = diag_inflate};
