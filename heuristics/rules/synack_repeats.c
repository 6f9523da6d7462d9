/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SYN/ACK is sent again after the client had completed the handshake: for the server it is not
 * complete. Whether the client had sent data by then, and whether they were accepted in the end,
 * tells a lost ACK from a server that defers, and both from a connection that never comes about.
 */
#include "core.h"

#include <string.h>

/* Connections to one listener that meet a full queue do so within this time. */
#define SAME_TROUBLE_NS (10 * DIAG_SECOND_NS)

/* ---- after the ACK, before any data */

static void repeated_after_ack(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    if (!step->synack || o->repeats_after_ack == 0 || step->y->data_segments ||
        diag_raised(step->conn, DIAG_synack_retx_after_ack))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_synack_retx_after_ack, DIAG_SERVER, step->seg->frame,
                   step->seg->time_ns - o->ack_ns, o->ack_frame, o->synack_frame);

    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    diag_cite(f, DIAG_ROLE_ack, o->ack_frame);
    diag_cite(f, DIAG_ROLE_synack, step->seg->frame);
}

/* ---- after the data: the cause */

static bool client_data_acked(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];

    return conn->half[DIAG_SERVER].acked_bytes ||
           (c->una_valid && c->syn && diag_seq_lt(c->isn + 1, c->una));
}

static bool ecn_on(const struct diag_connection *conn)
{
    const unsigned bits = DIAG_ECE | DIAG_CWR | DIAG_AE;

    return (conn->half[DIAG_CLIENT].syn_flags & bits) == (DIAG_ECE | DIAG_CWR) &&
           (conn->half[DIAG_SERVER].syn_flags & bits) == DIAG_ECE;
}

static bool same_listener(const struct diag_connection *a, const struct diag_connection *b)
{
    const struct diag_endpoint *x = &a->endpoint[DIAG_SERVER];
    const struct diag_endpoint *y = &b->endpoint[DIAG_SERVER];

    return x->port == y->port && memcmp(&x->address, &y->address, sizeof x->address) == 0;
}

static bool has_same_trouble(const struct diag_connection *conn,
                             const struct diag_connection *other)
{
    return other->opening.repeats_after_data > 0 && !client_data_acked(other) &&
           same_listener(conn, other);
}

/* The server goes on talking to somebody whom it had accepted before. */
static bool is_served(const struct diag_connection *conn, const struct diag_connection *other)
{
    return client_data_acked(other) && other->half[DIAG_SERVER].data_ns > conn->first_ns &&
           same_listener(conn, other);
}

static bool queue_is_full(const struct diag_connection *conn)
{
    return diag_any_beside(conn, SAME_TROUBLE_NS, has_same_trouble) &&
           diag_any_beside(conn, INT64_MAX, is_served);
}

/* The ACK echoes what no SYN/ACK bore: a server that checks it (Linux since 6.15) drops it. */
static bool echo_is_wrong(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;

    return o->synack_timestamps && o->ack_tsecr &&
           (diag_seq_lt(o->ack_tsecr, o->synack_tsval) ||
            diag_seq_lt(conn->half[DIAG_SERVER].tsval, o->ack_tsecr));
}

/* RFC 3168 6.1.5: what is sent again is Not-ECT. If that dies too, it is not the mark that is
 * dropped. */
static enum diag_cause why_not_accepted(const struct diag_connection *conn, bool verdict)
{
    if (echo_is_wrong(conn))
        return DIAG_CAUSE_bad_echo;
    if (ecn_on(conn) && conn->half[DIAG_CLIENT].again_not_ect)
        return DIAG_CAUSE_ecn_state;
    return verdict && queue_is_full(conn) ? DIAG_CAUSE_accept_queue : DIAG_CAUSE_unknown;
}

static void refine(struct diag_finding *f, enum diag_cause cause)
{
    f->cause = cause;
    f->confidence = cause == DIAG_CAUSE_unknown ? DIAG_LOW : DIAG_MEDIUM;
    if (cause == DIAG_CAUSE_accept_queue) {
        f->blame = DIAG_BLAME_SERVER;
        f->layer = DIAG_LAYER_APP;
    }
    if (cause == DIAG_CAUSE_bad_echo) {
        f->blame = DIAG_BLAME_CLIENT | DIAG_BLAME_MIDDLEBOX;
        f->layer = DIAG_LAYER_STACK;
    }
    if (cause == DIAG_CAUSE_ect_dropped)
        f->blame = DIAG_BLAME_MIDDLEBOX;
}

