/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -z diag,json: one object a line. Connections in the order in which they began, then findings
 * about hosts, then one line about the capture. Every key is always present.
 */
#include "report.h"

#include "json.h"
#include "json_tls.h"
#include "text.h"

#include <string.h>

/* Of SYN or SYN/ACK, when one was captured: Zeek's history has S for it, or h (H reversed). */
static void write_options(json_dumper *json, const struct diag_view *view, enum diag_side side)
{
    static const struct {
        const char *name;
        unsigned option;
    } flag[] = {{"sack", DIAG_OPT_SACK_PERMITTED},
                {"timestamps", DIAG_OPT_TIMESTAMPS},
                {"fast_open", DIAG_OPT_FAST_OPEN},
                {"mptcp", DIAG_OPT_MPTCP},
                {"md5", DIAG_OPT_MD5}};
    const char *name = side == DIAG_CLIENT ? "syn" : "synack";
    unsigned options = view->options[side];

    if (view->tcp_history == NULL ||
        strpbrk(view->tcp_history, side == DIAG_CLIENT ? "S" : "h") == NULL) {
        diag_json_null(json, name);
        return;
    }
    diag_json_begin_object(json, name);
    if (options & DIAG_OPT_MSS)
        diag_json_number(json, "mss", view->mss[side]);
    else
        diag_json_null(json, "mss");
    if (options & DIAG_OPT_WSCALE)
        diag_json_number(json, "window_scale", view->wscale[side]);
    else
        diag_json_null(json, "window_scale");
    for (size_t i = 0; i < G_N_ELEMENTS(flag); i++)
        diag_json_bool(json, flag[i].name, (options & flag[i].option) != 0);
    json_dumper_end_object(json);
}

static void write_option_names(json_dumper *json, const char *key, unsigned options)
{
    static const struct {
        const char *name;
        unsigned option;
    } named[] = {{"mss", DIAG_OPT_MSS},
                 {"window_scale", DIAG_OPT_WSCALE},
                 {"sack", DIAG_OPT_SACK_PERMITTED},
                 {"timestamps", DIAG_OPT_TIMESTAMPS},
                 {"fast_open", DIAG_OPT_FAST_OPEN},
                 {"mptcp", DIAG_OPT_MPTCP},
                 {"md5", DIAG_OPT_MD5}};

    diag_json_begin_array(json, key);
    for (size_t i = 0; i < G_N_ELEMENTS(named); i++)
        if (options & named[i].option)
            json_dumper_value_string(json, named[i].name);
    json_dumper_end_array(json);
}

static void write_tcp(json_dumper *json, const struct diag_view *view)
{
    diag_json_begin_object(json, "tcp");
    diag_json_raw_text(json, "history", view->tcp_history);
    diag_json_text(json, "ecn", view->ecn);
    diag_json_text(json, "timestamps", view->timestamps);
    diag_json_begin_object(json, "options");
    write_options(json, view, DIAG_CLIENT);
    write_options(json, view, DIAG_SERVER);
    write_option_names(json, "refused", diag_options_refused(view));
    write_option_names(json, "stripped", view->stripped[DIAG_CLIENT] | view->stripped[DIAG_SERVER]);
    json_dumper_end_object(json);
    diag_json_seconds(json, "syn_rtt", view->syn_rtt_ns);
    json_dumper_end_object(json);
}

static void write_tls(json_dumper *json, const struct diag_view *view)
{
    if (view->tls_history == NULL) {
        diag_json_null(json, "tls");
        return;
    }
    diag_json_begin_object(json, "tls");
    diag_json_raw_text(json, "history", view->tls_history);
    diag_json_text(json, "waiting_for", view->tls_waiting_for);
    diag_json_seconds(json, "waited", view->tls_waited_ns);
    diag_json_tls_offer(json, view);
    diag_json_tls_number(json, "version", DIAG_TLS_NUMBER_VERSION, view->tls_version);
    diag_json_tls_number(json, "cipher", DIAG_TLS_NUMBER_CIPHER, view->tls_cipher);
    diag_json_tls_number(json, "group", DIAG_TLS_NUMBER_GROUP, view->tls_group);
    diag_json_bool(json, "resumed", view->tls_resumed);
    diag_json_raw_text(json, "server_name", view->tls_server_name);
    diag_json_raw_text(json, "alpn", view->tls_alpn);
    diag_json_certificate(json, "certificate", view);
    json_dumper_end_object(json);
}

