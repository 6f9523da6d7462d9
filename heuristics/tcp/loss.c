/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was lost, what kind of loss it was, and on which side of the capture point. A copy whose
 * first transmission stands in the capture was lost behind it, one whose first transmission does
 * not, in front of it. Costs nothing as long as nothing is missing or sent again.
 */
#include "tcp/loss.h"
#include "rules/path_mtu.h"

#include <string.h>

/* Records of one connection; what is beyond them is summed up all the same. */
#define MOST_RECORDS 4096
/* A duplicate is reported for one of the last copies. */
#define LAST_COPIES 256

static struct diag_losses *losses_of(struct diag_connection *conn)
{
    if (!conn->losses)
        conn->losses = g_new0(struct diag_losses, 1);
    return conn->losses;
}

void diag_losses_free(struct diag_losses *losses)
{
    if (losses)
        g_free(losses->record);
    g_free(losses);
}

/* ---- sums: what a gap's bytes were is told by the segment that fills it, as far as one does */

static struct diag_loss_sum *sum_of(struct diag_losses *losses, const struct diag_loss *loss)
{
    if (loss->needless)
        return &losses->sum[loss->side][DIAG_LOSS_NONE][DIAG_LOSS_SOMEWHERE];
    return &losses->sum[loss->side][loss->kind][loss->where];
}

static void add(struct diag_losses *losses, const struct diag_loss *loss)
{
    struct diag_loss_sum *sum = sum_of(losses, loss);

    sum->count += !loss->gap || loss->open;
    sum->bytes += loss->gap ? loss->open : loss->bytes;
}

static void take(struct diag_losses *losses, const struct diag_loss *loss)
{
    struct diag_loss_sum *sum = sum_of(losses, loss);

    sum->count -= !loss->gap || loss->open;
    sum->bytes -= loss->gap ? loss->open : loss->bytes;
}

/* ---- records */

static void keep(struct diag_connection *conn, const struct diag_loss *loss)
{
    struct diag_losses *losses = losses_of(conn);

    add(losses, loss);
    if (losses->count == MOST_RECORDS) {
        conn->engine->dropped[DIAG_DROPPED_losses]++;
        return;
    }
    if (losses->count == losses->capacity) {
        losses->capacity = losses->capacity ? 2 * losses->capacity : 4;
        losses->record = g_renew(struct diag_loss, losses->record, losses->capacity);
    }
    losses->record[losses->count++] = *loss;
}

