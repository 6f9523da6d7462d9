/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failed connects beside others to the same address: who refused, and whether the server refuses
 * only now and then.
 */
#include "correlate/correlate.h"

#define MINUTE_NS    (60 * DIAG_SECOND_NS)
#define REFERENCE_NS (10 * MINUTE_NS)

/* ---- connect_refused_middlebox */

static const struct diag_finding *refusal_of(const struct diag_entry *e)
{
    return diag_raised_finding(e->conn, DIAG_connect_refused);
}

/* The connections of a client to one address that came about, in order of time, and those of them
 * that a look around one moment sees: both only move forward. */
struct references {
    GPtrArray *good; /* of struct diag_connection */
    guint from;
    guint to;
    uint32_t at_hops[UINT8_MAX + 1]; /* how many of those seen, by distance of the server */
};

static int hops_of(const struct diag_connection *conn)
{
    return diag_hops(conn->half[DIAG_SERVER].ttl);
}

static void look_around(struct references *refs, int64_t now_ns)
{
    const struct diag_connection *conn;

    for (; refs->to < refs->good->len; refs->to++) {
        conn = refs->good->pdata[refs->to];
        if (conn->first_ns - now_ns >= REFERENCE_NS)
            break;
        refs->at_hops[hops_of(conn)]++;
    }
    for (; refs->from < refs->to; refs->from++) {
        conn = refs->good->pdata[refs->from];
        if (now_ns - conn->first_ns < REFERENCE_NS)
            break;
        refs->at_hops[hops_of(conn)]--;
    }
}

/* Those seen that are as far away, as far as hops tell. */
static uint32_t count_near(const struct references *refs, int hops)
{
    uint32_t count = 0;

    for (int i = hops - DIAG_FOREIGN_HOPS + 1; i < hops + DIAG_FOREIGN_HOPS; i++)
        count += i >= 0 && i <= UINT8_MAX ? refs->at_hops[i] : 0;
    return count;
}

/* Another connection of this client to the same address, whose SYN/ACK shows the real distance;
 * none when servers at several distances stand behind the address, or one of them is where the
 * refusal came from. */
static const struct diag_connection *reference_for(struct references *refs, int64_t refused_ns,
                                                   uint8_t ttl)
{
    look_around(refs, refused_ns);
    if (refs->from == refs->to || count_near(refs, diag_hops(ttl)))
        return NULL;
    const struct diag_connection *good = refs->good->pdata[refs->from];

    return count_near(refs, hops_of(good)) == refs->to - refs->from ? good : NULL;
}

static void refused_by_another(struct diag_engine *engine, struct diag_judgement *judgement,
                               struct references *refs, const struct diag_entry *e)
{
    const struct diag_finding *refusal = refusal_of(e);
    uint8_t ttl = refusal ? (uint8_t)refusal->value[2] : 0;
    const struct diag_connection *good = ttl ? reference_for(refs, e->conn->first_ns, ttl) : NULL;

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

static gint by_time(const struct diag_connection *x, const struct diag_connection *y)
{
    int order = (x->first_ns > y->first_ns) - (x->first_ns < y->first_ns);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static gint connections_by_time(gconstpointer a, gconstpointer b)
{
    return by_time(*(const struct diag_connection *const *)a,
                   *(const struct diag_connection *const *)b);
}

static gint entries_by_time(gconstpointer a, gconstpointer b)
{
    return by_time((*(const struct diag_entry *const *)a)->conn,
                   (*(const struct diag_entry *const *)b)->conn);
}

static bool any_refused(struct diag_span server)
{
    for (size_t i = 0; i < server.count; i++)
        if (diag_raised(server.entry[i].conn, DIAG_connect_refused))
            return true;
    return false;
}

static void refused_on_the_way(struct diag_engine *engine, struct diag_judgement *judgement,
                               struct diag_span server)
{
    struct references refs = {.good = g_ptr_array_new()};
    GPtrArray *refused = g_ptr_array_new();

    for (size_t i = 0; i < server.count; i++) {
        struct diag_entry *e = &server.entry[i];

        if (e->conn->opening.established)
            g_ptr_array_add(refs.good, (void *)e->conn);
        if (refusal_of(e))
            g_ptr_array_add(refused, e);
    }
    g_ptr_array_sort(refs.good, connections_by_time);
    g_ptr_array_sort(refused, entries_by_time);
    for (guint i = 0; i < refused->len; i++)
        refused_by_another(engine, judgement, &refs, refused->pdata[i]);
    g_ptr_array_free(refs.good, TRUE);
    g_ptr_array_free(refused, TRUE);
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
        if (any_refused(server))
            refused_on_the_way(engine, judgement, server);
        for (struct diag_span ports = server; ports.count; ports = diag_span_after(ports, port)) {
            port = diag_span_run(ports, diag_same_port);
            refuses_now_and_then(engine, judgement, port);
        }
    }
}
