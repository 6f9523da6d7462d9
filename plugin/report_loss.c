/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The losses of a connection as JSON: a row for each side, kind and place that occurs. */
#include "json.h"

static void write_row(json_dumper *json, enum diag_side side, enum diag_loss_kind kind,
                      enum diag_loss_where where, const struct diag_loss_sum *sum)
{
    json_dumper_begin_object(json);
    diag_json_text(json, "side", diag_side_name(side));
    diag_json_text(json, "kind", diag_loss_kind_name(kind));
    diag_json_text(json, "where", diag_loss_where_name(where));
    diag_json_number(json, "count", sum->count);
    diag_json_number(json, "bytes", (int64_t)sum->bytes);
    json_dumper_end_object(json);
}

void diag_json_losses(json_dumper *json, const char *name, const struct diag_view *view)
{
    diag_json_begin_array(json, name);
    for (int row = 0; row < 2 * DIAG_LOSS_KINDS * DIAG_LOSS_PLACES; row++) {
        enum diag_side side = (enum diag_side)(row / (DIAG_LOSS_KINDS * DIAG_LOSS_PLACES));
        enum diag_loss_kind kind = (enum diag_loss_kind)(row / DIAG_LOSS_PLACES % DIAG_LOSS_KINDS);
        enum diag_loss_where where = (enum diag_loss_where)(row % DIAG_LOSS_PLACES);

        if (view->lost[side][kind][where].count != 0)
            write_row(json, side, kind, where, &view->lost[side][kind][where]);
    }
    json_dumper_end_array(json);
}
