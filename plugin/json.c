/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a JSON object by type, and a finding as JSON. */
#include "json.h"

#include "text.h"

void diag_json_null(json_dumper *json, const char *name)
{
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, "null");
}

void diag_json_text(json_dumper *json, const char *name, const char *text)
{
    if (text == NULL) {
        diag_json_null(json, name);
        return;
    }
    json_dumper_set_member_name(json, name);
    json_dumper_value_string(json, text);
}

void diag_json_raw_text(json_dumper *json, const char *name, const char *raw)
{
    char safe[DIAG_TEXT_MAX];

    if (raw != NULL)
        diag_escape(raw, safe, sizeof safe);
    diag_json_text(json, name, raw != NULL ? safe : NULL);
}

void diag_json_number(json_dumper *json, const char *name, int64_t number)
{
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, "%" G_GINT64_FORMAT, number);
}

void diag_json_frame(json_dumper *json, const char *name, uint32_t frame)
{
    if (frame == 0)
        diag_json_null(json, name);
    else
        diag_json_number(json, name, frame);
}

void diag_json_bool(json_dumper *json, const char *name, bool value)
{
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, value ? "true" : "false");
}

void diag_json_seconds(json_dumper *json, const char *name, int64_t ns)
{
    char seconds[32];

    if (ns == DIAG_UNKNOWN_NS) {
        diag_json_null(json, name);
        return;
    }
    diag_seconds(ns, seconds, sizeof seconds);
    json_dumper_set_member_name(json, name);
    json_dumper_value_anyf(json, "%s", seconds);
}

void diag_json_begin_object(json_dumper *json, const char *name)
{
    json_dumper_set_member_name(json, name);
    json_dumper_begin_object(json);
}

void diag_json_begin_array(json_dumper *json, const char *name)
{
    json_dumper_set_member_name(json, name);
    json_dumper_begin_array(json);
}

void diag_json_endpoint(json_dumper *json, const char *name, const struct diag_endpoint *end)
{
    char text[64];

    diag_json_begin_object(json, name);
    diag_render_address(&end->address, text, sizeof text);
    diag_json_text(json, "address", text);
    diag_json_number(json, "port", end->port);
    json_dumper_end_object(json);
}

static void write_value(json_dumper *json, const struct diag_finding *finding, size_t i)
{
    const struct diag_value_spec *spec = &diag_catalogue[finding->id].values[i];

    switch (spec->unit) {
    case DIAG_DURATION:
        diag_json_seconds(json, spec->name, finding->value[i]);
        break;
    case DIAG_FRAME:
        diag_json_frame(json, spec->name, (uint32_t)finding->value[i]);
        break;
    case DIAG_TEXT:
        diag_json_raw_text(json, spec->name, finding->text);
        break;
    default:
        diag_json_number(json, spec->name, finding->value[i]);
    }
}

static void write_values(json_dumper *json, const struct diag_finding *finding)
{
    const struct diag_value_spec *values = diag_catalogue[finding->id].values;

    diag_json_begin_object(json, "values");
    for (size_t i = 0; i < DIAG_MAX_VALUES && values[i].name != NULL; i++)
        write_value(json, finding, i);
    json_dumper_end_object(json);
}

static void write_evidence(json_dumper *json, const struct diag_finding *finding)
{
    diag_json_begin_array(json, "evidence");
    for (size_t i = 0; i < finding->evidence_count; i++) {
        json_dumper_begin_object(json);
        diag_json_frame(json, "frame", finding->evidence[i].frame);
        diag_json_text(json, "role", diag_role_name(finding->evidence[i].role));
        json_dumper_end_object(json);
    }
    json_dumper_end_array(json);
}

static void write_words(json_dumper *json, const char *name, diag_renderer *render,
                        const struct diag_finding *finding)
{
    char text[DIAG_TEXT_MAX];

    render(finding, text, sizeof text);
    diag_json_text(json, name, text);
}

void diag_json_judgement(json_dumper *json, const struct diag_judged *judged)
{
    const struct diag_finding *finding = judged->finding;
    char blame[64];

    diag_render_blame(finding->blame, blame, sizeof blame);
    diag_json_text(json, "severity", diag_severity_name(finding->severity));
    diag_json_text(json, "effective_severity", diag_severity_name(judged->effective));
    diag_json_text(json, "explained_by",
                   judged->explained ? diag_catalogue[judged->explained_by].slug : NULL);
    diag_json_text(json, "confidence", diag_confidence_name(finding->confidence));
    diag_json_bool(json, "benign", finding->benign);
    diag_json_text(json, "blame", blame);
    diag_json_text(json, "cause", diag_cause_name(finding->cause));
    diag_json_frame(json, "frame", finding->frame);
    write_evidence(json, finding);
    write_words(json, "summary", diag_render_summary, finding);
    write_words(json, "explanation", diag_render_explanation, finding);
    write_words(json, "next_step", diag_render_next_step, finding);
    diag_json_text(json, "reference", diag_catalogue[finding->id].reference);
    write_values(json, finding);
}

void diag_json_findings(json_dumper *json, const char *name, const struct diag_judged *judged,
                        size_t count)
{
    diag_json_begin_array(json, name);
    for (size_t i = 0; i < count; i++) {
        json_dumper_begin_object(json);
        diag_json_text(json, "id", diag_catalogue[judged[i].finding->id].slug);
        diag_json_judgement(json, &judged[i]);
        json_dumper_end_object(json);
    }
    json_dumper_end_array(json);
}
