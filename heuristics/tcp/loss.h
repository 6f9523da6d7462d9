/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the losses of a connection: a record for each gap and each segment sent again,
 * and their sums. Private to heuristics/.
 */
#ifndef DIAG_LOSS_H
#define DIAG_LOSS_H

#include "core.h"

/* What was overtaken on the way, and needed no copy. */
struct diag_reordered {
    uint32_t count;
    uint32_t frame;  /* the first of them */
    uint32_t behind; /* the segment that overtook it */
    int64_t longest_ns;
};

struct diag_losses {
    struct diag_loss_sum sum[2][DIAG_LOSS_KINDS][DIAG_LOSS_PLACES]; /* by enum diag_side */
    struct diag_reordered reordered[2];
    uint32_t proof[2];    /* the frame that told first that a copy had been needless */
    uint32_t needless[2]; /* the first such copy */
    uint32_t unfelt[2];   /* needless copies of what nobody waited for */
    uint32_t count;
    uint32_t capacity;
    struct diag_loss *record; /* by frame, ascending */
};

/* A gap, or a segment sent again: the state is as before the segment. False when it was not sent
 * again, and only stands too late in the capture. */
bool diag_loss_add(const struct diag_step *step);
/* News of the gap in front of this frame. */
void diag_loss_gap(const struct diag_step *step, const struct diag_hole *hole,
                   enum diag_loss_kind kind);
/* A segment brings so many bytes of the gap. */
void diag_loss_fill(const struct diag_step *step, const struct diag_hole *hole, uint32_t bytes,
                    bool late);
/* RFC 2883: the receiver says what came twice. */
void diag_loss_duplicates(const struct diag_step *step);
/* What the peer sent again in this range had arrived already (RFC 3522). */
void diag_loss_needless(const struct diag_step *step, uint32_t seq, uint32_t end);
/* All bytes of the gap in front of this frame came in the end. */
bool diag_loss_is_made_up_for(const struct diag_connection *conn, uint32_t frame);
/* The capture has these bytes after all: only the order of its frames was wrong (engine.c). */
void diag_unmiss(struct diag_engine *engine, uint32_t bytes, bool all);
void diag_losses_free(struct diag_losses *losses);

#endif