static struct diag_loss *find(const struct diag_losses *losses, uint32_t frame)
{
    uint32_t low = 0;
    uint32_t high = losses ? losses->count : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (losses->record[middle].frame == frame)
            return &losses->record[middle];
        if (losses->record[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct diag_loss *diag_loss_of_frame(const struct diag_engine *engine, uint32_t stream,
                                           uint32_t frame)
{
    const struct diag_connection *conn = diag_connection_of_stream(engine, stream);

    return conn ? find(conn->losses, frame) : NULL;
}

/* ---- gaps */

static void add_gap(const struct diag_step *step)
{
    bool received = step->y->ack_valid && diag_seq_le(step->seg->seq, step->y->ack);
    const struct diag_loss loss = {.frame = step->seg->frame,
                                   .before = step->x->last_frame,
                                   .decided = received ? step->seg->frame : 0,
                                   .seq = step->x->nxt,
                                   .bytes = step->gap,
                                   .open = step->gap,
                                   .side = step->from,
                                   .kind = received ? DIAG_LOSS_CAPTURE : DIAG_LOSS_UNKNOWN,
                                   .gap = true};

    keep(step->conn, &loss);
}

/* What was news of the gap's own frame is not taken back. */
static void decide(const struct diag_step *step, struct diag_loss *loss, enum diag_loss_kind kind)
{
    bool here = kind == DIAG_LOSS_NETWORK || kind == DIAG_LOSS_SELECTIVE;

    if (loss->decided == loss->frame)
        return;
    loss->kind = kind;
    loss->where = here ? DIAG_LOSS_BEFORE : DIAG_LOSS_SOMEWHERE;
    loss->decided = step->seg->frame;
}

/* Bytes for which the receiver had asked were lost, even if their copy is not in the capture. */
void diag_loss_gap(const struct diag_step *step, const struct diag_hole *hole,
                   enum diag_loss_kind kind)
{
    struct diag_losses *losses = step->conn->losses;
    struct diag_loss *loss = find(losses, hole->frame);

    if (!loss || !loss->gap || kind == loss->kind ||
        (kind == DIAG_LOSS_CAPTURE && loss->kind != DIAG_LOSS_UNKNOWN))
        return;
    take(losses, loss);
    decide(step, loss, kind);
    add(losses, loss);
}

static void count_reordered(const struct diag_step *step, const struct diag_hole *hole)
{
    struct diag_reordered *r = &step->conn->losses->reordered[step->from];

    if (r->count++ == 0) {
        r->frame = step->seg->frame;
        r->behind = hole->frame;
    }
    r->longest_ns = diag_max_ns(r->longest_ns, step->seg->time_ns - hole->time_ns);
}

void diag_loss_fill(const struct diag_step *step, const struct diag_hole *hole, uint32_t bytes,
                    bool late)
{
    struct diag_losses *losses = step->conn->losses;
    struct diag_loss *loss = find(losses, hole->frame);

    if (!loss || !loss->gap)
        return;
    take(losses, loss);
    loss->open -= MIN(bytes, loss->open);
    decide(step, loss, late ? DIAG_LOSS_NONE : DIAG_LOSS_NETWORK);
    add(losses, loss);
    if (late)
        count_reordered(step, hole);
}

/* ---- frames that the capture has in another order than the wire had */

/* Queues of a card hand their frames over this far apart. */
#define DISORDER_NS   (5 * DIAG_MS_NS)
#define DISORDER_GAPS 8

/* What is sent again is no older than what its sender had sent, neither by its own clock nor by the
 * capture's; in a long burst that tells when the frame is no longer remembered. */
static bool came_at_once(const struct diag_step *step, uint32_t frame)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_half *x = step->x;

    if (step->seg->options & DIAG_OPT_TIMESTAMPS && x->timestamps && step->seg->tsval != x->tsval)
        return diag_seq_lt(step->seg->tsval, x->tsval);
    if (step->seg->time_ns < x->last_ns)
        return true;
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].frame == frame)
            return step->seg->time_ns - conn->recent[i].time_ns <= DISORDER_NS;
    return false;
}

/* Bytes whose ACK stands in the capture before them: it did not miss them after all. */
static bool came_after_ack(const struct diag_step *step)
{
    struct diag_losses *losses = step->conn->losses;
    uint32_t oldest = losses && losses->count > DISORDER_GAPS ? losses->count - DISORDER_GAPS : 0;

    for (uint32_t i = losses ? losses->count : 0; i-- > oldest;) {
        struct diag_loss *loss = &losses->record[i];
        uint32_t bytes = MIN(step->seg->payload, loss->open);

        bool told = loss->kind == DIAG_LOSS_CAPTURE || loss->kind == DIAG_LOSS_NONE;

        if (!loss->gap || !told || loss->side != step->from || !bytes ||
            step->seg->seq - loss->seq >= loss->bytes || !came_at_once(step, loss->decided))
            continue;
        take(losses, loss);
        loss->open -= bytes;
        add(losses, loss);
        diag_unmiss(step->out->engine, bytes, loss->open == 0);
        return true;
    }
    return false;
}

bool diag_loss_is_made_up_for(const struct diag_connection *conn, uint32_t frame)
{
    const struct diag_loss *loss = find(conn->losses, frame);

    return loss && loss->gap && loss->open == 0;
}

/* ---- segments sent again */

static const struct diag_hole *hole_filled(const struct diag_step *step)
{
    const struct diag_half *x = step->x;

    for (uint32_t i = 0; i < x->hole_count; i++)
        if (diag_seq_lt(step->seg->seq, x->hole[i].end) && diag_seq_lt(x->hole[i].seq, step->end))
            return &x->hole[i];
    return NULL;
}

/* How much of the segment was sent before: in a hole, only what the hole holds. */
static uint32_t repeated(const struct diag_step *step, const struct diag_hole *hole)
{
    uint32_t begin = step->seg->seq;
    uint32_t end = begin + step->seg->payload;

    if (diag_seq_lt(step->x->nxt, end))
        end = step->x->nxt;
    if (hole && diag_seq_lt(begin, hole->seq))
        begin = hole->seq;
    if (hole && diag_seq_lt(hole->end, end))
        end = hole->end;
    return diag_seq_lt(begin, end) ? end - begin : 0;
}

/* Not taken, for want of room or another reason: that is no loss. */
static bool is_refused(const struct diag_step *step)
{
    const struct diag_half *x = step->x;

    return step->y->zero_frame || (x->refusals && x->refused_seq == step->seg->seq);
}

