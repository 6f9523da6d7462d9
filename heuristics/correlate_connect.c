/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failed connects beside others to the same address: who refused, and whether the server refuses
 * only now and then.
 */
#include "correlate.h"

#define MINUTE_NS    (60 * DIAG_SECOND_NS)
#define REFERENCE_NS (10 * MINUTE_NS)
/* One hop is a NAT, a container or a host bridge. */
#define FOREIGN_HOPS 2

/* ---- connect_refused_middlebox */

static int hops(int64_t ttl)
{
    return (ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255) - (int)ttl;
}

static const struct diag_finding *refusal_of(const struct diag_entry *e)
{
    return diag_raised_finding(e->conn, DIAG_connect_refused);
}

/* Another connection of this client to the same address, whose SYN/ACK shows the real distance. */
static const struct diag_connection *reference_for(struct diag_span server,
                                                   const struct diag_connection *refused)
{
    for (size_t i = 0; i < server.count; i++) {
        const struct diag_connection *conn = server.entry[i].conn;
        int64_t apart = conn->first_ns - refused->first_ns;

        if (conn->opening.established && apart < REFERENCE_NS && apart > -REFERENCE_NS)
            return conn;
    }
    return NULL;
}

static void refused_by_another(struct diag_engine *engine, struct diag_judgement *judgement,
                               struct diag_span server, struct diag_entry *e)
{
    const struct diag_finding *refusal = refusal_of(e);
    const struct diag_connection *good = refusal ? reference_for(server, e->conn) : NULL;

    if (!good || !refusal->value[2])
        return;
    int64_t ttl = refusal->value[2];
    int64_t usual = good->half[DIAG_SERVER].ttl;
    int apart = hops(ttl) - hops(usual);

    if (apart < FOREIGN_HOPS && apart > -FOREIGN_HOPS)
        return;
    struct diag_finding *f = diag_sentence_add(
        engine, judgement, e->sentence, DIAG_connect_refused_middlebox, refusal->frame,
        (int64_t[DIAG_MAX_VALUES]){hops(ttl), hops(usual), ttl, usual,
                                   good->half[DIAG_SERVER].first_frame});

    diag_cite_again(f, refusal);
    diag_cite(f, DIAG_ROLE_good_connection, good->half[DIAG_SERVER].first_frame);
}

/* ---- connect_refused_load */

static bool within_a_minute(const struct diag_connection *a, const struct diag_connection *b)
{
    int64_t apart = a->first_ns - b->first_ns;

    return apart < MINUTE_NS && apart > -MINUTE_NS;
}

static void refuses_now_and_then(struct diag_engine *engine, struct diag_judgement *judgement,
                                 struct diag_span port)
{
    const struct diag_entry *first = NULL;
    uint32_t refused = 0;
    uint32_t accepted = 0;

    for (size_t i = 0; i < port.count; i++)
        if (!first && refusal_of(&port.entry[i]) && !port.entry[i].conn->opening.established)
            first = &port.entry[i];
    for (size_t i = 0; first && i < port.count; i++) {
        const struct diag_connection *conn = port.entry[i].conn;

        if (!within_a_minute(conn, first->conn))
            continue;
        accepted += conn->opening.established;
        refused += refusal_of(&port.entry[i]) && !conn->opening.established;
    }
    if (refused < 2 || accepted < 2)
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_connect_refused_load, first->conn->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){refused, accepted});

    host->server = first->server;
    host->client = first->client;
    diag_host_name(engine, host, &host->server.address);
    for (size_t i = 0; i < port.count; i++)
        if (refusal_of(&port.entry[i]))
            diag_host_fold(host, port.entry[i].sentence);
}

void diag_correlate_connects(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span all)
{
    struct diag_span server;
    struct diag_span port;

    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, server)) {
        server = diag_span_run(rest, diag_same_server);
        for (size_t i = 0; i < server.count; i++)
            refused_by_another(engine, judgement, server, &server.entry[i]);
        for (struct diag_span ports = server; ports.count; ports = diag_span_after(ports, port)) {
            port = diag_span_run(ports, diag_same_port);
            refuses_now_and_then(engine, judgement, port);
        }
    }
}
