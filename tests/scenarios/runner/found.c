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

static void describe_property(const struct scn_found *found, const char *name, GString *out)
{
    g_string_append_printf(out, " %s=", name);
    scn_put_property(found, name, out);
}

void scn_describe(const struct scn_found *found, GString *out)
{
    const struct diag_finding *finding = found->judged.finding;
    char summary[512];

    diag_render_summary(finding, summary, sizeof summary);
    g_string_append_printf(out, "expect %s", diag_catalogue[finding->id].slug);
    describe_values(finding, out);
    describe_property(found, "severity", out);
    if (found->judged.effective != finding->severity)
        describe_property(found, "effective", out);
    describe_property(found, "cause", out);
    describe_property(found, "blame", out);
    describe_property(found, "confidence", out);
    describe_property(found, "side", out);
    describe_property(found, "frame", out);
    describe_evidence(finding, out);
    describe_property(found, "kind", out);
    g_string_append(out, finding->benign ? " benign" : "");
    if (found->judged.explained)
        describe_property(found, "explained", out);
    if (found->stream != DIAG_NO_STREAM)
        describe_property(found, "stream", out);
    g_string_append_printf(out, "\n        # %s", summary);
}
