/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core found as JSON, one object a line: the part of "-z diag,json" that both roads must
 * agree on, in the same keys.
 */
#include "scenario.h"

static void put_frame(GString *out, const char *name, uint32_t frame)
{
    if (frame)
        scn_json_number(out, name, frame);
    else
        scn_json_text(out, name, NULL);
}

static void put_value(GString *out, const struct diag_finding *finding, size_t index)
{
    const struct diag_value_spec *spec = &diag_catalogue[finding->id].values[index];
    int64_t value = finding->value[index];

    if (spec->unit == DIAG_TEXT)
        scn_json_text(out, spec->name, finding->text);
    else if (spec->unit == DIAG_FRAME)
        put_frame(out, spec->name, (uint32_t)value);
    else if (spec->unit == DIAG_DURATION && value == DIAG_UNKNOWN_NS)
        scn_json_text(out, spec->name, NULL);
    else {
        scn_json_key(out, spec->name);
        scn_print_value(finding, index, out);
    }
}

static void put_values(GString *out, const struct diag_finding *finding)
{
    const struct diag_value_spec *spec = diag_catalogue[finding->id].values;

    scn_json_key(out, "values");
    g_string_append_c(out, '{');
    for (size_t i = 0; i < DIAG_MAX_VALUES && spec[i].name; i++)
        put_value(out, finding, i);
    g_string_append_c(out, '}');
}