/* ---- after the data: the report */

static struct diag_finding *report(const struct diag_connection *conn, struct diag_out *out,
                                   uint32_t frame, enum diag_cause cause)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    uint32_t tries = 1 + (c->flight_count ? c->flight[0].again : c->again);
    struct diag_finding *f =
        diag_raise(out, DIAG_synack_retx_after_data, DIAG_SERVER, frame, o->repeats_after_data,
                   o->synack_last_ns - o->ack_ns, c->first_data_frame, tries, o->ack_tsecr,
                   o->synack_timestamps ? o->synack_tsval : 0);

    if (!f)
        return NULL;
    refine(f, cause);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    diag_cite(f, DIAG_ROLE_ack, o->ack_frame);
    diag_cite(f, DIAG_ROLE_data, c->first_data_frame);
    for (uint32_t i = o->synack_repeats - o->repeats_after_data;
         i < o->synack_repeats && i < DIAG_SYN_FRAMES; i++)
        diag_cite(f, DIAG_ROLE_synack, o->repeat_frame[i]);
    return f;
}

/* A first repeat may still be a lost ACK; the second is not. */
static void repeated_after_data(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    struct diag_finding *f = NULL;

    if (step->synack && o->repeats_after_data > 0 && o->repeats_after_data <= 2 &&
        !client_data_acked(step->conn))
        f = report(step->conn, step->out, step->seg->frame, why_not_accepted(step->conn, false));
    if (f && o->repeats_after_data == 1)
        f->severity = DIAG_NOTE;
}

/* All that died was marked, at least twice, and the first copy without the mark was accepted. One
 * marked segment may just have been lost. */
static bool only_marked_ones_died(const struct diag_step *step)
{
    const struct diag_half *c = step->y;
    uint32_t marked = c->again - c->again_not_ect;

    for (uint32_t i = 0; i < c->flight_count; i++)
        marked += c->flight[i].ecn != 0;
    return ecn_on(step->conn) && c->again_not_ect == 1 && marked >= 2;
}

static void accepted_without_mark(const struct diag_step *step)
{
    struct diag_finding *f = NULL;

    if (step->from == DIAG_SERVER && !step->synack && step->advances &&
        step->conn->opening.repeats_after_data > 0 && !client_data_acked(step->conn) &&
        only_marked_ones_died(step))
        f = report(step->conn, step->out, step->seg->frame, DIAG_CAUSE_ect_dropped);
    if (!f)
        return;
    f->severity = DIAG_WARN;
    diag_cite(f, DIAG_ROLE_retransmission, step->y->flight[0].again_frame);
    diag_cite(f, DIAG_ROLE_ack, step->seg->frame);
}

/* What was accepted in the end was late, or lost like anything else: told by other findings. */
static void accepted_in_the_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_synack_retx_after_data);
    bool lost = conn->half[DIAG_CLIENT].again > 0;

    if (!said || said->cause != DIAG_CAUSE_ect_dropped)
        diag_excuse(report(conn, out, conn->opening.synack_last_frame,
                           lost ? DIAG_CAUSE_late : DIAG_CAUSE_defer_accept));
}

static void after_data_for_good(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;

    if (o->repeats_after_data == 0)
        return;
    if (client_data_acked(conn)) {
        accepted_in_the_end(conn, out);
        return;
    }
    struct diag_finding *f = report(conn, out, o->synack_last_frame, why_not_accepted(conn, true));

    if (f && o->repeats_after_data == 1 && diag_near_end(conn, o->synack_last_ns))
        f->severity = DIAG_NOTE;
}

static void on_applied(const struct diag_step *step)
{
    repeated_after_ack(step);
    repeated_after_data(step);
}

const struct diag_rule diag_rule_synack_repeats = {.name = "synack_repeats",
                                                   .sees_applied = DIAG_SEES_SYN,
                                                   .on_segment = accepted_without_mark,
                                                   .on_applied = on_applied,
                                                   .on_end = after_data_for_good};
