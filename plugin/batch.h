/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on their way to the core. While nobody looks it takes many at a time: one by one, its code
 * and its tables would have to come back into the processor's caches after every dissection.
 */
#ifndef DIAG_BATCH_H
#define DIAG_BATCH_H

#include "checksum.h"

struct diag_batch;
struct diag_capture;

/* A segment that waits. What it points to is borrowed from the packet until diag_batch_keep(). */
struct diag_waiting {
    struct diag_segment segment;
    struct diag_packet packet;
};

struct diag_batch *diag_batch_new(void);
void diag_batch_free(struct diag_batch *batch);

/* A new frame, behind all that waits. */
void diag_batch_frame(struct diag_capture *capture, uint32_t frame, int64_t time_ns);

/* Room for a segment of the last frame, as the last user left it. It joins those that wait with
 * diag_batch_add(). */
struct diag_waiting *diag_batch_room(struct diag_capture *capture);
void diag_batch_add(struct diag_capture *capture);

/* The packet of the last frame goes away: what its segments borrow is copied. */
void diag_batch_keep(struct diag_capture *capture);

/* Feeds all that waits, in order. Nothing else may be fed while something waits. */
void diag_batch_feed(struct diag_capture *capture);

#endif
