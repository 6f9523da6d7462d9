/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sent, and never arrived: a hole in the sender's bytes for which the receiver asks, told from a
 * hole in the capture; and a FIN that counts a byte which never was.
 */
#include "rules/blame.h"
#include "rules/silence.h"

/* Below this the missing bytes may be a miscounted FIN rather than data. */
#define FIN_JUMP_BYTES 2
#define GAP_CERTAIN_NS (3 * DIAG_SECOND_NS)

/* ---- sent, and never arrived: the hole that the receiver keeps asking for */

/* Since when the bytes are awaited: the whole request, where they answer one; else what shows the
 * hole. */
static int64_t sent_since(const struct diag_connection *conn, const struct diag_hole *hole,
                          uint32_t *frame)
{
    const struct diag_request *r = &conn->request;
    bool answers = r->open && r->acked_frame && r->last_ns < hole->time_ns;

    *frame = answers ? r->last_frame : hole->frame;
    return answers ? r->last_ns : hole->time_ns;
}

/* As the receiver sees a path that carries less than both ends believe: full segments never came,
 * in no copy, and never had; a smaller one behind them did. */
static bool is_for_its_size(const struct diag_connection *conn, enum diag_side side,
                            const struct diag_hole *hole)
{
    const struct diag_half *x = &conn->half[side];
    const uint32_t options = 60; /* a full segment is smaller than the MSS by its TCP options */

    return conn->half[diag_peer(side)].mss > x->passed + options &&
           diag_only_small_ones_pass(conn, side, hole->end - hole->seq);
}

static void report_lost(const struct diag_connection *conn, struct diag_out *out,
                        enum diag_side side, uint32_t frame, int64_t now_ns)
{
    const struct diag_hole *hole = diag_asked_hole(&conn->half[side]);
    uint32_t since;
    int64_t waited = now_ns - sent_since(conn, hole, &since);
    struct diag_finding *f =
        diag_raise(out, DIAG_response_lost_fin_gap, side, frame, hole->end - hole->seq, waited,
                   hole->frame, hole->asked_frame, since);

    if (!f)
        return;
    if (waited >= GAP_CERTAIN_NS)
        f->cause = is_for_its_size(conn, side, hole) ? DIAG_CAUSE_pmtu : DIAG_CAUSE_selective;
    diag_cite(f, DIAG_ROLE_request, conn->request.frame);
    diag_cite(f, conn->half[side].fin_frame == hole->frame ? DIAG_ROLE_fin : DIAG_ROLE_data,
              hole->frame);
    diag_cite(f, DIAG_ROLE_duplicate_ack, hole->asked_frame);
}

static bool is_lost_for_good(const struct diag_connection *conn, enum diag_side side,
                             int64_t now_ns, bool closing)
{
    const struct diag_hole *hole = diag_asked_hole(&conn->half[side]);

    if (!hole || hole->end - hole->seq <= FIN_JUMP_BYTES)
        return false;
    return closing || now_ns - hole->time_ns >= GAP_CERTAIN_NS;
}

static void missing_for_good(const struct diag_step *step)
{
    enum diag_side sender = diag_peer(step->from);
    bool closing = step->x->fin_frame == step->seg->frame || step->rst;

    if (!diag_raised(step->conn, DIAG_response_lost_fin_gap) &&
        is_lost_for_good(step->conn, sender, step->seg->time_ns, closing))
        report_lost(step->conn, step->out, sender, step->seg->frame, step->seg->time_ns);
}

/* ---- a FIN that counts a byte which never was */

static bool only_fin_behind(const struct diag_half *x, const struct diag_hole *hole)
{
    return hole->end == x->fin_seq && hole->end - hole->seq <= FIN_JUMP_BYTES;
}

static void fin_too_far(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_hole *hole = diag_asked_hole(x);

    if (!step->fin || !hole || !only_fin_behind(x, hole) ||
        diag_raised(step->conn, DIAG_fin_seq_jump))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_fin_seq_jump, step->from, step->seg->frame,
                                        hole->end - hole->seq, x->fin_repeats, x->fin_frame);

    if (f)
        f->blame = diag_blame_side(step->from);
    diag_cite(f, DIAG_ROLE_fin, x->fin_frame);
    diag_cite(f, DIAG_ROLE_duplicate_ack, hole->asked_frame);
    diag_cite(f, DIAG_ROLE_fin, step->seg->frame);
}

static void fin_too_far_in_all(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_fin_seq_jump);

    if (!said)
        return;
    const struct diag_half *x = &conn->half[said->side];

    if (!diag_asked_hole(x) || x->fin_repeats == said->value[1])
        return;
    struct diag_finding *f = diag_raise(out, DIAG_fin_seq_jump, said->side, said->frame,
                                        said->value[0], x->fin_repeats, x->fin_frame);

    f->blame = said->blame;
    diag_cite_again(f, said);
}

static void on_applied(const struct diag_step *step)
{
    missing_for_good(step);
    fin_too_far(step);
}

static void end_of_side(const struct diag_connection *conn, struct diag_out *out,
                        enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    bool closing = conn->half[diag_peer(side)].fin || conn->half[diag_peer(side)].rst_frame;

    if (!diag_raised(conn, DIAG_response_lost_fin_gap) &&
        is_lost_for_good(conn, side, conn->engine->last_ns, false))
        report_lost(conn, out, side, diag_asked_hole(x)->frame,
                    closing ? conn->last_ns : conn->engine->last_ns);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    fin_too_far_in_all(conn, out);
    end_of_side(conn, out, DIAG_CLIENT);
    end_of_side(conn, out, DIAG_SERVER);
}

/* The missing bytes came after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    const struct diag_half *x = &conn->half[event->side];

    if (event->id != DIAG_response_lost_fin_gap && event->id != DIAG_fin_seq_jump)
        return false;
    for (uint32_t i = 0; i < x->hole_count; i++)
        if (x->hole[i].frame == event->value[2])
            return false;
    return true;
}

const struct diag_rule diag_rule_holes = {.name = "holes",
                                          .sees_applied = DIAG_SEES_GAP,
                                          .on_applied = on_applied,
                                          .on_end = on_end,
                                          .overtaken = overtaken};