static void put_evidence(GString *out, const struct diag_finding *finding)
{
    scn_json_key(out, "evidence");
    g_string_append_c(out, '[');
    for (size_t i = 0; i < finding->evidence_count; i++) {
        g_string_append(out, i ? ",{" : "{");
        put_frame(out, "frame", finding->evidence[i].frame);
        scn_json_text(out, "role", diag_role_name(finding->evidence[i].role));
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void put_words(GString *out, const struct diag_finding *finding)
{
    char text[4096];

    diag_render_summary(finding, text, sizeof text);
    scn_json_text(out, "summary", text);
    diag_render_explanation(finding, text, sizeof text);
    scn_json_text(out, "explanation", text);
    diag_render_next_step(finding, text, sizeof text);
    scn_json_text(out, "next_step", text);
}

static void put_judged(GString *out, const struct diag_judged *judged)
{
    const struct diag_finding *finding = judged->finding;
    char blame[64];

    diag_render_blame(finding->blame, blame, sizeof blame);
    scn_json_text(out, "id", diag_catalogue[finding->id].slug);
    scn_json_text(out, "severity", diag_severity_name(finding->severity));
    scn_json_text(out, "effective_severity", diag_severity_name(judged->effective));
    scn_json_text(out, "explained_by",
                  judged->explained ? diag_catalogue[judged->explained_by].slug : NULL);
    scn_json_text(out, "confidence", diag_confidence_name(finding->confidence));
    scn_json_bool(out, "benign", finding->benign);
    scn_json_text(out, "blame", blame);
    scn_json_text(out, "cause",
                  finding->cause == DIAG_CAUSE_none ? NULL : diag_cause_name(finding->cause));
    put_frame(out, "frame", finding->frame);
    put_evidence(out, finding);
    put_words(out, finding);
    put_values(out, finding);
}

static void put_findings(GString *out, const struct diag_judged *judged, size_t count)
{
    scn_json_key(out, "findings");
    g_string_append_c(out, '[');
    for (size_t i = 0; i < count; i++) {
        g_string_append(out, i ? ",{" : "{");
        put_judged(out, &judged[i]);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void put_clue(GString *out, const struct diag_clue *clue, enum diag_side side)
{
    char text[512];

    diag_render_clue(clue, side, text, sizeof text);
    scn_json_text(out, "kind", diag_clue_name(clue->kind));
    put_frame(out, "reference", clue->reference);
    scn_json_text(out, "text", text);
}

static void put_resets(GString *out, const struct diag_view *view)
{
    scn_json_key(out, "rst");
    g_string_append_c(out, '[');
    for (size_t i = 0; i < view->reset_count; i++) {
        const struct diag_reset *reset = &view->resets[i];

        g_string_append(out, i ? ",{" : "{");
        put_frame(out, "frame", reset->frame);
        scn_json_key(out, "clues");
        g_string_append_c(out, '[');
        for (unsigned k = 0; k < reset->clue_count; k++) {
            g_string_append(out, k ? ",{" : "{");
            put_clue(out, &reset->clues[k], reset->side);
            g_string_append_c(out, '}');
        }
        g_string_append(out, "]}");
    }
    g_string_append_c(out, ']');
}

static void put_loss(GString *out, const struct diag_view *view, unsigned side, unsigned kind,
                     unsigned where)
{
    const struct diag_loss_sum *sum = &view->lost[side][kind][where];

    if (!sum->count)
        return;
    g_string_append(out, out->str[out->len - 1] == '[' ? "{" : ",{");
    scn_json_text(out, "side", diag_side_name((enum diag_side)side));
    scn_json_text(out, "kind", diag_loss_kind_name((enum diag_loss_kind)kind));
    scn_json_text(out, "where", diag_loss_where_name((enum diag_loss_where)where));
    scn_json_number(out, "count", sum->count);
    scn_json_number(out, "bytes", sum->bytes);
    g_string_append_c(out, '}');
}

static void put_losses(GString *out, const struct diag_view *view)
{
    scn_json_key(out, "loss");
    g_string_append_c(out, '[');
    for (unsigned side = 0; side < 2; side++)
        for (unsigned kind = 0; kind < DIAG_LOSS_KINDS; kind++)
            for (unsigned where = 0; where < DIAG_LOSS_PLACES; where++)
                put_loss(out, view, side, kind, where);
    g_string_append_c(out, ']');
}

static void put_view(GString *out, const struct diag_view *view)
{
    g_string_append_c(out, '{');
    scn_json_text(out, "type", "connection");
    scn_json_number(out, "stream", view->stream);
    scn_json_endpoint(out, "client", &view->client);
    scn_json_endpoint(out, "server", &view->server);
    scn_json_number(out, "attempts", view->attempts);
    put_frame(out, "first_frame", view->first_frame);
    put_frame(out, "last_frame", view->last_frame);
    scn_json_text(out, "outcome", diag_outcome_name(view->outcome));
    scn_json_text(out, "stage", diag_stage_name(view->stage));
    scn_json_text(out, "verdict",
                  view->verdict ? diag_catalogue[view->verdict->finding->id].slug : NULL);
    scn_json_text(out, "vantage", diag_vantage_name(view->vantage));
    scn_json_text(out, "closer",
                  view->closer == DIAG_NO_SIDE ? NULL : diag_side_name(view->closer));
    scn_json_text(out, "tamper_signature", view->tamper_signature);
    put_resets(out, view);
    put_losses(out, view);
    scn_json_key(out, "tcp");
    g_string_append_c(out, '{');
    scn_json_text(out, "history", view->tcp_history);
    scn_json_text(out, "ecn", view->ecn);
    scn_json_text(out, "timestamps", view->timestamps);
    g_string_append_c(out, '}');
    put_findings(out, view->findings, view->finding_count);
    g_string_append(out, "}\n");
}

static void put_host(GString *out, const struct diag_host_view *host)
{
    g_string_append_c(out, '{');
    scn_json_text(out, "type", "host");
    scn_json_endpoint(out, "server", &host->server);
    scn_json_key(out, "streams");
    g_string_append_c(out, '[');
    for (size_t i = 0; i < host->stream_count; i++)
        g_string_append_printf(out, "%s%u", i ? "," : "", host->streams[i]);
    g_string_append_c(out, ']');
    put_judged(out, &host->judged);
    g_string_append(out, "}\n");
}

void scn_print_findings(struct diag_engine *engine, GString *out)
{
    const struct diag_judged *about_capture = NULL;
    size_t count = diag_view_count(engine);

    for (size_t i = 0; i < count; i++) {
        struct diag_view view;

        diag_view_get(engine, i, &view);
        put_view(out, &view);
    }
    count = diag_host_count(engine);
    for (size_t i = 0; i < count; i++) {
        struct diag_host_view host;

        diag_host_get(engine, i, &host);
        put_host(out, &host);
    }
    count = diag_capture_findings(engine, &about_capture);
    g_string_append_c(out, '{');
    scn_json_text(out, "type", "capture");
    put_findings(out, about_capture, count);
    g_string_append(out, "}\n");
}
