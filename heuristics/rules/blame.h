/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a finding suspects, where the suspect is one of the two ends, and whom a reset harms. */
#ifndef DIAG_RULES_BLAME_H
#define DIAG_RULES_BLAME_H

#include "../core.h"

static inline unsigned diag_blame_side(enum diag_side side)
{
    return side == DIAG_CLIENT ? DIAG_BLAME_CLIENT : DIAG_BLAME_SERVER;
}

/* Of Multipath TCP: the connection lives on in its other subflows (RFC 8684 3.6). */
static inline bool diag_ends_subflow(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    return step->rst && ((step->conn->half[DIAG_CLIENT].options & DIAG_OPT_MPTCP_JOIN) ||
                         (seg->options & DIAG_OPT_MPTCP_RESET && seg->mptcp_reason));
}

#endif
