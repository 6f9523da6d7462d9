/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One finding as text: its values, and the scenario line that would expect it. */
#include "scenario.h"

#include <inttypes.h>
#include <string.h>

void scn_print_value(const struct diag_finding *finding, size_t index, GString *out)
{
    int64_t value = finding->value[index];

    if (diag_catalogue[finding->id].values[index].unit != DIAG_DURATION)
        g_string_append_printf(out, "%" PRId64, value);
    else
        g_string_append_printf(out, "%s%" PRId64 ".%09" PRId64, value < 0 ? "-" : "",
                               ABS(value) / SCN_NS, ABS(value) % SCN_NS);
}

bool scn_value_text(const struct diag_finding *finding, const char *name, GString *out)
{
    const struct diag_value_spec *spec = diag_catalogue[finding->id].values;

    for (size_t i = 0; i < DIAG_MAX_VALUES && spec[i].name; i++) {
        if (strcmp(spec[i].name, name) != 0)
            continue;
        if (spec[i].unit == DIAG_TEXT)
            g_string_append(out, finding->text ? finding->text : "");
        else
            scn_print_value(finding, i, out);
        return true;
    }
    return false;
}

static void describe_values(const struct diag_finding *finding, GString *out)
{
    const struct diag_value_spec *spec = diag_catalogue[finding->id].values;

    for (size_t i = 0; i < DIAG_MAX_VALUES && spec[i].name; i++) {
        const char *quote = spec[i].unit == DIAG_TEXT ? "\"" : "";

        g_string_append_printf(out, " %s=%s", spec[i].name, quote);
        scn_value_text(finding, spec[i].name, out);
        g_string_append(out, quote);
    }
}

static void describe_evidence(const struct diag_finding *finding, GString *out)
{
    for (size_t i = 0; i < finding->evidence_count; i++)
        g_string_append_printf(out, "%s%s:%u",
                               i ? "," : " evidence=", diag_role_name(finding->evidence[i].role),
                               finding->evidence[i].frame);
}

void scn_describe(const struct scn_found *found, GString *out)
{
    const struct diag_finding *finding = found->judged.finding;
    char blame[64], summary[512];

    diag_render_blame(finding->blame, blame, sizeof blame);
    diag_render_summary(finding, summary, sizeof summary);
    g_string_append_printf(out, "expect %s", diag_catalogue[finding->id].slug);
    describe_values(finding, out);
    g_string_append_printf(out, " severity=%s", diag_severity_name(finding->severity));
    if (found->judged.effective != finding->severity)
        g_string_append_printf(out, " effective=%s", diag_severity_name(found->judged.effective));
    if (finding->cause != DIAG_CAUSE_none)
        g_string_append_printf(out, " cause=%s", diag_cause_name(finding->cause));
    g_string_append_printf(out, " blame=%s confidence=%s side=%s frame=%u", blame,
                           diag_confidence_name(finding->confidence), diag_side_name(finding->side),
                           finding->frame);
    describe_evidence(finding, out);
    g_string_append_printf(out, " kind=%s%s", finding->verdict ? "verdict" : "event",
                           finding->benign ? " benign" : "");
    if (found->judged.explained)
        g_string_append_printf(out, " explained=%s",
                               diag_catalogue[found->judged.explained_by].slug);
    if (found->stream != DIAG_NO_STREAM)
        g_string_append_printf(out, " stream=%u", found->stream);
    g_string_append_printf(out, "\n        # %s", summary);
}
