/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window is what limits a transfer: its owner reads too slowly, or offers less than the path
 * carries in a round trip, or the sender does not scale it.
 */
#include "tcp/spent.h"
#include "rules/blame.h"

/* ---- window_limited */

#define TRANSFER_BYTES 1000000u
/* On a shorter way a round trip is measured in interrupts, and no window is too small. */
#define SHORTEST_RTT_NS (5 * DIAG_MS_NS)

/* Loss and pauses make a transfer slower than its window allows, nothing makes it faster. More than
 * this over the limit is a round trip that was measured too long. */
#define NEAR_PERCENT 80u
#define HALF_PERCENT 50u
#define OVER_PERCENT 125u

static int64_t elapsed_of(const struct diag_half *sender)
{
    return sender->data_ns - sender->first_data_ns;
}

static bool is_transfer(const struct diag_connection *conn, const struct diag_half *sender)
{
    return sender->bytes >= TRANSFER_BYTES &&
           elapsed_of(sender) >= diag_ms(conn->engine->settings.slow);
}

/* Bytes a second that one window in each round trip makes. */
static uint64_t possible_rate(const struct diag_connection *conn, const struct diag_half *receiver)
{
    return (uint64_t)receiver->most_window * (uint64_t)DIAG_SECOND_NS /
           (uint64_t)diag_round_trip(conn);
}

/* A queue makes the round trip longer: who fills it has window enough, and is slower than this. So
 * a transfer as fast as its window allows waits for nothing else. */
static bool is_at_its_limit(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_half *y = &conn->half[diag_peer(side)];
    int64_t elapsed = elapsed_of(x);

    if (!conn->opening.established || diag_round_trip(conn) < SHORTEST_RTT_NS)
        return false;
    uint64_t limit = possible_rate(conn, y);
    uint64_t rate = (uint64_t)((double)x->bytes * (double)DIAG_SECOND_NS / (double)elapsed);
    bool stopped = x->full_ns >= elapsed / 5;

    return rate * 100 >= limit * (stopped ? HALF_PERCENT : NEAR_PERCENT) &&
           rate * 100 <= limit * OVER_PERCENT;
}

static enum diag_cause limit_of(const struct diag_connection *conn, enum diag_side side)
{
    const unsigned both = conn->half[DIAG_CLIENT].options & conn->half[DIAG_SERVER].options;
    const struct diag_half *x = &conn->half[side];

    if (x->starved_ns >= elapsed_of(x) / 5)
        return DIAG_CAUSE_slow_reader;
    if (!is_at_its_limit(conn, side))
        return DIAG_CAUSE_none;
    return both & DIAG_OPT_WSCALE ? DIAG_CAUSE_small_window : DIAG_CAUSE_no_scaling;
}

/* Who did not offer to scale; or a device took the offer out. */
static unsigned who_limits(const struct diag_connection *conn, enum diag_side side,
                           enum diag_cause cause)
{
    unsigned blame = DIAG_BLAME_MIDDLEBOX;

    if (cause != DIAG_CAUSE_no_scaling)
        return diag_blame_side(diag_peer(side));
    for (enum diag_side end = DIAG_CLIENT; end <= DIAG_SERVER; end++)
        if (!(conn->half[end].options & DIAG_OPT_WSCALE))
            blame |= diag_blame_side(end);
    /* A SYN/ACK cannot agree to what it was not offered. */
    return blame & DIAG_BLAME_CLIENT ? blame & ~(unsigned)DIAG_BLAME_SERVER : blame;
}

static void report_limit(const struct diag_connection *conn, struct diag_out *out,
                         enum diag_side side, enum diag_cause cause)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_half *y = &conn->half[diag_peer(side)];
    bool reader = cause == DIAG_CAUSE_slow_reader;
    struct diag_finding *f =
        diag_raise(out, DIAG_window_limited, side, x->data_frame, (int64_t)x->bytes, elapsed_of(x),
                   y->most_window, diag_round_trip(conn),
                   reader ? 0 : (int64_t)possible_rate(conn, y), reader ? x->starved_ns : 0);

    if (!f)
        return;
    f->cause = cause;
    f->blame = who_limits(conn, side, cause);
    f->layer = reader ? DIAG_LAYER_APP : DIAG_LAYER_CONFIG;
    f->confidence = reader ? DIAG_HIGH : DIAG_MEDIUM;
    diag_cite(f, DIAG_ROLE_syn, conn->opening.all_first_frame);
    diag_cite(f, DIAG_ROLE_synack, conn->opening.synack_frame);
    diag_cite(f, DIAG_ROLE_data, x->ever_full_frame);
}

