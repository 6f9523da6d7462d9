/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that stand in the capture twice although they were sent once. Private to heuristics/. */
#ifndef DIAG_COPIES_H
#define DIAG_COPIES_H

#include "core.h"

/* Of the frame that this one is a copy of: frame 0 when it is no longer remembered. */
struct diag_original {
    bool exists;
    uint32_t frame;
    int64_t time_ns;
};

/* The same frame captured twice (SPAN, VLAN, tunnel): it is left out of every TCP rule. */
struct diag_original diag_original_of(const struct diag_connection *conn,
                                      const struct diag_segment *seg, enum diag_side from);

#endif
