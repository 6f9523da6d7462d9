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

/* The last pure ACK of the receiver. */
static uint32_t answer_frame(const struct diag_connection *conn, enum diag_side receiver)
{
    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == receiver && !sent->payload && !(sent->flags & (DIAG_SYN | DIAG_RST)))
            return sent->frame;
    }
    return 0;
}

/* RFC 7323 5.3: the receiver has seen a newer timestamp than this segment bears. */
static bool is_older(const struct diag_sent *data, uint32_t newest)
{
    return data && data->timestamps && newest && diag_seq_lt(data->tsval, newest);
}

static enum diag_cause cause_of(const struct diag_step *step)
{
    if (is_older(diag_sent_in(step->conn, step->y->refused_frame), step->seg->tsecr))
        return DIAG_CAUSE_paws;
    /* Blocks of which none is in what was sent: the receiver counts other numbers. */
    return step->seg->sack_count ? DIAG_CAUSE_seq : DIAG_CAUSE_unknown;
}

static void report(const struct diag_connection *conn, struct diag_out *out, enum diag_side side,
                   uint32_t frame, int64_t echo, enum diag_cause cause)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_range *range = &x->flight[0];
    const struct diag_sent *data = diag_sent_in(conn, x->refused_frame);
    struct diag_finding *f =
        diag_raise(out, DIAG_data_rejected, side, frame, range->end - range->seq - range->fin,
                   range->again + 1, x->refusals, range->frame, data ? data->tsval : 0, echo);

    if (!f)
        return;
    f->blame = diag_blame_side(diag_peer(side)) | DIAG_BLAME_MIDDLEBOX;
    f->cause = cause;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, x->refused_frame);
    diag_cite(f, DIAG_ROLE_duplicate_ack, answer_frame(conn, diag_peer(side)));
}

static void on_applied(const struct diag_step *step)
{
    if (diag_is_rejected(step->y) && !diag_raised(step->conn, DIAG_data_rejected))
        report(step->conn, step->out, diag_peer(step->from), step->seg->frame, step->seg->tsecr,
               cause_of(step));
}

/* How often in all. */
static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_data_rejected);

    if (!said || !diag_is_rejected(&conn->half[said->side]))
        return;
    if (conn->half[said->side].flight[0].again + 1 != said->value[1])
        report(conn, out, said->side, said->frame, said->value[5], said->cause);
}

/* The receiver took them after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_data_rejected && !diag_is_rejected(&conn->half[event->side]);
}

const struct diag_rule diag_rule_rejected = {.name = "rejected",
                                             .sees_applied = DIAG_SEES_REFUSAL,
                                             .on_applied = on_applied,
                                             .on_end = on_end,
                                             .overtaken = overtaken};
