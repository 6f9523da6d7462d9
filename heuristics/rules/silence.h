/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wait: who is awaited, for what and since when. tls_wait.c finds those of a TLS handshake,
 * silence.c those of plain requests, and judges all of them. */
#ifndef DIAG_RULES_SILENCE_H
#define DIAG_RULES_SILENCE_H

#include "core.h"

struct diag_wait {
    enum diag_id id;
    enum diag_side who; /* is awaited */
    int64_t since_ns;
    uint32_t frame; /* the message that is not answered */
    enum diag_role role;
    uint32_t expected;  /* next sequence number of who when the wait began */
    uint32_t ack_frame; /* who, or for its bytes its peer, acknowledged here */
    const char *text;   /* what is awaited, in words; NULL when it needs none */
};

/* False when nobody is awaited, or the packets do not tell. tls_wait.c */
bool diag_awaits_tls(const struct diag_connection *conn, struct diag_wait *wait);

/* Bytes are missing that the receiver asks for, and later ones of the same flight are there. */
const struct diag_hole *diag_flight_gap(const struct diag_connection *conn, enum diag_side sender);

/* A full-size segment is missing and smaller ones behind it arrived (RFC 2923 2.1). */
bool diag_only_small_ones_pass(const struct diag_connection *conn, enum diag_side sender,
                               uint32_t missing);

/* What a host looked up while it kept its peer waiting (rules/lookups.c). */
struct diag_lookups {
    uint32_t count;
    uint32_t frame; /* of the most telling */
    enum diag_cause cause;
    const char *name; /* NULL when there was none; borrowed as names are */
};

struct diag_lookups diag_lookups_meanwhile(const struct diag_connection *conn, int64_t since_ns);

#endif
