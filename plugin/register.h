/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Display filter fields and expert items. All of them come out of fields.def and the catalogue;
 * nothing here names a diagnosis.
 */
#ifndef DIAG_REGISTER_H
#define DIAG_REGISTER_H

#include "compat.h"

#include <epan/expert.h>

#include "../heuristics/diag.h"

/* Index of a field of fields.def. */
enum diag_field {
#define FIELD(member, name, title, type, help) DIAG_FIELD_##member,
#include "fields.def"
#undef FIELD
    DIAG_FIELD_COUNT
};

enum diag_subtree {
    DIAG_TREE_ROOT,
    DIAG_TREE_FINDING,
    DIAG_TREE_CONNECTION,
    DIAG_TREE_CLUE,
    DIAG_TREE_LOSS,
    DIAG_TREE_COUNT
};

void diag_register_fields(int proto_diag);

int diag_field(enum diag_field field);
int diag_value_field(enum diag_id id, size_t value);
/* "diag.<id>" */
const char *diag_filter_of(enum diag_id id);
int diag_subtree(enum diag_subtree subtree);
expert_field *diag_expert(enum diag_id id, enum diag_severity severity);
/* TCP went by without being recorded. */
expert_field *diag_expert_bypassed(void);

#endif
