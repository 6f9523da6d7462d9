/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What looks like loss and is none: segments that were overtaken on the way, and copies of what had
 * arrived. Said at the end, when both are counted; harmless unless somebody wonders about them.
 */
#include "../loss.h"

/* Several receive queues of one network card disorder frames by less. */
#define QUEUES_NS DIAG_MS_NS

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

static void needless_copies(const struct diag_connection *conn, struct diag_out *out,
                            enum diag_side side)
{
    const struct diag_losses *losses = conn->losses;
    const struct diag_loss_sum *none = &losses->sum[side][DIAG_LOSS_NONE][DIAG_LOSS_SOMEWHERE];

    if (!none->count || !losses->proof[side])
        return;
    struct diag_finding *f = diag_raise(out, DIAG_retx_spurious, side, losses->needless[side],
                                        none->count, (int64_t)none->bytes, losses->proof[side]);

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
