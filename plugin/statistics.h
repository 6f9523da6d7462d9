/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Statistics menu: a tree of outcomes and findings, and a table of findings. */
#ifndef DIAG_STATISTICS_H
#define DIAG_STATISTICS_H

void diag_statistics_register(void);

#endif
