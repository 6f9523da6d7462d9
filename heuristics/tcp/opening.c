/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opening of a connection: series of SYNs, the SYN/ACKs that answer them, the ACK that ends the
 * handshake (RFC 9293 3.5); and the history in Zeek's letters.
 */
#include "tcp/ecn.h"

#include <string.h>

/* RFC 3168 6.1.1: an ECN-setup SYN has both bits. */
static bool asks_for_ecn(const struct diag_segment *seg)
{
    return (seg->flags & (DIAG_ECE | DIAG_CWR)) == (DIAG_ECE | DIAG_CWR);
}

static void begin_series(struct diag_opening *o, const struct diag_segment *seg)
{
    bool same_clock = o->timestamps && (seg->options & DIAG_OPT_TIMESTAMPS);

    o->attempts++;
    o->series = 0;
    memset(o->frame, 0, sizeof o->frame);
    o->first_ns = seg->time_ns;
    o->ecn = asks_for_ecn(seg);
    o->answered = o->over = false;
    o->synack_frame = o->ack_frame = 0;
    o->synack_repeats = o->repeats_after_ack = o->repeats_after_data = 0;
    o->established = false;
    /* All SYNs of a stream come from one clock: an echo of an earlier one is legal. */
    if (!same_clock)
        o->first_tsval = seg->tsval;
}

static void take_offer(struct diag_half *x, const struct diag_segment *seg)
{
    x->syn = true;
    x->syn_flags = seg->flags;
    x->options = seg->options;
    x->mss = seg->mss;
    x->wscale = seg->options & DIAG_OPT_WSCALE ? seg->wscale : 0;
}

static void count_ecn(struct diag_opening *o, const struct diag_segment *seg)
{
    if (asks_for_ecn(seg))
        o->ecn_syns++;
    else if (o->ecn_syns)
        o->plain_syns++;
}

static void note_syn_frame(struct diag_opening *o, const struct diag_segment *seg)
{
    if (o->series < DIAG_SYN_FRAMES)
        o->frame[o->series] = seg->frame;
    if (!o->syns++) {
        o->all_first_ns = seg->time_ns;
        o->all_first_frame = seg->frame;
    }
    count_ecn(o, seg);
    o->series++;
    o->last_ns = seg->time_ns;
    o->last_frame = seg->frame;
    o->timestamps = seg->options & DIAG_OPT_TIMESTAMPS;
    o->newest_tsval = seg->tsval;
    o->newest_ns = seg->time_ns;
}

static void apply_syn(const struct diag_step *step)
{
    struct diag_opening *o = &step->conn->opening;
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;

    /* A copy that wandered about: who has acknowledged anything asks no more. */
    if (x->syn && x->isn == seg->seq && x->ack_valid && !o->over)
        return;
    /* The client asks again although it was answered: it did not take the answer. */
    if (o->synack_frame && !o->ack_frame && !o->over)
        o->bad_cycles += !diag_good_echo(step->conn);
    if (!o->syns || o->over || (x->syn && x->isn != seg->seq))
        begin_series(o, seg);
    note_syn_frame(o, seg);
    /* The retry may offer less (ECN off): what counts is what the first SYN of the series asked. */
    if (o->series == 1)
        take_offer(x, seg);
    x->isn = seg->seq;
    x->nxt = step->end;
    x->una_valid = false;
}

/*
 * On a path slower than the client's first retry the server answers every SYN, and its answers
 * arrive after the ACK. Only what is more than that is its timer's: all of them, when the echo says
 * that the last SYN was the first to arrive.
 */
static bool answers_another_syn(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    int64_t since = step->seg->time_ns - o->last_ns;
    int64_t first = o->synack_ns - o->first_ns;

    if (o->synack_repeats + 1 >= o->series)
        return false;
    if (o->synack_timestamps && step->seg->options & DIAG_OPT_TIMESTAMPS)
        return step->seg->tsecr != o->newest_tsval || o->synack_tsecr != o->newest_tsval;
    return since <= first + first / 2;
}

static void repeat_synack(const struct diag_step *step)
{
    struct diag_opening *o = &step->conn->opening;
    bool timer = !answers_another_syn(step);

    if (o->synack_repeats < DIAG_SYN_FRAMES)
        o->repeat_frame[o->synack_repeats] = step->seg->frame;
    o->synack_repeats++;
    o->repeats_after_ack += timer && o->ack_frame != 0;
    o->repeats_after_data += timer && step->y->data_segments > 0;
}

/* Another initial sequence number: what was read so far was said to somebody else. */
static void forget_tls(struct diag_connection *conn)
{
    if (conn->tls)
        diag_tls_free(conn->tls);
    conn->tls = NULL;
}

