/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What looks like loss and is none: segments that were overtaken on the way, and copies of what had
 * arrived. Said at the end, when both are counted; harmless unless somebody wonders about them.
 */
#include "../loss.h"
#include "blame.h"

/* Several receive queues of one network card disorder frames by less. */
#define QUEUES_NS DIAG_MS_NS

/* More than one delay of one ACK makes. */
#define MANY_COPIES 5
/* Of fewer segments a share says nothing. */
#define SHARE_SEGMENTS 50

static void overtaken_on_the_way(const struct diag_connection *conn, struct diag_out *out,
                                 enum diag_side side)
{
    const struct diag_reordered *r = &conn->losses->reordered[side];

    if (!r->count || r->longest_ns < QUEUES_NS)
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_reordering, side, r->frame, r->count, r->longest_ns, r->behind);

    diag_excuse(f);
    diag_cite(f, DIAG_ROLE_data, r->behind);
    diag_cite(f, DIAG_ROLE_late, r->frame);
}

/* A round trip that jumps, or a sender that does not wait: the copies alone do not tell which. */
static void suspect(const struct diag_connection *conn, struct diag_finding *f)
{
    uint32_t sent = conn->half[f->side].data_segments;
    bool much = sent >= SHARE_SEGMENTS &&
                f->value[0] * 100 >= (int64_t)sent * conn->engine->settings.loss_percent;

    f->severity = much ? DIAG_WARN : DIAG_NOTE;
    f->benign = false;
    f->blame = DIAG_BLAME_PATH | diag_blame_side(f->side);
}

static void needless_copies(const struct diag_connection *conn, struct diag_out *out,
                            enum diag_side side)
{
    const struct diag_losses *losses = conn->losses;
    const struct diag_loss_sum *none = &losses->sum[side][DIAG_LOSS_NONE][DIAG_LOSS_SOMEWHERE];

    if (!none->count || !losses->proof[side])
        return;
    struct diag_finding *f = diag_raise(out, DIAG_retx_spurious, side, losses->needless[side],
                                        none->count, (int64_t)none->bytes, losses->proof[side]);

    if (f && none->count >= MANY_COPIES)
        suspect(conn, f);
    else
        diag_excuse(f);
    diag_cite(f, DIAG_ROLE_retransmission, losses->needless[side]);
    diag_cite(f, DIAG_ROLE_ack, losses->proof[side]);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (enum diag_side side = DIAG_CLIENT; conn->losses && side <= DIAG_SERVER; side++) {
        overtaken_on_the_way(conn, out, side);
        needless_copies(conn, out, side);
    }
}

const struct diag_rule diag_rule_losses = {.name = "losses", .on_end = on_end};
