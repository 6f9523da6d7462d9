/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shape in which a tampered connection arrives at its server. */
#ifndef DIAG_TAMPER_H
#define DIAG_TAMPER_H

#include "judge.h"

/* NULL when it has none. */
const char *diag_tamper_signature(const struct diag_sentence *sentence, enum diag_vantage vantage);

#endif
