/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments whose TCP checksum is wrong: the receiver drops them without a word. A checksum reads
 * every byte, so it is asked for copies of what is not acknowledged, and once for what is known to
 * be in order: hosts that leave checksums to their network card have none of them right when they
 * capture their own packets.
 */
#include "tcp/damage.h"

static enum diag_checksum checksum_of(const struct diag_segment *seg)
{
    return seg->checksum ? seg->checksum(seg->packet) : DIAG_CHECKSUM_UNKNOWN;
}

/* What hardware is to cut into segments has no checksum of its own. */
static bool is_one_segment(const struct diag_step *step)
{
    return step->seg->payload <= (step->y->mss ? step->y->mss : DIAG_ETHERNET_MSS);
}

/* A reset may come from a part of the stack that computes checksums itself. */
void diag_damage_first(const struct diag_step *step)
{
    step->x->whole = !step->rst && checksum_of(step->seg) == DIAG_CHECKSUM_RIGHT;
}

void diag_damage_copy(const struct diag_step *step)
{
    struct diag_half *x = step->x;
    const struct diag_segment *seg = step->seg;

    if (!x->whole || !seg->payload || !x->flight_count || seg->seq != x->flight[0].seq ||
        !is_one_segment(step))
        return;
    enum diag_checksum checksum = checksum_of(seg);

    if (x->damaged_seq != seg->seq)
        x->damaged = 0;
    x->damaged_seq = seg->seq;
    if (checksum == DIAG_CHECKSUM_WRONG && x->damaged < UINT8_MAX) {
        x->damaged++;
    } else if (checksum == DIAG_CHECKSUM_RIGHT) {
        x->mended |= x->damaged > 0;
        x->damaged = 0;
    }
}
