/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In what a reset differs from the other packets of its source (clues.c), for who judges that
 * (injected.c). */
#ifndef DIAG_RULES_CLUES_H
#define DIAG_RULES_CLUES_H

#include "core.h"

/* So many in a row that counted up, and the source counts. */
#define DIAG_ID_STEPS 3

/* IP ID outside of the counting sequence of its source, as it stood that long before. */
bool diag_foreign_id(const struct diag_half *x, uint16_t id, int64_t pause_ns);

/* TTLs of two segments that no single machine sends: the distance differs. Small ones are set by
 * applications (a BGP neighbour's is 1), and tell nothing. */
bool diag_elsewhere(uint8_t usual, uint8_t ttl);

/* Everything that the reset shows at its own frame; the state is as before it. */
void diag_weigh_reset(const struct diag_step *step, struct diag_reset *reset);

void diag_clue_add(struct diag_reset *reset, enum diag_clue_kind kind, uint32_t reference,
                   int64_t seen, int64_t usual);
bool diag_has_clue(const struct diag_reset *reset, enum diag_clue_kind kind);
unsigned diag_weak_clues(const struct diag_reset *reset);

#endif
