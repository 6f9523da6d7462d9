/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments that are too large for the path (rules/path_mtu.c). Private to heuristics/. */
#ifndef DIAG_PATH_MTU_H
#define DIAG_PATH_MTU_H

#include "core.h"

/* Smaller segments of this side pass, and copies as large as this range's never did */
bool diag_size_never_passes(const struct diag_connection *conn, enum diag_side side,
                            const struct diag_range *range);

/* They passed once, and from then on only small ones do. */
bool diag_path_shrank(const struct diag_connection *conn, enum diag_side side,
                      const struct diag_range *range);
/* Says so, with all sizes. */
void diag_report_size(struct diag_out *out, enum diag_side side, const struct diag_range *range,
                      uint32_t frame, uint32_t tries);
/* "Fragmentation needed", "packet too big". */
void diag_icmp_too_big(struct diag_out *out, const struct diag_icmp *icmp);

#endif
