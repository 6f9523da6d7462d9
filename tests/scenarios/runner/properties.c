/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every finding has besides its values, as expect lines name it. */
#include "scenario.h"

#include <string.h>

static void put_text(GString *out, const char *text)
{
    g_string_append(out, text ? text : "none");
}

static void put_severity(const struct scn_found *found, GString *out)
{
    put_text(out, diag_severity_name(found->judged.finding->severity));
}

static void put_effective(const struct scn_found *found, GString *out)
{
    put_text(out, diag_severity_name(found->judged.effective));
}

static void put_cause(const struct scn_found *found, GString *out)
{
    put_text(out, diag_cause_name(found->judged.finding->cause));
}

static void put_blame(const struct scn_found *found, GString *out)
{
    char text[64];

    diag_render_blame(found->judged.finding->blame, text, sizeof text);
    put_text(out, text);
}

static void put_confidence(const struct scn_found *found, GString *out)
{
    put_text(out, diag_confidence_name(found->judged.finding->confidence));
}

static void put_side(const struct scn_found *found, GString *out)
{
    enum diag_side side = found->judged.finding->side;

    put_text(out, side == DIAG_NO_SIDE ? NULL : diag_side_name(side));
}

static void put_layer(const struct scn_found *found, GString *out)
{
    put_text(out, diag_layer_name(found->judged.finding->layer));
}

static void put_kind(const struct scn_found *found, GString *out)
{
    put_text(out, found->judged.finding->verdict ? "verdict" : "event");
}

static void put_explained(const struct scn_found *found, GString *out)
{
    put_text(out, found->judged.explained ? diag_catalogue[found->judged.explained_by].slug : NULL);
}

static void put_frame(const struct scn_found *found, GString *out)
{
    g_string_append_printf(out, "%u", found->judged.finding->frame);
}

static void put_stream(const struct scn_found *found, GString *out)
{
    g_string_append_printf(out, "%u", found->stream);
}

static void put_cited(const struct scn_found *found, GString *out)
{
    g_string_append_printf(out, "%zu", (size_t)found->judged.finding->evidence_count);
}

static const struct property {
    const char *name;
    void (*put)(const struct scn_found *found, GString *out);
} properties[] = {
    {"severity", put_severity},     {"effective", put_effective},
    {"cause", put_cause},           {"blame", put_blame},
    {"confidence", put_confidence}, {"side", put_side},
    {"layer", put_layer},           {"kind", put_kind},
    {"explained", put_explained},   {"frame", put_frame},
    {"stream", put_stream},         {"cited", put_cited},
};

static const struct property *property_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
        if (strcmp(properties[i].name, name) == 0)
            return &properties[i];
    return NULL;
}

bool scn_is_property(const char *name)
{
    return property_of(name) != NULL;
}

void scn_put_property(const struct scn_found *found, const char *name, GString *out)
{
    property_of(name)->put(found, out);
}
