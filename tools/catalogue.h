/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the catalogue is turned into, so that no list of diagnoses is kept twice. All print. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include "diag.h"

void catalogue_json_schema(void);
void catalogue_markdown(void);
void catalogue_settings(void);

#endif
