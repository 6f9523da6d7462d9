/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a side has sent and its peer has not acknowledged: when it was sent first, how often again,
 * and how long that took.
 */
#include "tcp/ecn.h"
#include "tcp/loss.h"
#include "tcp/spent.h"

#include <string.h>

/* Within this time a path does not fall asleep. */
#define BUSY_NS DIAG_SECOND_NS

/* What a stack takes for an answer that it owes at once. */
#define PROMPT_NS (5 * DIAG_MS_NS)
/* No device forgets a connection sooner. */
#define IDLE_NS (10 * DIAG_SECOND_NS)

struct diag_range *diag_flight_at(const struct diag_half *x, uint32_t seq)
{
    for (uint32_t i = 0; i < x->flight_count; i++)
        if (diag_seq_le(x->flight[i].seq, seq) && diag_seq_lt(seq, x->flight[i].end))
            return &x->flight[i];
    return NULL;
}

static uint16_t size_of(const struct diag_segment *seg)
{
    return (uint16_t)MIN(seg->payload, UINT16_MAX);
}

/* Data without timestamps; whether they were agreed is a question for later. */
static bool is_bare(const struct diag_segment *seg)
{
    return !(seg->options & DIAG_OPT_TIMESTAMPS) && seg->payload && !seg->cut;
}

void diag_flight_again(const struct diag_step *step)
{
    struct diag_range *range = diag_flight_at(step->x, step->seg->seq);

    if (step->seg->payload && !step->fills) {
        if (step->x->again++ == 0)
            step->x->again_frame = step->seg->frame;
        step->x->again_not_ect += step->seg->ecn == 0;
        *(range ? &range->copies : &step->x->repaired) += 1;
    }
    if (!range)
        return;
    int64_t last = range->again ? range->again_ns : range->time_ns;

    /* A recovery sends the lost segments one after the other: a round of copies counts once. */
    range->again += !range->again || diag_seq_le(step->seg->seq, range->again_seq);
    if (range->again == 1)
        range->again_tsval = step->seg->tsval;
    range->again_ecn |= step->seg->ecn;
    range->bare = (uint8_t)(range->bare + (is_bare(step->seg) && range->bare < UINT8_MAX));
    range->again_seq = step->seg->seq;
    range->again_size = size_of(step->seg);
    if (range->again_size >= range->size && range->full < UINT8_MAX)
        range->full++;
    range->again_frame = step->seg->frame;
    range->longest_ns = diag_max_ns(range->longest_ns, step->seg->time_ns - last);
    range->again_ns = step->seg->time_ns;
}

/* Nearly always nothing: no more than a comparison for most segments. */
static uint16_t idle_before(const struct diag_step *step)
{
    int64_t idle = step->seg->time_ns - step->conn->last_ns;

    if (idle < IDLE_NS || !step->conn->last_frame)
        return 0;
    return (uint16_t)MIN(idle / DIAG_SECOND_NS, UINT16_MAX);
}

/* Nearly always one request or answer, in few segments; else all that there may be. */
static void make_room(struct diag_half *x)
{
    x->flight_room = x->flight_room ? DIAG_FLIGHT : DIAG_FLIGHT / 4;
    x->flight = g_renew(struct diag_range, x->flight, x->flight_room);
}

void diag_flight_add(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *x = step->x;
    bool bare = is_bare(seg);

    if (bare && !x->bare_frame)
        x->bare_frame = seg->frame;
    if (x->flight_count == DIAG_FLIGHT) {
        struct diag_range *last = &x->flight[DIAG_FLIGHT - 1];

        last->end = step->end;
        last->size = MAX(last->size, size_of(seg));
        return;
    }
    if (x->flight_count == x->flight_room)
        make_room(x);
    x->flight[x->flight_count++] =
        (struct diag_range){.seq = seg->seq,
                            .end = step->end,
                            .frame = seg->frame,
                            .time_ns = seg->time_ns,
                            .size = size_of(seg),
                            .idle_s = idle_before(step),
                            .ecn = seg->ecn,
                            .bare = bare,
                            .busy = seg->time_ns - step->conn->last_ns < BUSY_NS,
                            .fin = step->fin};
}

/* Losses of one window are repaired together: what they share counts once. */
void diag_flight_add_repair(struct diag_half *x, int64_t from_ns, int64_t to_ns)
{
    diag_add_ns(&x->repair_ns, to_ns - diag_max_ns(from_ns, x->repaired_ns));
    x->repaired_ns = diag_max_ns(x->repaired_ns, to_ns);
}

/* Twice is more than one loss, and a second is noticed by the user. */
bool diag_range_stalled(const struct diag_range *range)
{
    return range->again >= 2 || range->longest_ns >= DIAG_SECOND_NS;
}

/* Data that had to be sent again are acknowledged: who waited for them lost that time. */
static void end_wait(const struct diag_step *step, const struct diag_range *range)
{
    int64_t late = step->seg->time_ns - range->time_ns;

    if (diag_nobody_waits(step->conn, diag_peer(step->from), late)) {
        step->y->unfelt += range->copies;
        return;
    }
    diag_flight_add_repair(step->y, range->time_ns + diag_rtt(step->conn), step->seg->time_ns);
    if (diag_range_stalled(range))
        diag_add_ns(&step->conn->stalled_ns, late);
}

