/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distinct certificates of a capture, each read once by the reader that the engine was given.
 * A server sends the same chain in every connection, so a connection only points here.
 */
#ifndef DIAG_CERTIFICATES_H
#define DIAG_CERTIFICATES_H

#include "diag.h"

/* Longer ones are no certificates of TLS servers. */
#define DIAG_CERTIFICATE_LONGEST 65536

struct diag_certificates;

/* One certificate; lives as long as the store. */
struct diag_certificate_entry {
    struct diag_certificate facts;
    bool readable; /* else it is no certificate, and facts are empty */
};

struct diag_certificates *diag_certificates_new(void);
void diag_certificates_free(struct diag_certificates *store);
/* Appearances of certificates for which there was no room. */
uint64_t diag_certificates_dropped(const struct diag_certificates *store);
void diag_certificates_read_with(struct diag_certificates *store,
                                 const struct diag_certificate_reader *reader);
/* A reader was given. */
bool diag_certificates_are_read(const struct diag_certificates *store);

/* NULL when it is no certificate, or when there are too many already. */
const struct diag_certificate_entry *diag_certificates_take(struct diag_certificates *store,
                                                            const uint8_t *der, size_t length);
/* Undoes the compression of a chain (RFC 8879); false when nobody can. */
bool diag_certificates_inflate(const struct diag_certificates *store, uint16_t algorithm,
                               const uint8_t *data, size_t length, uint8_t *result, size_t size);
/* Whether the certificate is for this name. */
bool diag_certificates_cover(struct diag_certificates *store,
                             const struct diag_certificate_entry *entry, const char *name);

/* How far the moment lies outside the certificate's dates: negative before the first day, positive
 * after the last, 0 within them or when they are not known. */
int64_t diag_certificate_outside_ns(const struct diag_certificate *certificate, int64_t now_ns);

static inline bool diag_certificate_out_of_date(const struct diag_certificate *certificate,
                                                int64_t now_ns)
{
    return diag_certificate_outside_ns(certificate, now_ns) != 0;
}

/* A server's own certificate was seen outside its dates: remembered by its issuer. */
void diag_certificates_note_out_of_date(struct diag_certificates *store,
                                        const struct diag_certificate_entry *entry);
/* Several issuers had certificates out of date: then rather the file's clock is wrong. */
bool diag_certificates_doubt_the_clock(const struct diag_certificates *store);
/* The issuer's own certificate, anywhere in the capture; NULL if it was never seen. */
const struct diag_certificate_entry *
diag_certificates_issuer(const struct diag_certificates *store,
                         const struct diag_certificate_entry *entry);

#endif
