/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything was ready, and the client did not ask. Packets do not tell a program that is slow from
 * a user who reads or a connection opened in advance: without a lookup beside it, this is no fault.
 */
#include "rules/silence.h"

/* One pause is nothing. */
#define OFTEN 2
/* Who reads a page, or has nothing to ask, takes longer. */
#define LONGEST_NS (5 * DIAG_SECOND_NS)
/* No resolver tries longer for one name. */
#define LONGEST_LOOKUP_NS (20 * DIAG_SECOND_NS)
/* A timer keeps its period, from one request to the next. */
#define EVEN_PERCENT 5

/* ---- before the first request */

static int64_t ready_ns(const struct diag_connection *conn)
{
    if (conn->tls)
        return diag_tls_facts(conn->tls)->established.time_ns;
    return diag_max_ns(conn->opening.ack_ns, conn->half[DIAG_SERVER].data_ns);
}

static uint32_t ready_frame(const struct diag_connection *conn)
{
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    if (conn->tls)
        return diag_tls_facts(conn->tls)->established.frame;
    return s->data_frame ? s->data_frame : conn->opening.ack_frame;
}

static bool is_first_request(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    if (conn->tls)
        return diag_tls_established(conn) && !diag_tls_facts(conn->tls)->asked &&
               !diag_is_tls_housekeeping(step);
    return conn->requests == 0 && diag_is_request(step->seg);
}

/* Without a lookup it was opened in advance, by a browser or a pool. */
static void first_came_late(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t waited = step->seg->time_ns - ready_ns(conn);
    struct diag_lookups lookups = diag_lookups_meanwhile(conn, ready_ns(conn));

    if (!lookups.cause || waited > LONGEST_LOOKUP_NS)
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_slow_client, DIAG_CLIENT, step->seg->frame,
                                        waited, 1, ready_frame(conn), lookups.count);

    if (!f)
        return;
    f->cause = lookups.cause;
    diag_name_it(step->out, f, lookups.name);
    diag_cite(f, DIAG_ROLE_last, ready_frame(conn));
    diag_cite(f, DIAG_ROLE_query, lookups.frame);
    diag_cite(f, DIAG_ROLE_request, step->seg->frame);
}

/* ---- between an answer and the next request */

/* The last request's times stay until there is a new one. */
static void take_interval(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    int64_t before = conn->request_interval_ns;
    int64_t now = step->seg->time_ns - conn->request.first_ns;

    conn->request_interval_ns = now;
    if (now - before <= before / 100 * EVEN_PERCENT && before - now <= before / 100 * EVEN_PERCENT)
        conn->polls = true;
}

static void next_came_late(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    const struct diag_half *server = step->y;
    int64_t waited = step->seg->time_ns - server->data_ns;

    if (conn->answers < conn->requests || server->nxt != server->una || waited > LONGEST_NS ||
        !diag_is_request(step->seg))
        return;
    take_interval(step);
    conn->pauses++;
    diag_add_ns(&conn->pauses_ns, waited);
    if (conn->pauses != OFTEN || conn->polls)
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_slow_client, DIAG_CLIENT, step->seg->frame,
                                        conn->pauses_ns, conn->pauses, server->data_frame, 0);

    diag_excuse(f);
    diag_cite(f, DIAG_ROLE_response, server->data_frame);
    diag_cite(f, DIAG_ROLE_request, step->seg->frame);
}

/* ---- */

static bool paused(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    return step->from == DIAG_CLIENT && step->fresh && !step->gap && conn->closer == DIAG_NO_SIDE &&
           step->seg->time_ns - conn->last_data_ns >= diag_ms(conn->engine->settings.slow);
}

static void on_segment(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    if (!paused(step) || diag_raised(conn, DIAG_slow_client))
        return;
    if (is_first_request(step)) {
        if (step->seg->time_ns - ready_ns(conn) >= diag_ms(conn->engine->settings.slow))
            first_came_late(step);
    } else {
        next_came_late(step);
    }
}

const struct diag_rule diag_rule_client = {
    .name = "client", .sees = DIAG_SEES_DATA, .on_segment = on_segment};