static enum diag_loss_kind kind_of_copy(const struct diag_step *step,
                                        const struct diag_range *range)
{
    const struct diag_half *x = step->x;

    if (x->una_valid && diag_seq_le(step->seg->seq + step->seg->payload, x->una))
        return DIAG_LOSS_NONE;
    return range && (diag_size_never_passes(step->conn, step->from, range) ||
                     diag_path_shrank(step->conn, step->from, range))
               ? DIAG_LOSS_SELECTIVE
               : DIAG_LOSS_NETWORK;
}

static uint32_t frame_repeated(const struct diag_step *step, const struct diag_range *range)
{
    if (!range || (range->again ? range->again_seq : range->seq) != step->seg->seq)
        return 0;
    return range->again ? range->again_frame : range->frame;
}

static void note_needless(struct diag_losses *losses, const struct diag_step *step,
                          const struct diag_loss *loss)
{
    if (!losses->proof[loss->side]) {
        losses->proof[loss->side] = step->seg->frame;
        losses->needless[loss->side] = loss->frame;
    }
}

/* False when it is no copy. */
static bool add_copy(const struct diag_step *step)
{
    const struct diag_hole *hole = hole_filled(step);
    const struct diag_range *range = hole ? NULL : diag_flight_at(step->x, step->seg->seq);
    struct diag_loss loss = {.frame = step->seg->frame,
                             .before = frame_repeated(step, range),
                             .decided = step->seg->frame,
                             .seq = step->seg->seq,
                             .bytes = repeated(step, hole),
                             .side = step->from,
                             .kind = DIAG_LOSS_NETWORK,
                             .where = hole ? DIAG_LOSS_BEFORE : DIAG_LOSS_AFTER};

    if (!hole && came_after_ack(step))
        return false;
    if (!loss.bytes || is_refused(step) || (hole && diag_gap_fills_late(step, hole)))
        return true;
    if (!hole)
        loss.kind = kind_of_copy(step, range);
    if (loss.kind == DIAG_LOSS_NONE) {
        loss.where = DIAG_LOSS_SOMEWHERE;
        note_needless(losses_of(step->conn), step, &loss);
    }
    keep(step->conn, &loss);
    return true;
}

bool diag_loss_add(const struct diag_step *step)
{
    if (step->gap && step->fresh)
        add_gap(step);
    else if (step->seg->payload && !step->keepalive && !step->rst &&
             diag_seq_lt(step->seg->seq, step->x->nxt) && step->x->segments)
        return add_copy(step);
    return true;
}

/* ---- what had arrived already */

static void mark(const struct diag_step *step, struct diag_loss *loss)
{
    struct diag_losses *losses = step->conn->losses;

    take(losses, loss);
    loss->needless = true;
    losses->unfelt[loss->side] += step->y->unasked;
    add(losses, loss);
    note_needless(losses, step, loss);
}

/* Several copies of the same bytes: one report is about one of them, the last. */
static void mark_range(const struct diag_step *step, uint32_t seq, uint32_t end, bool all)
{
    struct diag_losses *losses = step->conn->losses;
    uint32_t oldest = losses->count > LAST_COPIES ? losses->count - LAST_COPIES : 0;

    for (uint32_t i = losses->count; i-- > oldest;) {
        struct diag_loss *loss = &losses->record[i];

        if (loss->gap || loss->needless || loss->side == step->from ||
            loss->kind == DIAG_LOSS_NONE || loss->where != DIAG_LOSS_AFTER)
            continue;
        if (diag_seq_lt(loss->seq, seq) || diag_seq_lt(end, loss->seq + loss->bytes))
            continue;
        mark(step, loss);
        if (!all)
            end = loss->seq;
    }
}

void diag_loss_needless(const struct diag_step *step, uint32_t seq, uint32_t end)
{
    if (step->conn->losses)
        mark_range(step, seq, end, true);
}

/* The first block reports a duplicate when it lies below the ACK, or inside the second block. */
void diag_loss_duplicates(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const uint32_t *first = seg->sack[0];
    const uint32_t *second = seg->sack[1];
    bool below = diag_seq_le(first[1], seg->ack);
    bool inside =
        seg->sack_count > 1 && diag_seq_le(second[0], first[0]) && diag_seq_le(first[1], second[1]);

    if (below || inside)
        mark_range(step, first[0], first[1], false);
}
