/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Canned TLS: private to tls_bytes.c, tls_hello.c and certificate.c. */
#ifndef SCENARIO_TLS_BYTES_H
#define SCENARIO_TLS_BYTES_H

#include "scenario.h"

#define SCN_CERTIFICATE_SIZE 400

extern const uint8_t scn_certificate[SCN_CERTIFICATE_SIZE];

/* The body of a Certificate message with these of ../certificates, "leaf,intermediate". */
void scn_put_chain(const struct scn_line *line, GByteArray *bytes, const char *names, bool tls13);

void scn_put(GByteArray *bytes, uint32_t value, unsigned width);
/* So many bytes that look random, and are the same every time. */
void scn_put_random(GByteArray *bytes, uint32_t count, uint32_t seed);
/* A length field of that width, filled in by scn_end. */
guint scn_begin(GByteArray *bytes, unsigned width);
void scn_end(GByteArray *bytes, guint begin, unsigned width);

/* Bodies of the hello messages. */
struct scn_hello {
    bool tls13;
    bool retry;
    bool resumed; /* the session id of the ClientHello comes back */
    bool hybrid;  /* a client that offers ML-KEM and ECH, as browsers do */
    bool psk;     /* TLS 1.3 resumes */
    bool early;   /* with data behind the ClientHello */
};

void scn_put_client_hello(GByteArray *bytes, struct scn_hello hello);
void scn_put_server_hello(GByteArray *bytes, struct scn_hello hello);

#endif