static void write_times(json_dumper *json, const struct diag_view *view)
{
    diag_json_begin_object(json, "times");
    for (unsigned part = 0; part < DIAG_PART_COUNT; part++)
        diag_json_seconds(json, diag_part_name((enum diag_part)part), view->spent_ns[part]);
    diag_json_seconds(json, "total", view->total_ns);
    diag_json_seconds(json, "first_byte", view->first_byte_ns);
    json_dumper_end_object(json);
}

/* Which limits of the capture touch this connection. */
static void write_capture_limits(json_dumper *json, const struct diag_view *view)
{
    diag_json_begin_array(json, "capture");
    for (size_t i = 0; i < view->finding_count; i++) {
        enum diag_id id = view->findings[i].finding->id;

        if (diag_catalogue[id].stage == DIAG_STAGE_CAPTURE)
            json_dumper_value_string(json, diag_catalogue[id].slug);
    }
    json_dumper_end_array(json);
}

static void write_ruled_out(json_dumper *json, const struct diag_view *view)
{
    diag_json_begin_array(json, "ruled_out");
    for (unsigned i = 0; i < DIAG_RULED_OUT_COUNT; i++)
        if (view->ruled_out & 1U << i)
            json_dumper_value_string(json, diag_ruled_out_text((enum diag_ruled_out)i));
    json_dumper_end_array(json);
}

static const char *explained_by(const struct diag_view *view, const struct diag_reset *reset)
{
    for (size_t i = 0; i < view->finding_count; i++) {
        const struct diag_judged *judged = &view->findings[i];

        if (judged->explained && judged->finding->frame == reset->frame &&
            judged->finding->id == reset->class)
            return diag_catalogue[judged->explained_by].slug;
    }
    return NULL;
}

static void write_number(json_dumper *json, const char *name, const struct diag_clue *clue,
                         int64_t number)
{
    if (diag_clue_unit(clue->kind) == DIAG_DURATION)
        diag_json_seconds(json, name, number);
    else
        diag_json_number(json, name, number);
}

/* What speaks for somebody else having sent it. */
static void write_clues(json_dumper *json, const struct diag_reset *reset)
{
    diag_json_begin_array(json, "clues");
    for (unsigned i = 0; i < reset->clue_count; i++) {
        const struct diag_clue *clue = &reset->clues[i];
        char text[DIAG_TEXT_MAX];

        diag_render_clue(clue, reset->side, text, sizeof text);
        json_dumper_begin_object(json);
        diag_json_text(json, "kind", diag_clue_name(clue->kind));
        diag_json_bool(json, "strong", diag_clue_is_strong(clue->kind));
        diag_json_frame(json, "reference", clue->reference);
        write_number(json, "seen", clue, clue->seen);
        write_number(json, "usual", clue, clue->usual);
        diag_json_text(json, "text", text);
        json_dumper_end_object(json);
    }
    json_dumper_end_array(json);
}

static void write_resets(json_dumper *json, const struct diag_view *view)
{
    diag_json_begin_array(json, "rst");
    for (size_t i = 0; i < view->reset_count; i++) {
        const struct diag_reset *reset = &view->resets[i];

        json_dumper_begin_object(json);
        diag_json_frame(json, "frame", reset->frame);
        diag_json_text(json, "class",
                       reset->class < DIAG_ID_COUNT ? diag_catalogue[reset->class].slug : NULL);
        diag_json_text(json, "kind", diag_reset_kind_name(reset->kind));
        diag_json_frame(json, "answers", reset->answers);
        diag_json_text(json, "explained_by", explained_by(view, reset));
        write_clues(json, reset);
        json_dumper_end_object(json);
    }
    json_dumper_end_array(json);
}

static void write_summary(json_dumper *json, const struct diag_view *view)
{
    const struct diag_judged *reason = diag_report_reason(view);
    char text[DIAG_TEXT_MAX];

    if (reason != NULL)
        diag_render_summary(reason->finding, text, sizeof text);
    diag_json_text(json, "summary", reason != NULL ? text : NULL);
}

