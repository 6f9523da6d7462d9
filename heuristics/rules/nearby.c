/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the server's TCP end close to the capture, in a proxy, VPN client or captive portal? Two of
 * three signs: options that every server has are missing, ACKs come much faster than any answer, no
 * hop lies between although the address is a public one.
 */
#include "tcp/spent.h"

/* The ACK of a real server may come before its answer; so much before all answers, and from so
 * close by, it is another machine's. */
#define FASTER    10
#define NEARBY_NS DIAG_MS_NS
#define FAR_NS    (5 * DIAG_MS_NS)

/* 10/8, 172.16/12, 192.168/16, 100.64/10, 169.254/16, 127/8 (RFC 6890): may well be nearby. */
static bool is_private4(const uint8_t *a)
{
    return a[0] == 10 || a[0] == 127 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
           (a[0] == 192 && a[1] == 168) || (a[0] == 100 && (a[1] & 0xc0) == 64) ||
           (a[0] == 169 && a[1] == 254);
}

/* Global unicast (RFC 4291 2.4) is 2000::/3. */
static bool is_public(const struct diag_address *address)
{
    return address->length == 4 ? !is_private4(address->bytes) : (address->bytes[0] & 0xe0) == 0x20;
}

static bool lacks_options(const struct diag_connection *conn)
{
    const unsigned common = DIAG_OPT_SACK_PERMITTED | DIAG_OPT_TIMESTAMPS | DIAG_OPT_WSCALE;
    unsigned offered = conn->half[DIAG_CLIENT].options & common;

    return (offered & (offered - 1)) && !(conn->half[DIAG_SERVER].options & common);
}

/* The ACKs of one machine, the answers of another. */
static bool acks_ahead(const struct diag_connection *conn)
{
    int64_t ack = conn->ack_rtt_ns[DIAG_CLIENT];
    int64_t answer = conn->shortest_answer_ns;

    if (ack == DIAG_UNKNOWN_NS || answer == DIAG_UNKNOWN_NS || conn->answers < 2)
        return false;
    return ack < NEARBY_NS && answer >= FAR_NS && answer >= FASTER * ack;
}

static bool no_hop(const struct diag_connection *conn)
{
    return diag_hops(conn->half[DIAG_SERVER].ttl) == 0 &&
           diag_hops(conn->half[DIAG_CLIENT].ttl) == 0;
}

/* At the server itself, all that is said here holds for the server. */
static bool is_at_client(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;

    return o->established && o->ack_ns - o->synack_ns < o->rtt_ns / 5;
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;

    if (!is_at_client(conn) || !is_public(&conn->endpoint[DIAG_SERVER].address) ||
        conn->shortest_answer_ns == DIAG_UNKNOWN_NS ||
        lacks_options(conn) + acks_ahead(conn) + no_hop(conn) < 2)
        return;
    struct diag_finding *f = diag_raise(out, DIAG_tcp_terminated_nearby, DIAG_SERVER,
                                        o->synack_frame, diag_way_to(conn, DIAG_SERVER),
                                        conn->shortest_answer_ns, conn->half[DIAG_SERVER].ttl);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
}

const struct diag_rule diag_rule_nearby = {.name = "nearby", .on_end = on_end};
