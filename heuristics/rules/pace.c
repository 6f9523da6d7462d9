/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time that the network took: only what the other end's stack answers by itself (SYN/ACK, the plain
 * ACK of a request) measures the way; everything else measures an application.
 */
#include "core.h"

/* A geostationary satellite takes 600 to 700 ms, and nobody can help that. */
#define SLOW_NS (800 * DIAG_MS_NS)

static void report(const struct diag_step *step, int64_t delay)
{
    const struct diag_connection *conn = step->conn;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_slow_path, diag_peer(step->from), step->seg->frame,
                   conn->opening.rtt_ns, delay, conn->opening.all_first_frame, conn->request.frame);

    diag_add_ns(&step->conn->slow_ns, conn->opening.rtt_ns + delay);
    diag_cite(f, DIAG_ROLE_syn, conn->opening.all_first_frame);
    diag_cite(f, DIAG_ROLE_synack, conn->opening.synack_frame);
    diag_cite(f, DIAG_ROLE_request, conn->request.frame);
    diag_cite(f, DIAG_ROLE_ack, step->seg->frame);
}

static bool was_slow_to_connect(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;

    return o->established && o->syns == 1 && o->synacks == 1 && o->rtt_ns >= SLOW_NS;
}

/* A pure ACK that comes late; data would be the application's answer. A request sent in pieces, or
 * again, measures nothing. */
static bool is_slow_ack(const struct diag_step *step)
{
    const struct diag_request *r = &step->conn->request;

    return step->from == DIAG_SERVER && !step->seg->payload && !step->fin && !step->rst &&
           r->open && r->acked_frame == step->seg->frame && !step->y->again &&
           r->first_ns == r->last_ns && step->seg->time_ns - r->last_ns >= SLOW_NS;
}

/* One slow packet may be a radio that woke up, or a clock that jumped; two measurements agree. */
static void on_applied(const struct diag_step *step)
{
    if (is_slow_ack(step) && was_slow_to_connect(step->conn) &&
        !diag_raised(step->conn, DIAG_slow_path))
        report(step, step->seg->time_ns - step->conn->request.last_ns);
}

const struct diag_rule diag_rule_pace = {
    .name = "pace", .sees_applied = DIAG_SEES_ASKED, .on_applied = on_applied};
