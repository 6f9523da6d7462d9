/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection that waits for a name: the lookup is somebody's packets, the wait is this
 * connection's.
 */
#include "core.h"

static void report(const struct diag_step *step, const struct diag_name_delay *delay,
                   unsigned blame)
{
    struct diag_finding *f =
        diag_raise(step->out, DIAG_name_ptr_delay, step->from, step->seg->frame, delay->delay_ns,
                   delay->queries, delay->first_query);

    if (!f)
        return;
    f->blame = blame;
    diag_name_it(step->out, f, delay->qname);
    diag_cite(f, DIAG_ROLE_query, delay->first_query);
    diag_cite(f, DIAG_ROLE_query, delay->last_query);
    diag_cite(f, DIAG_ROLE_answer, delay->answer);
    diag_cite(f, step->syn ? DIAG_ROLE_syn : DIAG_ROLE_response, step->seg->frame);
    diag_add_ns(&step->conn->slow_ns, delay->delay_ns);
}

/* The client looked its server's address up before it connected. */
static void before_the_syn(const struct diag_step *step)
{
    const struct diag_endpoint *end = step->conn->endpoint;
    struct diag_name_delay delay;

    if (step->syn && step->conn->opening.syns == 0 &&
        diag_names_connecting(step->out->engine->names, &end[DIAG_CLIENT].address,
                              &end[DIAG_SERVER].address, step->seg->time_ns, &delay))
        report(step, &delay, DIAG_BLAME_CLIENT);
}

/* The server looked its client's address up before it said a word. */
static void before_the_first_word(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_endpoint *end = conn->endpoint;
    int64_t since = conn->request.open ? conn->request.acked_ns : conn->opening.ack_ns;
    struct diag_name_delay delay;

    if (step->from != DIAG_SERVER || !step->seg->payload || !since)
        return;
    if (diag_names_server_spoke(step->out->engine->names, &end[DIAG_CLIENT].address,
                                &end[DIAG_SERVER].address, since, step->seg->time_ns, &delay))
        report(step, &delay, DIAG_BLAME_SERVER);
}

static void on_segment(const struct diag_step *step)
{
    before_the_syn(step);
    before_the_first_word(step);
}

const struct diag_rule diag_rule_names = {
    .name = "names", .sees = DIAG_SEES_SYN | DIAG_SEES_FIRST_DATA, .on_segment = on_segment};
