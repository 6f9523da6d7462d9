/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much was lost and sent again, and what only looks like loss: segments that were overtaken on
 * the way, and copies of what had arrived. Said at the end, when all are counted.
 */
#include "tcp/loss.h"
#include "rules/blame.h"

/* Several receive queues of one network card disorder frames by less. */
#define QUEUES_NS DIAG_MS_NS

/* Single losses below this share are the normal life of a path. */
#define LOSS_MIN_SEGMENTS 50
/* A share of fewer losses than this is chance, and as long as no user noticed, life. */
#define LOSS_MIN_LOST 5
/* What a sender has on its way when a router tells it of a smaller MTU (RFC 6928). */
#define INITIAL_WINDOW 10
/* A user notices so much waiting, and this part of the transfer. */
#define WAITED_NS   DIAG_SECOND_NS
#define WAITED_PART 10

/* What was sent again although it had arrived was not lost. */
static uint32_t needless_of(const struct diag_connection *conn, enum diag_side side)
{
    return conn->losses ? conn->losses->sum[side][DIAG_LOSS_NONE][DIAG_LOSS_SOMEWHERE].count : 0;
}

/* Path MTU discovery at work: a router told the sender what it dropped, and why. */
static bool told_by_router(const struct diag_connection *conn, enum diag_side side, uint32_t lost)
{
    const struct diag_finding *f = diag_raised_finding(conn, DIAG_pmtu_blackhole);

    return lost <= INITIAL_WINDOW && f && f->side == side && f->cause == DIAG_CAUSE_icmp_seen;
}

static int64_t bytes_lost(const struct diag_connection *conn, enum diag_side side)
{
    uint64_t bytes = 0;

    for (int where = DIAG_LOSS_BEFORE; conn->losses && where < DIAG_LOSS_PLACES; where++)
        bytes += conn->losses->sum[side][DIAG_LOSS_NETWORK][where].bytes +
                 conn->losses->sum[side][DIAG_LOSS_SELECTIVE][where].bytes;
    return (int64_t)bytes;
}

/* A loss in the middle of a stream is repaired while the rest goes on: only a share of the whole
 * tells that somebody had to wait. */
static bool was_noticed(const struct diag_half *x)
{
    return x->repair_ns >= WAITED_NS &&
           x->repair_ns >= (x->data_ns - x->first_data_ns) / WAITED_PART;
}

static bool is_much(const struct diag_connection *conn, int64_t copies, uint32_t sent)
{
    return sent >= LOSS_MIN_SEGMENTS && copies >= LOSS_MIN_LOST &&
           copies * 100 >= (int64_t)sent * conn->engine->settings.loss_percent;
}

static void count_losses(const struct diag_connection *conn, struct diag_out *out,
                         enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    uint32_t needless = needless_of(conn, side);
    uint32_t repeated = x->repaired + x->late;
    uint32_t lost = repeated > needless ? repeated - needless : 0;
    uint32_t sent = x->data_segments + x->late; /* what came late had been sent before */
    uint32_t percent = sent ? lost * 100 / sent : 0;

    if (lost == 0 || conn->half[diag_peer(side)].segments == 0 || told_by_router(conn, side, lost))
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_loss_recovered, side, x->last_frame, lost, sent, percent,
                   x->first_data_frame, bytes_lost(conn, side), x->repair_ns);

    if (!f)
        return;
    /* What nobody waited for slows nothing down. */
    int64_t felt = (int64_t)lost - x->unfelt;

    if (was_noticed(x) || is_much(conn, felt, sent))
        f->severity = DIAG_WARN;
    else if (felt < LOSS_MIN_LOST && conn->stalled_ns < diag_ms(conn->engine->settings.slow))
        diag_excuse(f);
    diag_cite(f, DIAG_ROLE_retransmission, x->again_frame);
}

static void overtaken_on_the_way(const struct diag_connection *conn, struct diag_out *out,
                                 enum diag_side side)
{
    const struct diag_reordered *r = &conn->losses->reordered[side];

    if (r->longest_ns < QUEUES_NS)
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_reordering, side, r->frame, r->count, r->longest_ns, r->behind);

    diag_excuse(f);
    diag_cite(f, DIAG_ROLE_data, r->behind);
    diag_cite(f, DIAG_ROLE_late, r->frame);
}

/* Full segments, more or less. Small messages never fill the sender's window. */
static bool is_transfer(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];

    return x->bytes >= (uint64_t)x->data_segments * diag_mss_of(&conn->half[diag_peer(side)]) / 2;
}

/* A round trip that jumps, or a sender that does not wait: the copies alone do not tell which. They
 * cost the sender its window, which matters to a transfer, and when they are not few. */
static void judge_needless(const struct diag_connection *conn, struct diag_finding *f)
{
    int64_t felt = f->value[0] - conn->losses->unfelt[f->side];

    if (!is_transfer(conn, f->side) || !is_much(conn, felt, conn->half[f->side].data_segments)) {
        diag_excuse(f);
        return;
    }
    f->severity = DIAG_WARN;
    f->benign = false;
    f->blame = DIAG_BLAME_PATH | diag_blame_side(f->side);
}

static void needless_copies(const struct diag_connection *conn, struct diag_out *out,
                            enum diag_side side)
{
    const struct diag_losses *losses = conn->losses;
    const struct diag_loss_sum *none = &losses->sum[side][DIAG_LOSS_NONE][DIAG_LOSS_SOMEWHERE];

    if (!losses->proof[side])
        return;
    struct diag_finding *f = diag_raise(out, DIAG_retx_spurious, side, losses->needless[side],
                                        none->count, (int64_t)none->bytes, losses->proof[side]);

    if (f)
        judge_needless(conn, f);
    diag_cite(f, DIAG_ROLE_retransmission, losses->needless[side]);
    diag_cite(f, DIAG_ROLE_ack, losses->proof[side]);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        count_losses(conn, out, side);
        if (!conn->losses)
            continue;
        overtaken_on_the_way(conn, out, side);
        needless_copies(conn, out, side);
    }
}

const struct diag_rule diag_rule_losses = {.name = "losses", .on_end = on_end};
