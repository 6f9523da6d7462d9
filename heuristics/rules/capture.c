/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture quality: what the file itself hides. These findings accuse nobody; they lower or silence
 * the others.
 */
#include "tcp/loss.h"

static void begins_in_the_middle(const struct diag_step *step)
{
    if (step->conn->midstream && step->conn->first_frame == step->seg->frame)
        diag_raise(step->out, DIAG_cap_midstream, step->from, step->seg->frame, step->seg->frame);
}

static void report_gap(const struct diag_step *step, enum diag_side sender, uint32_t missing,
                       uint32_t gap_frame)
{
    if (diag_raised(step->conn, DIAG_cap_gap_not_captured))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_cap_gap_not_captured, sender,
                                        step->seg->frame, missing, gap_frame);

    diag_cite(f, DIAG_ROLE_gap, gap_frame);
    diag_cite(f, DIAG_ROLE_ack, step->seg->frame);
}

static void count_gap(struct diag_engine *engine, const struct diag_hole *hole)
{
    engine->gaps++;
    engine->gap_bytes += hole->end - hole->seq;
    engine->gap_frame = hole->frame;
}

/* A hole that the receiver acknowledges without having been sent again: the bytes did arrive. */
static void acknowledged_holes(const struct diag_step *step)
{
    const struct diag_half *y = step->y;

    if (!(step->seg->flags & DIAG_ACK) || step->rst)
        return;
    for (uint32_t i = 0; i < y->hole_count; i++) {
        if (!diag_seq_le(y->hole[i].end, step->seg->ack))
            continue;
        count_gap(step->out->engine, &y->hole[i]);
        report_gap(step, diag_peer(step->from), y->hole[i].end - y->hole[i].seq, y->hole[i].frame);
    }
}

/* The receiver had acknowledged the missing bytes before this segment showed that they are missing.
 */
static void gap_known_to_be_received(const struct diag_step *step)
{
    if (step->gap && step->y->ack_valid && diag_seq_le(step->seg->seq, step->y->ack))
        report_gap(step, step->from, step->gap, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    begins_in_the_middle(step);
    acknowledged_holes(step);
    gap_known_to_be_received(step);
}

static void one_direction(const struct diag_connection *conn, struct diag_out *out)
{
    enum diag_side seen = conn->half[DIAG_CLIENT].segments ? DIAG_CLIENT : DIAG_SERVER;
    const struct diag_half *x = &conn->half[seen];

    if (!diag_one_way(conn))
        return;
    struct diag_finding *f = diag_raise(out, DIAG_cap_one_way, seen, x->first_frame, x->segments,
                                        (int64_t)x->acked_bytes);

    diag_cite(f, DIAG_ROLE_first, x->first_frame);
    diag_cite(f, DIAG_ROLE_last, x->last_frame);
}

/* For an ACK, or for bytes that are missing. */
static bool waits_for_peer(const struct diag_half *x, const struct diag_half *y)
{
    return (x->flight_count && x->flight[0].again > 0) || diag_asked_hole(y);
}

/* Somebody waits for an answer: the client for a SYN/ACK or a response, or a side for an ACK. */
static bool waits(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    if (conn->closer != DIAG_NO_SIDE)
        return false;
    if (o->syns && !o->answered)
        return true;
    if (o->synack_frame && !o->ack_frame)
        return true;
    return (conn->request.open && conn->request.due) || diag_in_tls_handshake(conn) ||
           waits_for_peer(c, s) || waits_for_peer(s, c);
}

/* As long as the silence is not long enough to be judged, it is pending. */
static int64_t patience(const struct diag_connection *conn)
{
    const struct diag_settings *s = &conn->engine->settings;
    uint32_t tail = s->capture_tail;

    if (conn->request.open && conn->request.due && conn->request.acked_frame)
        tail = MAX(tail, diag_in_tls_handshake(conn) ? s->tls_silence : s->server_silence);
    return diag_ms(tail);
}

/* Enough to say that nobody answers. */
static bool has_asked_thrice(const struct diag_opening *o)
{
    return !o->answered && o->series >= 3;
}

static void file_ends_in_a_wait(const struct diag_connection *conn, struct diag_out *out)
{
    int64_t left = conn->engine->last_ns - conn->last_ns;
    enum diag_side last =
        conn->half[DIAG_CLIENT].last_frame == conn->last_frame ? DIAG_CLIENT : DIAG_SERVER;

    if (!waits(conn) || diag_one_way(conn) || left >= patience(conn) ||
        has_asked_thrice(&conn->opening))
        return;
    struct diag_finding *f = diag_raise(out, DIAG_cap_ends_early, last, conn->last_frame, left);

    diag_cite(f, DIAG_ROLE_last, conn->last_frame);
}

/* The capture began with a keep-alive probe (RFC 9293 3.8.4), one below the number that its peer
 * acknowledges. */
static bool is_probe(const struct diag_connection *conn, const struct diag_half *x,
                     uint32_t missing)
{
    return conn->midstream && missing == 1 && !x->bytes;
}

/* The last bytes of this side were acknowledged, and never captured. */
static void lacks_the_end(const struct diag_connection *conn, enum diag_side sender,
                          struct diag_out *out)
{
    const struct diag_half *x = &conn->half[sender];
    const struct diag_half *y = &conn->half[diag_peer(sender)];
    uint32_t missing = diag_unseen(conn, sender);

    if (!missing || x->fin || is_probe(conn, x, missing) ||
        diag_raised(conn, DIAG_cap_gap_not_captured) ||
        !(conn->opening.established || conn->midstream))
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_cap_gap_not_captured, sender, y->ack_frame, missing, y->ack_frame);

    diag_cite(f, DIAG_ROLE_last, x->last_frame);
    diag_cite(f, DIAG_ROLE_ack, y->ack_frame);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    one_direction(conn, out);
    lacks_the_end(conn, DIAG_CLIENT, out);
    lacks_the_end(conn, DIAG_SERVER, out);
    file_ends_in_a_wait(conn, out);
}

/* What was missing came after its ACK: the frames stand in the wrong order, and are all there. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->id == DIAG_cap_gap_not_captured && !event->verdict &&
           diag_loss_is_made_up_for(conn, (uint32_t)event->value[1]);
}

const struct diag_rule diag_rule_capture = {.name = "capture",
                                            .sees = DIAG_SEES_FIRST | DIAG_SEES_GAP,
                                            .on_segment = on_segment,
                                            .on_end = on_end,
                                            .overtaken = overtaken};
