/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SYN/ACK: what it echoes, and what it means that it is sent again. Its numbers are checked
 * only when the client rejects it: a wrong value that everybody accepts is no fault of today.
 */
#include "connect.h"

/* The client's timestamp clock when nothing else tells (RFC 7323 5.4 allows 1 ms to 1 s). */
#define TICK_NS DIAG_MS_NS
/* A SYN that was sent before the capture began may be this much older (Linux: tcp_syn_retries). */
#define OLDER_SYN_TICKS 130000

/* ---- echo of the timestamp */

/* Not older than the first SYN, not newer than the newest could be by now. */
bool diag_good_echo(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;
    int64_t elapsed = o->synack_ns - o->newest_ns;
    uint32_t newest = o->newest_tsval + (uint32_t)(diag_max_ns(elapsed, 0) / TICK_NS) + 1;

    if (!o->synack_timestamps || !o->timestamps || o->synack_tsecr == 0)
        return true;
    return diag_seq_le(o->first_tsval, o->synack_tsecr) && diag_seq_le(o->synack_tsecr, newest);
}

struct diag_finding *diag_report_bad_echo(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_synack_bad_tsecr, DIAG_SERVER, step->seg->frame, o->synack_tsecr,
                   o->newest_tsval, o->bad_cycles + 1, o->synack_frame);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    diag_cite(f,
              step->rst   ? DIAG_ROLE_rst
              : step->syn ? DIAG_ROLE_syn
                          : DIAG_ROLE_ack,
              step->seg->frame);
    return f;
}

static bool maybe_an_older_syn(const struct diag_opening *o)
{
    uint32_t older = o->first_tsval - o->synack_tsecr;

    return older < OLDER_SYN_TICKS && o->syns == 1;
}

/* The client took the SYN/ACK all the same, or (without a reset in the capture) asked again. */
static void wrong_echo(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_opening *o = &conn->opening;
    bool accepted = o->ack_frame == step->seg->frame;

    if (!o->synack_frame || diag_raised(conn, DIAG_synack_bad_tsecr) || diag_good_echo(conn))
        return;
    if (!accepted || maybe_an_older_syn(o))
        return;
    struct diag_finding *f = diag_report_bad_echo(step);

    if (!f)
        return;
    f->severity = DIAG_NOTE;
    f->value[2] = 0;
    f->confidence = DIAG_MEDIUM;
}

static void echo_of_zero(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    const struct diag_segment *seg = step->seg;

    if (!step->synack || !o->syns || !o->timestamps || o->newest_tsval == 0)
        return;
    if (!(seg->options & DIAG_OPT_TIMESTAMPS) || seg->tsecr != 0 ||
        diag_raised(step->conn, DIAG_synack_zero_ts))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_synack_zero_ts, DIAG_SERVER, seg->frame,
                                        o->newest_tsval, o->last_frame);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, seg->frame);
}

/* ---- SYN/ACK sent again */

static void cite_synacks(struct diag_finding *f, const struct diag_opening *o)
{
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    for (uint32_t i = 0; i < o->synack_repeats && i < DIAG_SYN_FRAMES - 2; i++)
        diag_cite(f, DIAG_ROLE_synack, o->repeat_frame[i]);
    diag_cite(f, DIAG_ROLE_synack, o->synack_last_frame);
}

static void report_no_ack(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;
    struct diag_finding *f =
        diag_raise(out, DIAG_synack_no_ack, DIAG_CLIENT, o->synack_last_frame,
                   o->synack_repeats + 1, o->synack_last_ns - o->synack_ns, o->synack_frame);

    diag_cite(f, DIAG_ROLE_syn, o->all_first_frame);
    cite_synacks(f, o);
}

static bool waits_for_ack(const struct diag_opening *o)
{
    return o->synack_frame && !o->ack_frame && !o->over && o->synack_repeats > 0;
}

static void nobody_acks(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    if (step->synack && waits_for_ack(o) &&
        o->synack_last_ns - o->synack_ns >= 3 * DIAG_SECOND_NS &&
        !diag_raised(step->conn, DIAG_synack_no_ack))
        report_no_ack(step->conn, step->out);
}

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

static bool client_data_acked(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];

    return c->una_valid && diag_seq_lt(c->isn + 1, c->una);
}

static bool ecn_on(const struct diag_connection *conn)
{
    const unsigned bits = DIAG_ECE | DIAG_CWR | DIAG_AE;

    return (conn->half[DIAG_CLIENT].syn_flags & bits) == (DIAG_ECE | DIAG_CWR) &&
           (conn->half[DIAG_SERVER].syn_flags & bits) == DIAG_ECE;
}

/* RFC 3168 6.1.5: retransmissions are Not-ECT. If those die too, it is not the mark that is
 * dropped; if one of them passes, it is. */
static enum diag_cause ecn_cause(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];

    if (client_data_acked(conn))
        return ecn_on(conn) && c->again_not_ect ? DIAG_CAUSE_ect_dropped : DIAG_CAUSE_defer_accept;
    return ecn_on(conn) && c->again_not_ect ? DIAG_CAUSE_ecn_state : DIAG_CAUSE_unknown;
}

static struct diag_finding *report_after_data(const struct diag_connection *conn,
                                              struct diag_out *out, uint32_t frame)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    uint32_t tries = 1 + (c->flight_count ? c->flight[0].again : c->again);
    struct diag_finding *f =
        diag_raise(out, DIAG_synack_retx_after_data, DIAG_SERVER, frame, o->repeats_after_data,
                   o->synack_last_ns - o->ack_ns, c->first_data_frame, tries);

    if (!f)
        return NULL;
    f->cause = ecn_cause(conn);
    f->confidence = f->cause == DIAG_CAUSE_unknown ? DIAG_LOW : DIAG_MEDIUM;
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
        f = report_after_data(step->conn, step->out, step->seg->frame);
    if (f && o->repeats_after_data == 1)
        f->severity = DIAG_NOTE;
}

static void after_data_for_good(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;

    if (o->repeats_after_data == 0)
        return;
    struct diag_finding *f = report_after_data(conn, out, o->synack_last_frame);

    if (!f)
        return;
    if (f->cause == DIAG_CAUSE_defer_accept)
        diag_excuse(f);
    else if (f->cause == DIAG_CAUSE_ect_dropped)
        f->severity = DIAG_WARN;
    else if (o->repeats_after_data == 1 && diag_near_end(conn, o->synack_last_ns))
        f->severity = DIAG_NOTE;
}

static void on_segment(const struct diag_step *step)
{
    echo_of_zero(step);
}

static void on_applied(const struct diag_step *step)
{
    wrong_echo(step);
    nobody_acks(step);
    repeated_after_ack(step);
    repeated_after_data(step);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_synack_no_ack);

    if (waits_for_ack(o) && !diag_near_end(conn, o->synack_ns) &&
        (!said || said->value[0] != o->synack_repeats + 1))
        report_no_ack(conn, out);
    after_data_for_good(conn, out);
}

const struct diag_rule diag_rule_synack = {
    .name = "synack", .on_segment = on_segment, .on_applied = on_applied, .on_end = on_end};
