/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data that arrive and are not taken: each transmission is answered at once by an ACK that stays
 * where it was. Both directions work; something in the segment is not what the receiver wants.
 */
#include "rules/blame.h"

/* One answer may have crossed the data on the way. */
#define REFUSALS 2
/* Copies within this time are one try: the shortest timer of the stacks in use. */
#define LEAST_NS (200 * DIAG_MS_NS)

static const struct diag_range *rejected_range(const struct diag_half *sender)
{
    const struct diag_range *range = sender->flight_count ? &sender->flight[0] : NULL;

    return range && sender->refusals >= REFUSALS && sender->refused_seq == range->seq ? range
                                                                                      : NULL;
}

bool diag_is_rejected(const struct diag_half *sender)
{
    const struct diag_range *range = rejected_range(sender);

    return range && range->again_ns - range->time_ns >= LEAST_NS;
}

static const struct diag_sent *sent_in(const struct diag_connection *conn, uint32_t frame)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].frame == frame)
            return &conn->recent[i];
    return NULL;
}

/* The last pure ACK of the receiver. */
static uint32_t answer_frame(const struct diag_connection *conn, enum diag_side receiver,
                             uint32_t ack)
{
    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == receiver && sent->ack == ack && !sent->payload &&
            !(sent->flags & (DIAG_SYN | DIAG_RST)))
            return sent->frame;
    }
    return 0;
}

/* RFC 7323 5.3: the receiver has seen a newer timestamp than this segment bears. */
static bool is_older(const struct diag_sent *data, int64_t newest)
{
    return data && data->timestamps && newest && diag_seq_lt(data->tsval, (uint32_t)newest);
}

/* Blocks of which none is in what was sent: the receiver counts other numbers. */
static bool counts_otherwise(const struct diag_step *step)
{
    return step && step->seg->sack_count > 0;
}

static struct diag_finding *report(const struct diag_connection *conn, struct diag_out *out,
                                   enum diag_side side, uint32_t frame, int64_t echo)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_range *range = &x->flight[0];
    const struct diag_sent *data = sent_in(conn, x->refused_frame);
    struct diag_finding *f =
        diag_raise(out, DIAG_data_rejected, side, frame, range->end - range->seq - range->fin,
                   range->again + 1, x->refusals, range->frame, data ? data->tsval : 0, echo);

    if (!f)
        return NULL;
    f->blame = diag_blame_side(diag_peer(side)) | DIAG_BLAME_MIDDLEBOX;
    f->cause = is_older(data, echo) ? DIAG_CAUSE_paws : DIAG_CAUSE_unknown;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, x->refused_frame);
    diag_cite(f, DIAG_ROLE_duplicate_ack, answer_frame(conn, diag_peer(side), range->seq));
    return f;
}

static void on_applied(const struct diag_step *step)
{
    if (!step->refuses || diag_raised(step->conn, DIAG_data_rejected) || !diag_is_rejected(step->y))
        return;
    struct diag_finding *f =
        report(step->conn, step->out, diag_peer(step->from), step->seg->frame,
               step->seg->options & DIAG_OPT_TIMESTAMPS ? step->seg->tsecr : 0);

    if (f && f->cause == DIAG_CAUSE_unknown && counts_otherwise(step))
        f->cause = DIAG_CAUSE_seq;
}

/* How often in all. */
static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_data_rejected);

    if (!said || !diag_is_rejected(&conn->half[said->side]))
        return;
    const struct diag_half *x = &conn->half[said->side];

    if (x->refusals == said->value[2] && x->flight[0].again + 1 == said->value[1])
        return;
    struct diag_finding *f = report(conn, out, said->side, said->frame, said->value[5]);

    if (f)
        f->cause = said->cause;
}

/* The receiver took them after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_data_rejected && !event->verdict &&
           !diag_is_rejected(&conn->half[event->side]);
}

const struct diag_rule diag_rule_rejected = {.name = "rejected",
                                             .sees_applied = DIAG_SEES_REFUSAL,
                                             .on_applied = on_applied,
                                             .on_end = on_end,
                                             .overtaken = overtaken};
