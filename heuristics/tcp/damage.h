/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP checksums, of the few segments where one may be the reason. Private to heuristics/. */
#ifndef DIAG_DAMAGE_H
#define DIAG_DAMAGE_H

#include "core.h"

/* The first segment of a side: does whoever captured see right checksums of it at all? */
void diag_damage_first(const struct diag_step *step);
/* What is sent again, and not acknowledged. */
void diag_damage_copy(const struct diag_step *step);

#endif
