/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What SYN and SYN/ACK agree on, and what they cannot: two different SYN/ACKs for one SYN, options
 * that nobody offered, ECN bits sent back as they came, and a SYN that passes only without them.
 */
#include "rules/connect.h"

#include <string.h>

#define ECN_BITS (DIAG_AE | DIAG_CWR | DIAG_ECE)

/* ---- synack_isn_changed */

/* After a reset every SYN/ACK has a new number; a server with SYN cookies may give one to every SYN
 * that it is asked with. */
static void second_opinion(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    const struct diag_segment *seg = step->seg;

    if (!step->synack || !o->synack_frame || o->over || step->x->isn == seg->seq ||
        diag_raised(step->conn, DIAG_synack_isn_changed))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_synack_isn_changed, DIAG_SERVER, seg->frame, step->x->isn,
                   seg->seq, step->x->ttl, seg->ttl, o->synack_frame);

    if (f && o->series > 1)
        f->severity = DIAG_NOTE;
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    diag_cite(f, DIAG_ROLE_synack, seg->frame);
}

/* ---- synack_unsolicited_ts */

static unsigned unsolicited(const struct diag_connection *conn)
{
    const unsigned offered = DIAG_OPT_TIMESTAMPS | DIAG_OPT_WSCALE | DIAG_OPT_SACK_PERMITTED;

    return conn->half[DIAG_SERVER].options & ~conn->half[DIAG_CLIENT].options & offered;
}

static void report_unsolicited(const struct diag_connection *conn, struct diag_out *out,
                               uint32_t frame, bool harmless)
{
    const struct diag_opening *o = &conn->opening;
    struct diag_finding *f = diag_raise(out, DIAG_synack_unsolicited_ts, DIAG_SERVER, frame,
                                        o->synack_frame, o->last_frame);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    if (harmless)
        diag_excuse(f);
    else if (f)
        f->severity = DIAG_WARN;
}

static void accepted_unsolicited(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    if (o->ack_frame == step->seg->frame && unsolicited(step->conn))
        report_unsolicited(step->conn, step->out, step->seg->frame, true);
}

static void rejected_unsolicited(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;

    if (o->synack_frame && !o->established && unsolicited(conn) && o->bad_cycles > 0)
        report_unsolicited(conn, out, o->synack_frame, false);
}

/* ---- synack_ecn_reflected (RFC 3168 6.1.1, RFC 9768 3.1.2) */

static void ecn_reflected(const struct diag_step *step)
{
    unsigned asked = step->y->syn_flags & ECN_BITS;
    unsigned got = step->seg->flags & ECN_BITS;

    if (!step->synack || asked == 0 || got != asked || asked == DIAG_ECE ||
        diag_raised(step->conn, DIAG_synack_ecn_reflected))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_synack_ecn_reflected, DIAG_SERVER,
                                        step->seg->frame, step->conn->opening.last_frame);

    diag_cite(f, DIAG_ROLE_syn, step->conn->opening.last_frame);
    diag_cite(f, DIAG_ROLE_synack, step->seg->frame);
}

/* ---- syn_ecn_blocked (RFC 3168 6.1.1.1) */

#define SAME_PATH_NS (600 * DIAG_SECOND_NS)

static bool is_same_server(const struct diag_connection *a, const struct diag_connection *b)
{
    return memcmp(&a->endpoint[DIAG_SERVER].address, &b->endpoint[DIAG_SERVER].address,
                  sizeof a->endpoint[DIAG_SERVER].address) == 0;
}

static bool answers_ecn(const struct diag_connection *conn, const struct diag_connection *other)
{
    return is_same_server(conn, other) && other->opening.ecn_answered;
}

static bool is_blocked_too(const struct diag_connection *conn, const struct diag_connection *other)
{
    return is_same_server(conn, other) && diag_raised(other, DIAG_syn_ecn_blocked);
}

/* It is late rather than lost: it agrees to ECN, or the echo is the first SYN's. */
static bool answers_first_syn(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    if (step->seg->flags & ECN_BITS)
        return true;
    return step->seg->options & DIAG_OPT_TIMESTAMPS && step->seg->tsecr == o->first_tsval &&
           o->first_tsval != o->newest_tsval;
}

/* An ECN SYN unanswered or reset, and the first SYN without the bits answered at once. */
static void passes_without_ecn(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_opening *o = &conn->opening;

    if (!step->synack || !o->ecn_syns || o->ecn_answered || o->plain_syns != 1 ||
        answers_first_syn(step) || diag_raised(conn, DIAG_syn_ecn_blocked) ||
        diag_any_beside(conn, SAME_PATH_NS, answers_ecn))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_syn_ecn_blocked, DIAG_CLIENT, step->seg->frame, o->ecn_syns,
                   step->seg->time_ns - o->all_first_ns, o->all_first_frame);

    if (!f)
        return;
    f->cause = o->refusals ? DIAG_CAUSE_rst : DIAG_CAUSE_drop;
    f->confidence = o->refusals ? DIAG_MEDIUM : DIAG_LOW;
    if (!o->refusals)
        f->blame = DIAG_BLAME_MIDDLEBOX | DIAG_BLAME_PATH;
    diag_cite(f, DIAG_ROLE_syn, o->all_first_frame);
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, step->seg->frame);
}

static bool ecn_passes(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_syn_ecn_blocked && diag_any_beside(conn, SAME_PATH_NS, answers_ecn);
}

/* Once may be chance. */
static void blocked_again(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_syn_ecn_blocked);

    if (!said || diag_any_beside(conn, SAME_PATH_NS, answers_ecn) ||
        !diag_any_beside(conn, SAME_PATH_NS, is_blocked_too))
        return;
    struct diag_finding *f = diag_raise(out, said->id, said->side, said->frame, said->value[0],
                                        said->value[1], said->value[2]);

    if (!f)
        return;
    f->severity = DIAG_ERROR;
    f->cause = said->cause;
    f->confidence = DIAG_HIGH;
    diag_cite_again(f, said);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    rejected_unsolicited(conn, out);
    blocked_again(conn, out);
}

static void on_segment(const struct diag_step *step)
{
    second_opinion(step);
    ecn_reflected(step);
    passes_without_ecn(step);
}

const struct diag_rule diag_rule_negotiation = {.name = "negotiation",
                                                .sees = DIAG_SEES_SYN,
                                                .sees_applied = DIAG_SEES_OPENING,
                                                .on_segment = on_segment,
                                                .on_applied = accepted_unsolicited,
                                                .on_end = on_end,
                                                .overtaken = ecn_passes};