static void write_identity(json_dumper *json, const struct diag_view *view)
{
    diag_json_text(json, "type", "connection");
    if (view->stream == DIAG_NO_STREAM)
        diag_json_null(json, "stream");
    else
        diag_json_number(json, "stream", view->stream);
    diag_json_endpoint(json, "client", &view->client);
    diag_json_endpoint(json, "server", &view->server);
    diag_json_number(json, "attempts", view->attempts);
    diag_json_number(json, "attempt", view->attempt);
    diag_json_frame(json, "success", view->success);
    diag_json_frame(json, "first_frame", view->first_frame);
    diag_json_frame(json, "last_frame", view->last_frame);
    diag_json_seconds(json, "start", view->start_ns);
    diag_json_seconds(json, "duration", view->end_ns - view->start_ns);
}

static void write_connection(json_dumper *json, const struct diag_view *view)
{
    json_dumper_begin_object(json);
    write_identity(json, view);
    diag_json_text(json, "outcome", diag_outcome_name(view->outcome));
    diag_json_text(json, "stage", diag_stage_name(view->stage));
    diag_json_text(json, "verdict",
                   view->verdict != NULL ? diag_catalogue[view->verdict->finding->id].slug : NULL);
    diag_json_text(json, "vantage", diag_vantage_name(view->vantage));
    diag_json_text(json, "tamper_signature", view->tamper_signature);
    diag_json_text(json, "closer",
                   view->closer != DIAG_NO_SIDE ? diag_side_name(view->closer) : NULL);
    write_summary(json, view);
    write_times(json, view);
    write_tcp(json, view);
    write_tls(json, view);
    write_capture_limits(json, view);
    write_ruled_out(json, view);
    write_resets(json, view);
    diag_json_losses(json, "loss", view);
    diag_json_findings(json, "findings", view->findings, view->finding_count);
    json_dumper_end_object(json);
    json_dumper_finish(json);
}

static void write_host(json_dumper *json, const struct diag_host_view *host)
{
    char client[64];

    json_dumper_begin_object(json);
    diag_json_text(json, "type", "host");
    diag_json_text(json, "id", diag_catalogue[host->judged.finding->id].slug);
    diag_json_endpoint(json, "server", &host->server);
    diag_render_address(&host->client, client, sizeof client);
    diag_json_text(json, "client", host->client.length > 0 ? client : NULL);
    diag_json_begin_array(json, "streams");
    for (size_t i = 0; i < host->stream_count; i++)
        json_dumper_value_anyf(json, "%u", host->streams[i]);
    json_dumper_end_array(json);
    diag_json_judgement(json, &host->judged);
    json_dumper_end_object(json);
    json_dumper_finish(json);
}

static void write_dropped(json_dumper *json, const struct diag_capture *capture)
{
    uint64_t dropped[DIAG_DROPPED_COUNT];

    diag_dropped(capture->engine, dropped);
    diag_json_begin_object(json, "dropped");
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++)
        diag_json_number(json, diag_dropped_name((enum diag_dropped)i), (int64_t)dropped[i]);
    json_dumper_end_object(json);
}

static void write_capture(json_dumper *json, const struct diag_report *report,
                          struct diag_capture *capture)
{
    struct diag_totals totals = diag_report_totals(report, capture);
    const struct diag_judged *findings = NULL;
    size_t count = diag_capture_findings(capture->engine, &findings);

    json_dumper_begin_object(json);
    diag_json_text(json, "type", "capture");
    diag_json_number(json, "frames", capture->frames);
    diag_json_number(json, "connections", totals.connections);
    diag_json_begin_object(json, "outcomes");
    for (unsigned i = 0; i < DIAG_OUTCOME_COUNT; i++)
        diag_json_number(json, diag_outcome_name((enum diag_outcome)i), totals.outcome[i]);
    json_dumper_end_object(json);
    diag_json_findings(json, "findings", findings, count);
    diag_json_text(json, "warning", diag_report_warning(capture));
    write_dropped(json, capture);
    json_dumper_end_object(json);
    json_dumper_finish(json);
}

void diag_report_json(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    json_dumper json = {.output_file = out};

    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_get(capture->engine, i, &view);
        if (diag_report_wants(report, view.stream))
            write_connection(&json, &view);
    }
    for (size_t i = 0, count = diag_host_count(capture->engine); i < count; i++) {
        struct diag_host_view host;

        diag_host_get(capture->engine, i, &host);
        if (diag_report_wants_host(report, &host))
            write_host(&json, &host);
    }
    write_capture(&json, report, capture);
}
