/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of heuristics/ and of the display as Wireshark preferences. */
#ifndef DIAG_PREFERENCES_H
#define DIAG_PREFERENCES_H

#include "compat.h"
#include "../heuristics/diag.h"

void diag_preferences_register(int proto_diag);

/* What the user chose, each value inside its range. */
struct diag_settings diag_preferences_settings(void);

/* Append the diagnosis to the Info column? */
bool diag_preferences_info_column(void);

#endif
