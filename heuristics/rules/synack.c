/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SYN/ACK: what it echoes, and that nobody takes it. Its numbers are checked only when the
 * client rejects it: a wrong value that everybody accepts is no fault of today.
 */
#include "rules/connect.h"

/* The client's timestamp clock when nothing else tells (RFC 7323 5.4 allows 1 ms to 1 s). */
#define TICK_NS DIAG_MS_NS
/* A SYN that was sent before the capture began may be this much older (Linux: tcp_syn_retries). */
#define OLDER_SYN_TICKS 130000
/* Of its repeats; the last one is cited in any case. */
#define MOST_CITED 5

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
    return o->first_tsval - o->synack_tsecr < OLDER_SYN_TICKS;
}

/* The reset was not captured, or never sent: that the client asks again says the same. */
static void asked_again(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_opening *o = &conn->opening;

    if (!step->syn || !o->synack_frame || o->ack_frame || o->over || step->x->isn != step->seg->seq)
        return;
    if (!diag_good_echo(conn) && !maybe_an_older_syn(o) && o->synack_ack == step->x->isn + 1 &&
        !diag_raised(conn, DIAG_synack_bad_tsecr))
        diag_report_bad_echo(step);
}

/* The client took the SYN/ACK all the same. */
static void wrong_echo(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_opening *o = &conn->opening;

    if (o->ack_frame != step->seg->frame || !o->synack_frame ||
        diag_raised(conn, DIAG_synack_bad_tsecr) || diag_good_echo(conn) || maybe_an_older_syn(o))
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

    if (!step->synack || step->from == DIAG_CLIENT || !o->syns || !o->timestamps ||
        o->newest_tsval == 0)
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
    for (uint32_t i = 0; i < MIN(o->synack_repeats, MOST_CITED); i++)
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

static void on_segment(const struct diag_step *step)
{
    echo_of_zero(step);
    asked_again(step);
}

static void on_applied(const struct diag_step *step)
{
    wrong_echo(step);
    nobody_acks(step);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_synack_no_ack);

    if (waits_for_ack(o) && !diag_near_end(conn, o->synack_ns) &&
        (!said || said->value[0] != o->synack_repeats + 1))
        report_no_ack(conn, out);
}

const struct diag_rule diag_rule_synack = {.name = "synack",
                                           .sees = DIAG_SEES_SYN,
                                           .sees_applied = DIAG_SEES_SYN | DIAG_SEES_OPENING,
                                           .on_segment = on_segment,
                                           .on_applied = on_applied,
                                           .on_end = on_end};
