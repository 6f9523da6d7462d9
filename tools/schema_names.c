/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of every enumeration of the core, by their common index. */
#include "schema_names.h"

#include "diag.h"

const char *schema_type_name(unsigned index)
{
    static const char *const name[] = {"connection", "host", "capture"};

    return name[index];
}

static const char *id_name(unsigned index)
{
    return diag_catalogue[index].slug;
}

/* A function of the same shape for each. */
#define NAMES_OF(list, function)                                                                   \
    static const char *list##_name(unsigned index)                                                 \
    {                                                                                              \
        return function;                                                                           \
    }

NAMES_OF(severity, diag_severity_name((enum diag_severity)index))
NAMES_OF(stage, diag_stage_name((enum diag_stage)index))
NAMES_OF(side, diag_side_name((enum diag_side)index))
NAMES_OF(confidence, diag_confidence_name((enum diag_confidence)index))
NAMES_OF(cause, diag_cause_name((enum diag_cause)index))
NAMES_OF(role, diag_role_name((enum diag_role)index))
NAMES_OF(outcome, diag_outcome_name((enum diag_outcome)index))
NAMES_OF(vantage, diag_vantage_name((enum diag_vantage)index))
NAMES_OF(reset_kind, diag_reset_kind_name((enum diag_reset_kind)index))
NAMES_OF(clue_kind, diag_clue_name((enum diag_clue_kind)index))
NAMES_OF(loss_kind, diag_loss_kind_name((enum diag_loss_kind)index))
NAMES_OF(loss_where, diag_loss_where_name((enum diag_loss_where)index))
NAMES_OF(ruled_out, diag_ruled_out_text((enum diag_ruled_out)index))

const struct schema_names schema_names[] = {
    {"id", DIAG_ID_COUNT, id_name},
    {"severity", DIAG_ERROR + 1, severity_name},
    {"stage", DIAG_STAGE_HOST + 1, stage_name},
    {"side", DIAG_NO_SIDE, side_name},
    {"confidence", DIAG_HIGH + 1, confidence_name},
    {"cause", DIAG_CAUSE_COUNT, cause_name},
    {"role", DIAG_ROLE_COUNT, role_name},
    {"outcome", DIAG_OUTCOME_COUNT, outcome_name},
    {"vantage", DIAG_VANTAGE_MIDDLE + 1, vantage_name},
    {"reset_kind", DIAG_RST_ODD + 1, reset_kind_name},
    {"clue_kind", DIAG_CLUE_COUNT, clue_kind_name},
    {"loss_kind", DIAG_LOSS_KINDS, loss_kind_name},
    {"loss_where", DIAG_LOSS_PLACES, loss_where_name},
    {"ruled_out", DIAG_RULED_OUT_COUNT, ruled_out_name},
    {"type", 3, schema_type_name},
};

const size_t schema_name_count = sizeof schema_names / sizeof schema_names[0];
