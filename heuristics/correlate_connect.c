/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failed connects beside others to the same address: who refused, and whether the server refuses
 * only now and then.
 */
#include "correlate.h"

#define MINUTE_NS    (60 * DIAG_SECOND_NS)
#define REFERENCE_NS (10 * MINUTE_NS)

/* ---- connect_refused_middlebox */

static const struct diag_finding *refusal_of(const struct diag_entry *e)
{
    return diag_raised_finding(e->conn, DIAG_connect_refused);
}

static bool is_reference(const struct diag_connection *conn, const struct diag_connection *refused)
{
    int64_t apart = conn->first_ns - refused->first_ns;

    return conn->opening.established && apart < REFERENCE_NS && apart > -REFERENCE_NS;
}

/* Another connection of this client to the same address, whose SYN/ACK shows the real distance;
 * none when servers at several distances stand behind the address, or one of them is where the
 * refusal came from. */
static const struct diag_connection *
reference_for(struct diag_span server, const struct diag_connection *refused, uint8_t ttl)
{
    const struct diag_connection *good = NULL;

    for (size_t i = 0; i < server.count; i++) {
        const struct diag_connection *conn = server.entry[i].conn;
        uint8_t usual = conn->half[DIAG_SERVER].ttl;

        if (!is_reference(conn, refused))
            continue;
        if (!diag_foreign_hops(usual, ttl) ||
            (good && diag_foreign_hops(usual, good->half[DIAG_SERVER].ttl)))
            return NULL;
        good = good ? good : conn;
    }
    return good;
}

static void refused_by_another(struct diag_engine *engine, struct diag_judgement *judgement,
                               struct diag_span server, struct diag_entry *e)
{
    const struct diag_finding *refusal = refusal_of(e);
    uint8_t ttl = refusal ? (uint8_t)refusal->value[2] : 0;
    const struct diag_connection *good = ttl ? reference_for(server, e->conn, ttl) : NULL;

    if (!good)
        return;
    uint8_t usual = good->half[DIAG_SERVER].ttl;
    struct diag_finding *f = diag_sentence_add(
        engine, judgement, e->sentence, DIAG_connect_refused_middlebox, refusal->frame,
        (int64_t[DIAG_MAX_VALUES]){diag_hops(ttl), diag_hops(usual), ttl, usual,
                                   good->half[DIAG_SERVER].first_frame});

    /* Farther away than the server is no device in front of it: perhaps a second server. */
    if (f && diag_hops(ttl) > diag_hops(usual))
        f->blame |= DIAG_BLAME_SERVER;
    diag_cite_again(f, refusal);
    diag_cite(f, DIAG_ROLE_good_connection, good->half[DIAG_SERVER].first_frame);
}

/* ---- connect_refused_load */

static bool within_a_minute(const struct diag_connection *a, const struct diag_connection *b)
{
    int64_t apart = a->first_ns - b->first_ns;

    return apart < MINUTE_NS && apart > -MINUTE_NS;
}

/* What a service refused and accepted within a minute of its first refusal, in order of time. */
struct tally {
    uint32_t refused;
    uint32_t accepted;
    bool accepts; /* after a refusal */
    bool again;   /* and refused once more: a service that restarts refuses in one block */
};

static bool is_refused(const struct diag_entry *e)
{
    return refusal_of(e) && !e->conn->opening.established;
}

static const struct diag_entry *first_refused(struct diag_span port)
{
    for (size_t i = 0; i < port.count; i++)
        if (is_refused(&port.entry[i]))
            return port.entry + i;
    return NULL;
}

static struct tally count(struct diag_span port, const struct diag_entry *first)
{
    struct tally t = {0};

    for (size_t i = 0; i < port.count; i++) {
        const struct diag_connection *conn = port.entry[i].conn;

        if (!within_a_minute(conn, first->conn))
            continue;
        t.accepted += conn->opening.established;
        t.accepts = t.accepts || (t.refused && conn->opening.established);
        t.again = t.again || (t.accepts && is_refused(&port.entry[i]));
        t.refused += is_refused(&port.entry[i]);
    }
    return t;
}

static void refuses_now_and_then(struct diag_engine *engine, struct diag_judgement *judgement,
                                 struct diag_span port)
{
    const struct diag_entry *first = first_refused(port);
    struct tally t = first ? count(port, first) : (struct tally){0};

    if (!t.again || t.refused < 2 || t.accepted < 2)
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_connect_refused_load, first->conn->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){t.refused, t.accepted});

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
