/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was agreed about congestion marks, and what became of those that were seen. */
#include "tcp/ecn.h"
#include "tcp/spent.h"

/* ---- what was agreed */

/* RFC 3168 6.1.1, RFC 9768 3.1.2: what the SYN/ACK makes of an offer. */
static enum diag_ecn answer_to(unsigned asked, unsigned answer)
{
    const bool accurate = asked & DIAG_AE;

    if (answer == asked)
        return DIAG_ECN_REFLECTED;
    if (answer == DIAG_ECE || (!accurate && answer == (DIAG_AE | DIAG_ECE)))
        return DIAG_ECN_ON;
    return accurate && answer ? DIAG_ECN_ACCURATE : DIAG_ECN_REFUSED;
}

enum diag_ecn diag_ecn_of(const struct diag_connection *conn)
{
    unsigned syn = conn->half[DIAG_CLIENT].syn_flags & DIAG_ECN_BITS;
    unsigned synack = conn->half[DIAG_SERVER].syn_flags & DIAG_ECN_BITS;

    if (!conn->half[DIAG_CLIENT].syn)
        return DIAG_ECN_UNKNOWN;
    if (syn != (DIAG_ECE | DIAG_CWR) && syn != DIAG_ECN_BITS)
        return DIAG_ECN_OFF;
    if (!conn->half[DIAG_SERVER].syn)
        return DIAG_ECN_OFFERED;
    if (!synack && conn->opening.plain_syns)
        return DIAG_ECN_FALLBACK;
    return answer_to(syn, synack);
}

const char *diag_ecn_state(const struct diag_connection *conn)
{
    static const char *const names[] = {
        [DIAG_ECN_UNKNOWN] = "unknown",     [DIAG_ECN_OFF] = "off",
        [DIAG_ECN_OFFERED] = "offered",     [DIAG_ECN_REFUSED] = "refused",
        [DIAG_ECN_FALLBACK] = "fallback",   [DIAG_ECN_ON] = "on",
        [DIAG_ECN_REFLECTED] = "reflected", [DIAG_ECN_ACCURATE] = "accecn"};

    return names[diag_ecn_of(conn)];
}

/* ---- marks */

bool diag_sees_ecn(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_connection *conn = step->conn;

    if (conn->marks || (seg->ecn && (seg->ecn == DIAG_CE || conn->ecn_off)))
        return true;
    return (seg->flags & (DIAG_ECE | DIAG_CWR)) && !(seg->flags & DIAG_SYN);
}

static struct diag_marks *marks_of(struct diag_connection *conn)
{
    if (!conn->marks)
        conn->marks = g_new0(struct diag_marks, 2);
    return conn->marks;
}

static void take_cwr(struct diag_marks *m, const struct diag_step *step)
{
    m->answers = true;
    m->ece_frame = m->ece_acks = m->fresh = 0;
    if (!m->cwr_frame) {
        m->cwr_frame = step->seg->frame;
        m->cwr_end = step->end;
        m->stuck = 0;
    }
    /* It ends the echo: an ACK that covers a mark before it owes none. */
    m->ce_frame = 0;
}

static void take_data(struct diag_marks *m, const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    /* The marked segment may have been lost behind the capture: its copy has no mark. */
    if (step->again && diag_seq_lt(seg->seq, m->ce_end))
        m->ce_frame = 0;
    if (!step->fresh || !seg->payload)
        return;
    if (seg->flags & DIAG_CWR)
        take_cwr(m, step);
    else if (m->ece_frame)
        m->fresh++;
    if (seg->ecn != DIAG_CE)
        return;
    m->ce_seen = true;
    m->cwr_frame = 0;
    if (!m->ce_frame) {
        m->ce_frame = seg->frame;
        m->ce_end = step->end;
        m->ce_acks = 0;
    }
}

static void take_echo(struct diag_marks *m, const struct diag_segment *seg)
{
    m->echoed = true;
    m->ce_frame = 0;
    if (!m->ece_frame) {
        m->ece_frame = seg->frame;
        m->ece_ns = seg->time_ns;
    }
    m->ece_acks++;
    if (m->cwr_frame && diag_seq_le(m->cwr_end, seg->ack) && m->stuck++ == 0)
        m->stuck_ns = seg->time_ns;
}

static void take_plain_ack(struct diag_marks *m, const struct diag_segment *seg)
{
    m->ece_frame = m->ece_acks = m->fresh = 0;
    if (m->cwr_frame && diag_seq_le(m->cwr_end, seg->ack))
        m->cwr_frame = 0;
    if (!m->ce_frame || diag_seq_lt(seg->ack, m->ce_end) || ++m->ce_acks < 2)
        return;
    if (m->missed++ == 0)
        m->missed_frame = m->ce_frame;
    m->ce_frame = 0;
}

/* In accurate ECN the same three bits are a counter. */
void diag_ecn_apply(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;

    /* Marks that nobody agreed to are told once. */
    conn->ecn_off = conn->ecn_off && !(step->seg->ecn && step->seg->payload);
    if (step->seg->flags & (DIAG_SYN | DIAG_RST) || diag_ecn_of(conn) != DIAG_ECN_ON)
        return;
    struct diag_marks *marks = marks_of(conn);

    take_data(&marks[step->from], step);
    if (!(step->seg->flags & DIAG_ACK))
        return;
    if (step->seg->flags & DIAG_ECE)
        take_echo(&marks[diag_peer(step->from)], step->seg);
    else
        take_plain_ack(&marks[diag_peer(step->from)], step->seg);
}

/* ---- marked data that are lost */

/* The ACK echoes an older timestamp than the copy's, or comes too soon after it. */
static bool original_arrived(const struct diag_step *step, const struct diag_range *range)
{
    if (step->seg->options & DIAG_OPT_TIMESTAMPS && step->seg->tsecr)
        return diag_seq_lt(step->seg->tsecr, range->again_tsval);
    return step->seg->time_ns - range->again_ns < diag_way_to(step->conn, step->from) / 2;
}

/* Counted only if the path was in use just before: the first packet after a pause may be lost to a
 * link that wakes up; and one burst is one loss. */
void diag_ecn_taken(const struct diag_step *step, const struct diag_range *range)
{
    if (!range->again || range->sacked || original_arrived(step, range)) {
        step->y->ect_passed = true;
        return;
    }
    if (range->again > 1 || range->again_ecn || !range->busy)
        return;
    struct diag_marks *m = &marks_of(step->conn)[diag_peer(step->from)];

    if (m->ect_lost && range->time_ns <= m->ect_ns)
        return;
    if (m->ect_lost++ == 0) {
        m->ect_frame = range->frame;
        m->copy_frame = range->again_frame;
    }
    m->ect_ns = step->seg->time_ns;
}