/* A clock that was set back measures nothing. */
static void take_rtt(struct diag_connection *conn, enum diag_side side, int64_t rtt)
{
    if (rtt < 0)
        return;
    if (conn->ack_rtts[side] < UINT8_MAX)
        conn->ack_rtts[side]++;
    if (conn->ack_rtt_ns[side] == DIAG_UNKNOWN_NS || rtt < conn->ack_rtt_ns[side])
        conn->ack_rtt_ns[side] = rtt;
}

/* The ACK echoes a timestamp from before the copy was sent: it answers the first transmission. Only
 * of the oldest data is that certain (RFC 3522 3.2). */
bool diag_answers_first(const struct diag_segment *seg, const struct diag_range *oldest)
{
    return seg->options & DIAG_OPT_TIMESTAMPS && seg->tsecr && oldest->again_tsval &&
           diag_seq_le(oldest->end - oldest->fin, seg->ack) &&
           diag_seq_lt(seg->tsecr, oldest->again_tsval);
}

static void look_for_needless(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_range *range = &step->y->flight[0];
    uint32_t end = range->end - range->fin;

    if (!range->again || range->again_seq != range->seq || end - range->seq != range->size)
        return;
    if (diag_answers_first(seg, range))
        diag_loss_needless(step, range->seq, end);
}

/* A copy may have been cut into smaller pieces. */
static uint16_t size_passed(const struct diag_range *range)
{
    return range->again ? MIN(range->size, range->again_size) : range->size;
}

void diag_flight_sack(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    struct diag_half *y = step->y;

    for (unsigned b = 0; b < seg->sack_count; b++)
        for (uint32_t i = 0; i < y->flight_count; i++) {
            struct diag_range *range = &y->flight[i];

            if (diag_seq_lt(range->seq, seg->sack[b][0]) ||
                diag_seq_lt(seg->sack[b][1], range->end - range->fin))
                continue;
            range->sacked = true;
            y->passed = MAX(y->passed, size_passed(range));
        }
}

/* Karn: only what was sent once gives a round trip (RFC 6298 3). */
void diag_flight_acknowledge(const struct diag_step *step)
{
    struct diag_half *y = step->y;
    uint32_t gone = 0;

    if (y->flight_count)
        look_for_needless(step);
    while (gone < y->flight_count && diag_seq_le(y->flight[gone].end, step->seg->ack)) {
        const struct diag_range *range = &y->flight[gone++];

        y->repaired += range->copies;
        y->passed = MAX(y->passed, size_passed(range));
        if (range->ecn)
            diag_ecn_taken(step, range);
        y->bare_taken |= range->bare > range->again;
        if (!range->again)
            take_rtt(step->conn, diag_peer(step->from), step->seg->time_ns - range->time_ns);
        else
            end_wait(step, range);
    }
    y->flight_count -= gone;
    if (y->flight)
        memmove(y->flight, y->flight + gone, y->flight_count * sizeof *y->flight);
    if (y->flight_count && diag_seq_lt(y->flight[0].seq, step->seg->ack)) {
        y->flight[0].seq = step->seg->ack;
        y->repaired += y->flight[0].copies;
        y->flight[0].copies = 0;
    }
}

/* ---- refused: both directions work, and the receiver does not take what it is sent */

/* Blocks that cover something in flight say that it is what comes before them that is missing. */
static bool reports_later_data(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    for (unsigned i = 0; i < seg->sack_count; i++)
        if (diag_seq_lt(step->y->una, seg->sack[i][1]) &&
            diag_seq_lt(seg->sack[i][0], step->y->nxt))
            return true;
    return false;
}

/* Without SACK, an ACK at the oldest data may answer what was sent behind them. */
static bool can_only_answer(const struct diag_step *step)
{
    return step->y->flight_count == 1 ||
           (step->x->options & step->y->options & DIAG_OPT_SACK_PERMITTED);
}

/* Nothing of this is asked of an ordinary ACK: it advances. A window update answers nothing. */
bool diag_flight_is_refused(const struct diag_step *step)
{
    const struct diag_range *range = &step->y->flight[0];
    const struct diag_segment *seg = step->seg;
    uint32_t frame = range->again ? range->again_frame : range->frame;
    int64_t since = seg->time_ns - (range->again ? range->again_ns : range->time_ns);

    if (range->end - range->seq == range->fin || seg->ack != range->seq || seg->window == 0 ||
        step->y->refused_frame == frame)
        return false;
    return since <= diag_rtt(step->conn) * 3 / 2 + PROMPT_NS && can_only_answer(step) &&
           !reports_later_data(step) && diag_scaled_window(step) <= step->x->window;
}

void diag_flight_refuse(const struct diag_step *step)
{
    struct diag_half *y = step->y;
    const struct diag_range *range = &y->flight[0];

    if (y->refused_seq != range->seq)
        y->refusals = 0;
    y->refusals++;
    y->refused_seq = range->seq;
    y->refused_frame = range->again ? range->again_frame : range->frame;
}
