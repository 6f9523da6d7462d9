/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nagle's algorithm holds a small segment back until what was sent before it is acknowledged
 * (RFC 896), and the peer holds that ACK back for data to go with it (RFC 1122 4.2.3.2).
 */
#include "tcp/spent.h"
#include "rules/blame.h"

#define OFTEN 3
/* Linux delays an ACK by 40 ms, Windows by 40 to 200, BSD by 100; less what the shortest round trip
 * may differ from this one's. */
#define SHORTEST_DELAY_NS (35 * DIAG_MS_NS)
#define LONGEST_DELAY_NS  (210 * DIAG_MS_NS)
/* What is held back is in the queue: it leaves as soon as the ACK comes. */
#define AT_ONCE_NS (5 * DIAG_MS_NS)
/* A device may lower the MSS in one SYN only, or the path's own limit be lower than both: less than
 * half of what was agreed is no full segment anywhere. */
static bool is_small(const struct diag_step *step, uint32_t payload)
{
    uint32_t mss = MIN(diag_mss_of(step->x), diag_mss_of(step->y));

    return payload < mss / 2;
}

/* Small data were under way, and more small data did not wait: this sender does not use Nagle's
 * algorithm, and any likeness is chance. A FIN waits for nothing. */
static bool does_not_wait(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_range *last = x->flight_count ? &x->flight[x->flight_count - 1] : NULL;

    return last && !step->fin && !last->again && is_small(step, last->end - last->seq);
}

/* Its last word was an ACK without data, of all that this sender had sent; and it was not its
 * window that the sender waited for. */
static bool follows_bare_ack(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_half *y = step->y;

    return x->una == x->nxt && y->window >= 2 * diag_mss_of(y) &&
           y->ack_frame == step->conn->last_frame && x->last_frame == x->data_frame &&
           x->data_frame > y->data_frame;
}

/* How long the ACK was held back beyond its way; 0 if it was not, or held nothing back. */
static int64_t held_back(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t reaction = step->seg->time_ns - step->y->ack_ns;
    int64_t own_way = diag_way_to(conn, step->from);
    int64_t delay = step->y->ack_ns - step->x->data_ns - diag_way_to(conn, diag_peer(step->from));
    bool reacts = reaction <= own_way + AT_ONCE_NS && reaction >= own_way / 2;

    return reacts && delay >= SHORTEST_DELAY_NS && delay <= LONGEST_DELAY_NS ? delay : 0;
}

static struct diag_finding *report(const struct diag_connection *conn, struct diag_out *out,
                                   enum diag_side side, uint32_t frame)
{
    const struct diag_half *x = &conn->half[side];

    return diag_raise(out, DIAG_delayed_ack_nagle, side, frame, x->held, x->held_ns, x->held_frame);
}

static void report_event(const struct diag_step *step)
{
    struct diag_finding *f = report(step->conn, step->out, step->from, step->seg->frame);

    diag_cite(f, DIAG_ROLE_data, step->x->data_frame);
    diag_cite(f, DIAG_ROLE_ack, step->y->ack_frame);
    diag_cite(f, DIAG_ROLE_data, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    struct diag_half *x = step->x;

    if (x->never_holds || !is_small(step, step->seg->payload) || !step->fresh || step->gap)
        return;
    if (does_not_wait(step)) {
        x->never_holds = true;
        step->conn->slow_ns -= x->held >= OFTEN ? x->held_ns : 0;
        return;
    }
    int64_t delay = follows_bare_ack(step) ? held_back(step) : 0;

    if (!delay)
        return;
    if (x->held++ == 0)
        x->held_frame = step->seg->frame;
    diag_add_ns(&x->held_ns, delay);
    if (x->held >= OFTEN)
        diag_add_ns(&step->conn->slow_ns, x->held == OFTEN ? x->held_ns : delay);
    if (x->held == OFTEN)
        report_event(step);
}

/* Of this side, which has held back often enough for one. */
static const struct diag_finding *said_of(const struct diag_connection *conn, enum diag_side side)
{
    for (guint i = 0; i < conn->events->len; i++) {
        const struct diag_finding *f = g_ptr_array_index(conn->events, i);

        if (f->id == DIAG_delayed_ack_nagle && f->side == side)
            return f;
    }
    return NULL;
}

/* All of them, once they are known. */
static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        const struct diag_half *x = &conn->half[side];

        if (x->held <= OFTEN || x->never_holds)
            continue;
        const struct diag_finding *said = said_of(conn, side);

        if (said)
            diag_cite_again(report(conn, out, side, said->frame), said);
    }
}

/* It did not wait another time: it was chance. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_delayed_ack_nagle && conn->half[event->side].never_holds;
}

const struct diag_rule diag_rule_nagle = {.name = "nagle",
                                          .sees = DIAG_SEES_DATA,
                                          .on_segment = on_segment,
                                          .on_end = on_end,
                                          .overtaken = overtaken};
