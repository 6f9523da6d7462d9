/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Session tickets of TLS 1.3 (RFC 8446 4.6.1) look like data. A server that sent nothing else has
 * not answered yet.
 */
#include "core.h"

/* OpenSSL sends two, others one to four. */
#define TICKETS_MOST      4
#define TICKET_LEAST      96 /* bytes of a record: a lifetime, a nonce, an identity, a tag */
#define TLS_HEADER        5
#define TICKETS_WITHIN_NS (100 * DIAG_MS_NS)

/* How many records of one length the segment holds, as tickets of one session have and answers do
 * not; 0 when it is not made of such. */
static uint32_t records_alike(const struct diag_segment *seg)
{
    const uint8_t *p = seg->data;
    uint32_t length = 0;
    uint32_t n = 0;

    if (seg->captured < seg->payload)
        return 0;
    for (uint32_t at = 0; at < seg->payload; at += TLS_HEADER + length, n++) {
        if (n == TICKETS_MOST || seg->payload - at < TLS_HEADER ||
            p[at] != DIAG_TLS_APPLICATION_DATA)
            return 0;
        uint32_t this_length = (uint32_t)p[at + 3] << 8 | p[at + 4];

        if (n > 0 && this_length != length)
            return 0;
        length = this_length;
        if (length < TICKET_LEAST || length > seg->payload - at - TLS_HEADER)
            return 0;
    }
    return n;
}

/* The server's record before this segment was a ticket of the same length: Nagle's algorithm holds
 * the second one back until the first is acknowledged, which the request itself does. */
static bool like_the_first(const struct diag_segment *seg, const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *server = &tls->half[DIAG_SERVER];
    uint32_t n = server->last_count;

    while (n > 0 && server->last[n - 1].frame == seg->frame)
        n--;
    return n > 0 && server->last[n - 1].frame > tls->client_finished.frame &&
           server->last[n - 1].type == DIAG_TLS_APPLICATION_DATA &&
           seg->payload == TLS_HEADER + (uint32_t)server->last[n - 1].length;
}

/* The server had not received any of the client's data when it sent this. */
static bool before_request(const struct diag_segment *seg, const struct diag_tls_facts *tls)
{
    return (seg->flags & DIAG_ACK) && diag_seq_le(seg->ack, tls->asked_seq);
}

bool diag_only_tickets(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_tls_facts *tls = diag_tls_facts(conn->tls);
    const struct diag_tls_half *server = &tls->half[DIAG_SERVER];

    if (tls->version < 0x0304 || tls->client != DIAG_CLIENT || step->from != DIAG_SERVER)
        return false;
    if (before_request(step->seg, tls))
        return true;
    uint32_t alike = records_alike(step->seg);

    /* They follow the client's Finished at once. */
    return step->seg->time_ns - tls->client_finished.time_ns <=
               2 * diag_rtt(conn) + TICKETS_WITHIN_NS &&
           !server->incomplete && server->next == step->seg->seq && alike > 0 &&
           (alike >= 2 || like_the_first(step->seg, tls));
}
