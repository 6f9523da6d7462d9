/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Congestion marks after the handshake. A mark by itself is never a fault: what is judged is that
 * marked data die where unmarked copies pass, and that marks are not answered as was agreed.
 */
#include "rules/blame.h"

#include "tcp/ecn.h"

/* A loss by chance looks the same once. */
#define ECT_LOST 2
/* So often in a row an echo or its answer can not have been forgotten by chance. */
#define TIMES       10
#define ROUND_TRIPS 3

/* ---- ecn_ect_unnegotiated */

static void report_mark(const struct diag_step *step, enum diag_role role)
{
    if (diag_raised(step->conn, DIAG_ecn_ect_unnegotiated))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_ecn_ect_unnegotiated, step->from,
                                        step->seg->frame, step->seg->ecn);

    diag_excuse(f);
    diag_cite(f, role, step->seg->frame);
}

/* With an offer of ECN it is one of the experiments that RFC 8311 allows. */
static void marked_opening(const struct diag_step *step)
{
    if ((step->syn || step->synack) && step->seg->ecn && !(step->seg->flags & DIAG_ECN_BITS))
        report_mark(step, step->syn ? DIAG_ROLE_syn : DIAG_ROLE_synack);
}

/* The state is as before the segment. */
static void marked_data(const struct diag_step *step)
{
    if (step->conn->ecn_off && step->seg->ecn && step->seg->payload)
        report_mark(step, DIAG_ROLE_data);
}

/* ---- ecn_ect_blackhole */

static bool agreed(const struct diag_connection *conn)
{
    enum diag_ecn ecn = diag_ecn_of(conn);

    return ecn == DIAG_ECN_ON || ecn == DIAG_ECN_ACCURATE;
}

static void only_unmarked_arrive(const struct diag_step *step)
{
    const struct diag_marks *m =
        step->conn->marks ? &step->conn->marks[diag_peer(step->from)] : NULL;

    if (!m || m->ect_lost < ECT_LOST || step->y->ect_passed || !agreed(step->conn) ||
        diag_raised(step->conn, DIAG_ecn_ect_blackhole))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_ecn_ect_blackhole, diag_peer(step->from),
                                        step->seg->frame, m->ect_lost, m->ect_frame, m->copy_frame);

    diag_cite(f, DIAG_ROLE_data, m->ect_frame);
    diag_cite(f, DIAG_ROLE_retransmission, m->copy_frame);
    diag_cite(f, DIAG_ROLE_ack, step->seg->frame);
}

/* Marked data arrived after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_ecn_ect_blackhole && conn->half[event->side].ect_passed;
}

/* ---- ecn_feedback_broken */

struct lapse {
    enum diag_cause cause;
    enum diag_side side;
    uint32_t first;
    int64_t times;
    int64_t elapsed;
};

static void report_lapse(const struct diag_step *step, const struct lapse *lapse)
{
    struct diag_finding *f =
        diag_raise(step->out, DIAG_ecn_feedback_broken, lapse->side, step->seg->frame, lapse->first,
                   lapse->times, lapse->elapsed);

    if (!f)
        return;
    f->cause = lapse->cause;
    f->blame = diag_blame_side(lapse->side) | DIAG_BLAME_PATH;
    diag_cite(f, DIAG_ROLE_first, lapse->first);
    diag_cite(f, DIAG_ROLE_last, step->seg->frame);
}

/* A queue that marks is long: the shortest round trip says little. */
static bool is_long(const struct diag_step *step, int64_t since_ns)
{
    return step->seg->time_ns - since_ns >=
           diag_max_ns(DIAG_SECOND_NS, ROUND_TRIPS * diag_rtt(step->conn));
}

static bool judge_receiver(const struct diag_step *step, struct lapse *lapse)
{
    const struct diag_marks *m = &step->conn->marks[diag_peer(step->from)];

    lapse->side = step->from;
    if (m->missed >= 2 && !m->echoed) {
        lapse->cause = DIAG_CAUSE_ce_not_echoed;
        lapse->first = m->missed_frame;
        lapse->times = m->missed;
        return true;
    }
    /* Only where marks are seen at all: a later queue may have marked what passed here unmarked. */
    if (!m->cwr_frame || m->stuck < TIMES || !m->ce_seen || !is_long(step, m->stuck_ns))
        return false;
    lapse->cause = DIAG_CAUSE_ece_stuck;
    lapse->first = m->cwr_frame;
    lapse->times = m->stuck;
    lapse->elapsed = step->seg->time_ns - m->stuck_ns;
    return true;
}

static bool judge_sender(const struct diag_step *step, struct lapse *lapse)
{
    const struct diag_marks *m = &step->conn->marks[step->from];

    if (m->answers || m->ece_acks < TIMES || m->fresh < TIMES || !is_long(step, m->ece_ns))
        return false;
    *lapse = (struct lapse){.cause = DIAG_CAUSE_no_cwr,
                            .side = step->from,
                            .first = m->ece_frame,
                            .times = m->ece_acks,
                            .elapsed = step->seg->time_ns - m->ece_ns};
    return true;
}

static void marks_not_answered(const struct diag_step *step)
{
    struct lapse lapse = {0};

    if (step->conn->marks && !diag_raised(step->conn, DIAG_ecn_feedback_broken) &&
        (judge_receiver(step, &lapse) || judge_sender(step, &lapse)))
        report_lapse(step, &lapse);
}

/* ---- */

static void on_applied(const struct diag_step *step)
{
    marked_opening(step);
    only_unmarked_arrive(step);
    marks_not_answered(step);
}

const struct diag_rule diag_rule_ecn = {.name = "ecn",
                                        .sees = DIAG_SEES_ECN,
                                        .sees_applied =
                                            DIAG_SEES_ECN | DIAG_SEES_SYN | DIAG_SEES_REPAIR,
                                        .on_segment = marked_data,
                                        .on_applied = on_applied,
                                        .overtaken = overtaken};