static void first_synack(const struct diag_step *step)
{
    struct diag_opening *o = &step->conn->opening;
    const struct diag_segment *seg = step->seg;

    if (o->synack_frame)
        forget_tls(step->conn);
    /* What was reset before was another answer. */
    o->over = o->over && seg->ack != step->y->isn + 1;
    o->synack_frame = seg->frame;
    o->synack_ns = seg->time_ns;
    o->synack_repeats = 0;
    o->synack_ack = seg->ack;
    o->synack_timestamps = seg->options & DIAG_OPT_TIMESTAMPS;
    o->synack_tsval = seg->tsval;
    o->synack_tsecr = seg->tsecr;
    if (o->series == 1 && o->rtt_ns == DIAG_UNKNOWN_NS)
        o->rtt_ns = seg->time_ns - o->first_ns;
    take_offer(step->x, seg);
    enum diag_ecn ecn = diag_ecn_of(step->conn);

    step->conn->ecn_off = ecn != DIAG_ECN_UNKNOWN && ecn != DIAG_ECN_ON && ecn != DIAG_ECN_ACCURATE;
    step->x->isn = seg->seq;
    step->x->nxt = step->end;
}

static void apply_synack(const struct diag_step *step)
{
    struct diag_opening *o = &step->conn->opening;
    const struct diag_segment *seg = step->seg;

    if (o->synack_frame && step->x->isn == seg->seq)
        repeat_synack(step);
    else if (!o->ack_frame)
        first_synack(step);
    else
        return; /* the client has taken another one: this one belongs to nothing */
    o->synacks++;
    o->answered = true;
    /* Nobody agrees to what was not asked: then an earlier SYN had arrived. */
    o->ecn_answered |= o->ecn_syns && (!o->plain_syns || seg->flags & DIAG_ECN_BITS);
    o->synack_last_frame = seg->frame;
    o->synack_last_ns = seg->time_ns;
    step->x->ack = seg->ack;
    step->x->ack_valid = true;
    if (!step->y->una_valid || diag_seq_lt(step->y->una, seg->ack))
        step->y->una = seg->ack;
    step->y->una_valid = true;
}

/* Both halves of the handshake together are a round trip, wherever the capture was taken. */
static void apply_third(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    struct diag_opening *o = &conn->opening;

    if (o->ack_frame || !o->synack_frame || !(step->seg->flags & DIAG_ACK))
        return;
    /* After a reset nobody is left to take it, unless the server talks all the same. */
    if (o->over ? !step->y->bytes : step->seg->ack - step->y->isn != 1)
        return;
    o->ack_frame = step->seg->frame;
    o->ack_tsecr = step->seg->options & DIAG_OPT_TIMESTAMPS ? step->seg->tsecr : 0;
    o->ack_ns = step->seg->time_ns;
    o->established = true;
    if (o->series == 1 && !o->synack_repeats && !o->over)
        conn->min_rtt_ns = o->ack_ns - o->first_ns;
}

/* RFC 9293 3.5.3: before the SYN/ACK, the client ignores a reset that does not acknowledge its SYN
 * (and nothing more than it sent). */
static bool is_ignored(const struct diag_step *step)
{
    const struct diag_half *c = step->y;

    if (step->from == DIAG_CLIENT || step->conn->opening.synack_frame)
        return false;
    return !(step->seg->flags & DIAG_ACK) || !diag_seq_lt(c->isn, step->seg->ack) ||
           diag_seq_lt(c->nxt, step->seg->ack);
}

static void apply_reset(const struct diag_step *step)
{
    struct diag_opening *o = &step->conn->opening;

    if (!o->syns || o->established)
        return;
    o->answered = true;
    if (is_ignored(step))
        return;
    if (step->from == DIAG_SERVER)
        o->refusals++;
    else if (o->synack_frame)
        o->bad_cycles++;
    o->over = true;
}

void diag_opening_apply(const struct diag_step *step)
{
    if (step->syn && step->from == DIAG_CLIENT)
        apply_syn(step);
    else if (step->synack && step->from == DIAG_SERVER)
        apply_synack(step);
    else if (step->rst)
        apply_reset(step);
    else if (step->from == DIAG_CLIENT)
        apply_third(step);
    else
        step->conn->opening.answered = true;
}

/* ---- history */

static void add_letter(struct diag_connection *conn, enum diag_side side, char letter, bool once)
{
    char c = side == DIAG_CLIENT ? (char)(letter - 'a' + 'A') : letter;
    uint64_t bit = UINT64_C(1) << (c - 'A');

    if (conn->history_length + 1 >= DIAG_HISTORY || (once && (conn->history_letters & bit)))
        return;
    conn->history_letters |= bit;
    conn->history[conn->history_length++] = c;
}

static bool is_power_of_ten(uint32_t n)
{
    return n == 1 || n == 10 || n == 100 || n == 1000;
}

void diag_history_add(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    const struct diag_segment *seg = step->seg;

    if (step->syn || step->synack)
        add_letter(conn, step->from, step->syn ? 's' : 'h', true);
    else if (step->rst)
        add_letter(conn, step->from, 'r', true);
    else if (!seg->payload && !step->fin)
        add_letter(conn, step->from, 'a', true);
    if (step->gap)
        add_letter(conn, step->from, 'g', !is_power_of_ten(step->x->hole_count + 1));
    if (seg->payload && step->again && !step->fills)
        add_letter(conn, step->from, 't', !is_power_of_ten(step->x->again + 1));
    else if (seg->payload && !step->rst && !step->keepalive)
        add_letter(conn, step->from, 'd', true);
    if (seg->window == 0 && !step->rst && !step->fin && (seg->flags & DIAG_ACK))
        add_letter(conn, step->from, 'w', true);
    if (step->fin)
        add_letter(conn, step->from, 'f', true);
}
