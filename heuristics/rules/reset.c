/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why was it reset? Every RST gets exactly one class: the first of the list that matches, decided
 * at its frame from the past.
 */
#include "rules/reset.h"

static const struct diag_rst_class *const classes[] = {
    &diag_rst_refused,        &diag_rst_bad_echo,    &diag_rst_bad_ack,
    &diag_rst_old_connection, &diag_rst_good_synack, &diag_rst_after_close,
    &diag_rst_out_of_window,  &diag_rst_reuse_race,  &diag_rst_data_after_close,
    &diag_rst_timeout,        &diag_rst_unread_data, &diag_rst_no_socket,
    &diag_rst_abort,          &diag_rst_unexplained, /* matches always */
};

static const struct diag_reset *earlier(const struct diag_connection *conn, enum diag_side side,
                                        enum diag_reset_kind kind)
{
    for (uint32_t i = 0; i < conn->reset_count; i++)
        if (conn->reset[i].side == side && conn->reset[i].kind == kind)
            return &conn->reset[i];
    return NULL;
}

static enum diag_id classify(const struct diag_rst *r)
{
    const GPtrArray *events = r->conn->events;
    guint before = events ? events->len : 0;
    size_t i = 0;

    while (!classes[i]->matches(r))
        i++;
    classes[i]->report(r);
    events = r->conn->events;
    if (diag_ends_subflow(r->step) && events && events->len > before)
        diag_excuse(g_ptr_array_index(events, before));
    return classes[i]->id;
}

static void keep(struct diag_connection *conn, const struct diag_reset *reset)
{
    uint32_t count = conn->reset_count;

    if (count == DIAG_RESETS) {
        conn->engine->dropped[DIAG_DROPPED_resets]++;
        return;
    }
    /* Room for 1, 2, 4... of them: nearly all connections have one or two. */
    if ((count & (count - 1)) == 0)
        conn->reset = g_renew(struct diag_reset, conn->reset, count ? 2 * (gsize)count : 1);
    conn->reset[conn->reset_count++] = *reset;
}

static struct diag_reset wire_facts(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    bool has_ack = seg->flags & DIAG_ACK;

    return (struct diag_reset){.frame = seg->frame,
                               .side = step->from,
                               .time_ns = seg->time_ns,
                               .seq = seg->seq,
                               .ack = seg->ack,
                               .has_ack = has_ack,
                               .ttl = seg->ttl,
                               .ip_id = seg->ip_id,
                               .peer_end = step->y->nxt,
                               .client_data = step->conn->half[DIAG_CLIENT].data_segments};
}

static void on_segment(const struct diag_step *step)
{
    struct diag_rst r = {.step = step, .conn = step->conn, .x = step->x, .y = step->y};

    if (!step->rst)
        return;
    diag_rst_recognise(&r);
    const struct diag_reset *first = earlier(step->conn, step->from, r.kind);
    struct diag_reset reset = wire_facts(step);

    reset.class = first ? first->class : classify(&r);
    reset.kind = r.kind;
    reset.answers = r.answers ? r.answers->frame : 0;
    reset.repeat = first != NULL;
    keep(step->conn, &reset);
}

/* All that its sender had sent before it was acknowledged, or came after it. */
static bool lost_nothing(const struct diag_half *x)
{
    return diag_seq_le(x->rst_seq, x->una) || (diag_seq_le(x->rst_seq, x->nxt) && !x->hole_count);
}

/* The bytes before the reset came after it: it had overtaken them, and nothing was lost. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    const struct diag_half *x = &conn->half[event->side];

    return event->id == DIAG_rst_abort && event->cause == DIAG_CAUSE_bytes_lost &&
           lost_nothing(x) &&
           (event->value[0] == event->value[4] || diag_had_said_all(conn, event->side));
}

const struct diag_rule diag_rule_reset = {.name = "reset",
                                          .sees = DIAG_SEES_RST,
                                          .on_segment = on_segment,
                                          .overtaken = overtaken,
                                          .on_end = diag_rst_opening_in_all};