/* ---- window_scale_lost (RFC 7323 2.3) */

#define OFTEN 3
/* A factor below four costs little, and is not told from other reasons. */
#define LEAST_SHIFT 2

/* Where its window would end if nobody scaled it. */
static uint32_t brim(const struct diag_half *receiver)
{
    return receiver->ack + (receiver->window >> receiver->wscale);
}

/* Both sides scale, as far as this capture shows. */
static bool both_scale(const struct diag_step *step)
{
    return step->x->options & step->y->options & DIAG_OPT_WSCALE &&
           step->y->wscale >= LEAST_SHIFT && step->y->wscale <= 14;
}

/* No window scale in the SYN/ACK, and the server's window is a fraction of what its SYN/ACK
 * promised although the data since then cannot have filled it: the server does scale. */
static bool only_server_scales(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_half *y = step->y;

    return x->options & DIAG_OPT_WSCALE && y->syn && !(y->options & DIAG_OPT_WSCALE) && y->window &&
           diag_seq_diff(y->edge, y->ack) >= (int32_t)(y->window << LEAST_SHIFT);
}

static void report_lost_scale(const struct diag_step *step, enum diag_cause cause)
{
    const struct diag_half *y = step->y;
    bool both = cause == DIAG_CAUSE_none;
    uint32_t promised = both ? y->window : (uint32_t)diag_seq_diff(y->edge, y->ack);
    struct diag_finding *f =
        diag_raise(step->out, DIAG_window_scale_lost, step->from, step->seg->frame,
                   both ? y->window >> y->wscale : y->window, promised, step->x->brims);

    if (!f)
        return;
    f->cause = cause;
    diag_cite(f, DIAG_ROLE_syn, step->conn->opening.all_first_frame);
    diag_cite(f, DIAG_ROLE_synack, step->conn->opening.synack_frame);
    diag_cite(f, DIAG_ROLE_ack, y->ack_frame);
    diag_cite(f, DIAG_ROLE_data, step->seg->frame);
}

/* What SYN and SYN/ACK promise is not scaled: until it is used up, a sender may be ahead of the
 * window that came later. */
#define UNSCALED_MOST 65535

/* Data that end exactly where the unscaled window ends, again and again, and never behind it. */
static void fills_to_the_brim(const struct diag_step *step)
{
    struct diag_half *x = step->x;
    bool both = both_scale(step);

    if (!step->fresh || x->over_brim || step->fin)
        return;
    int32_t over = diag_seq_diff(step->end, both ? brim(step->y) : step->y->ack + step->y->window);

    if (over > 0) {
        x->brims = 0;
        x->over_brim = diag_seq_diff(step->end, x->isn + 1) > UNSCALED_MOST;
    } else if (over == 0 && (both || only_server_scales(step)) && ++x->brims == OFTEN) {
        report_lost_scale(step, both ? DIAG_CAUSE_none : DIAG_CAUSE_stripped);
    }
}

static bool scales_after_all(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_window_scale_lost && conn->half[event->side].over_brim;
}

/* ---- once the capture is over */

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        const struct diag_half *x = &conn->half[side];
        enum diag_cause cause = is_transfer(conn, x) ? limit_of(conn, side) : DIAG_CAUSE_none;

        if (cause)
            report_limit(conn, out, side, cause);
    }
}

const struct diag_rule diag_rule_window = {.name = "window",
                                           .sees = DIAG_SEES_DATA,
                                           .on_segment = fills_to_the_brim,
                                           .on_end = on_end,
                                           .overtaken = scales_after_all};
