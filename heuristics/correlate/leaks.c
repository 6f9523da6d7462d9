/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that does not close what its peers have closed, and a server that drops the SYNs of
 * several clients behind one address because their clocks differ.
 */
#include "correlate/correlate.h"

#include <string.h>

/* Fewer may be half-closed on purpose. */
#define LEAST_LEAKS 3
#define LEAK_NS     (60 * DIAG_SECOND_NS)
/* Of each kind: fewer separate by chance. */
#define LEAST_OF_KIND 3

/* ---- close_wait_leak */

struct leak {
    struct diag_address host;
    struct diag_sentence *sentence;
    int64_t waited_ns;
    uint32_t fin_frame;
};

/* Its peer has closed, it has acknowledged that, and does nothing more. Who goes on sending uses a
 * half-closed connection as it is meant (RFC 9293 3.6). */
static bool leaks(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_half *y = &conn->half[diag_peer(side)];

    return y->fin && !x->fin && !x->rst_frame && !y->rst_frame && x->ack_valid &&
           diag_seq_lt(y->fin_seq, x->ack) && x->data_ns <= y->fin_ns + diag_rtt(conn) &&
           !y->hole_count && conn->engine->last_ns - y->fin_ns >= LEAK_NS;
}

static GArray *all_leaks(struct diag_span all)
{
    GArray *found = g_array_new(FALSE, TRUE, sizeof(struct leak));

    for (size_t i = 0; i < all.count; i++)
        for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
            const struct diag_connection *conn = all.entry[i].conn;
            const struct diag_half *y = &conn->half[diag_peer(side)];

            if (!leaks(conn, side))
                continue;
            struct leak leak = {conn->endpoint[side].address, all.entry[i].sentence,
                                conn->engine->last_ns - y->fin_ns, y->fin_frame};

            g_array_append_val(found, leak);
        }
    return found;
}

static gint by_host(gconstpointer a, gconstpointer b)
{
    const struct leak *x = a;
    const struct leak *y = b;
    int order = memcmp(&x->host, &y->host, sizeof x->host);

    return order ? order : (x->fin_frame > y->fin_frame) - (x->fin_frame < y->fin_frame);
}

static void report_leaks(struct diag_engine *engine, struct diag_judgement *judgement,
                         const struct leak *leak, guint count)
{
    int64_t values[DIAG_MAX_VALUES] = {count, leak[0].waited_ns};
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_close_wait_leak, leak[0].fin_frame, values);

    diag_host_name(engine, host, &leak[0].host);
    host->server.address = leak[0].host;
    for (guint i = 0; i < count; i++) {
        diag_cite(diag_host_finding(host), DIAG_ROLE_fin, leak[i].fin_frame);
        diag_host_fold(host, leak[i].sentence);
    }
}

static void find_leaks(struct diag_engine *engine, struct diag_judgement *judgement,
                       struct diag_span all)
{
    GArray *found = all_leaks(all);
    const struct leak *leak = (const struct leak *)(const void *)found->data;
    guint run = 1;

    g_array_sort(found, by_host);
    for (guint first = 0; first < found->len; first += run) {
        run = 1;
        while (first + run < found->len &&
               memcmp(&leak[first].host, &leak[first + run].host, sizeof leak->host) == 0)
            run++;
        if (run >= LEAST_LEAKS)
            report_leaks(engine, judgement, leak + first, run);
    }
    g_array_free(found, TRUE);
}

/* ---- syn_paws_nat_drop */

struct clocks {
    uint32_t newest;
    uint32_t older_dropped;
    uint32_t newer_taken;
    uint32_t contrary;
    const struct diag_connection *dropped;
    const struct diag_connection *taken;
};

static void compare_clock(struct clocks *c, const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;
    bool older = c->newest && diag_seq_lt(o->newest_tsval, c->newest);
    bool dropped = !o->answered && !o->icmp_frame;

    if (!o->timestamps)
        return;
    c->contrary += older != dropped;
    if (dropped && older) {
        c->older_dropped++;
        c->dropped = conn;
    } else if (o->established) {
        c->newer_taken++;
        c->taken = conn;
    }
    if (!older)
        c->newest = conn->half[DIAG_CLIENT].tsval;
}

static void drops_older_clocks(struct diag_engine *engine, struct diag_judgement *judgement,
                               struct diag_span port)
{
    struct clocks c = {0};

    for (size_t i = 0; i < port.count; i++)
        compare_clock(&c, port.entry[i].conn);
    if (c.contrary || c.older_dropped < LEAST_OF_KIND || c.newer_taken < LEAST_OF_KIND)
        return;
    int64_t values[DIAG_MAX_VALUES] = {c.older_dropped, c.newer_taken,
                                       c.dropped->opening.newest_tsval,
                                       c.taken->half[DIAG_CLIENT].tsval};
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_syn_paws_nat_drop, c.dropped->first_frame, values);

    host->server = port.entry[0].server;
    host->client = port.entry[0].client;
    diag_host_name(engine, host, &host->client);
    diag_cite(diag_host_finding(host), DIAG_ROLE_failed_connection, c.dropped->first_frame);
    diag_cite(diag_host_finding(host), DIAG_ROLE_good_connection, c.taken->first_frame);
    for (size_t i = 0; i < port.count; i++)
        if (!port.entry[i].conn->opening.answered)
            diag_host_fold(host, port.entry[i].sentence);
}

void diag_correlate_leaks(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all)
{
    struct diag_span port;

    find_leaks(engine, judgement, all);
    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, port)) {
        port = diag_span_run(rest, diag_same_port);
        drops_older_clocks(engine, judgement, port);
    }
}
