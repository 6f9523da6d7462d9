/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that can be asked of the core, asked, and what must always hold of the answers. */
#ifndef FUZZ_VIEWS_H
#define FUZZ_VIEWS_H

#include "diag.h"

#include <glib.h>

/* All views in all words. Nothing changes by it. */
void views_check(struct diag_engine *engine, uint32_t last_frame);
/* The same as text, to compare. */
char *views_print(struct diag_engine *engine);

#endif
