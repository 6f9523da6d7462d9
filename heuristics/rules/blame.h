/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a finding suspects, where the suspect is one of the two ends. */
#ifndef DIAG_RULES_BLAME_H
#define DIAG_RULES_BLAME_H

#include "../core.h"

static inline unsigned diag_blame_side(enum diag_side side)
{
    return side == DIAG_CLIENT ? DIAG_BLAME_CLIENT : DIAG_BLAME_SERVER;
}

#endif
