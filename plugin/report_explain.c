/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -z diag,explain[,STREAM]: the story of every connection that failed, was slow, or cannot be
 * judged. Many that ended alike are told once and then listed.
 */
#include "report.h"

#include "text.h"

#include <string.h>

#define CELL           64
#define STREAMS_LISTED 30
#define OTHERS_LISTED  12
#define CLUES_LISTED   12

/* Connections that ended alike: same outcome, diagnosis, cause and server. */
struct alike {
    size_t first; /* index of the view that is told */
    GArray *streams;
};

static void free_alike(void *data)
{
    struct alike *alike = data;

    g_array_free(alike->streams, TRUE);
    g_free(alike);
}

static char *likeness(const struct diag_view *view)
{
    const struct diag_judged *reason = diag_report_reason(view);
    char server[CELL] = "";

    /* What the capture lacks is no property of the server. */
    if (view->outcome != DIAG_UNDECIDABLE)
        diag_render_endpoint(&view->server, server, sizeof server);
    return g_strdup_printf("%d %d %d %s", (int)view->outcome,
                           reason != NULL ? (int)reason->finding->id : -1,
                           reason != NULL ? (int)reason->finding->cause : 0, server);
}

static void gather(GPtrArray *groups, GHashTable *by_likeness, size_t index,
                   const struct diag_view *view)
{
    char *key = likeness(view);
    struct alike *alike = g_hash_table_lookup(by_likeness, key);

    if (alike == NULL) {
        alike = g_new0(struct alike, 1);
        alike->first = index;
        alike->streams = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_ptr_array_add(groups, alike);
        g_hash_table_insert(by_likeness, g_strdup(key), alike);
    } else {
        g_array_append_val(alike->streams, view->stream);
    }
    g_free(key);
}

static void print_when(const struct diag_view *view, FILE *out)
{
    GDateTime *begin = g_date_time_new_from_unix_utc(view->start_ns / 1000000000);
    char duration[CELL];
    char *text;

    diag_render_duration(view->end_ns - view->start_ns, duration, sizeof duration);
    if (begin == NULL) {
        fprintf(out, "took %s", duration);
        return;
    }
    text = g_date_time_format(begin, "%Y-%m-%d %H:%M:%S UTC");
    fprintf(out, "%s, took %s", text, duration);
    g_free(text);
    g_date_time_unref(begin);
}

static void print_headline(const struct diag_view *view, FILE *out)
{
    static const char *const said[DIAG_OUTCOME_COUNT] = {[DIAG_HEALTHY] = "is healthy",
                                                         [DIAG_DEGRADED] = "was slow",
                                                         [DIAG_FAILED] = "failed",
                                                         [DIAG_UNDECIDABLE] = "cannot be judged"};
    char client[CELL];
    char server[CELL];
    char name[DIAG_TEXT_MAX];
    char stage[CELL];

    diag_render_endpoint(&view->client, client, sizeof client);
    diag_render_endpoint(&view->server, server, sizeof server);
    g_strlcpy(stage, diag_stage_name(view->stage), sizeof stage);
    g_strdelimit(stage, "_", ' ');
    if (view->stream == DIAG_NO_STREAM)
        fputs("A connection without a stream number", out);
    else
        fprintf(out, "Connection %u", view->stream);
    fprintf(out, " %s (stage: %s): %s -> %s", said[view->outcome], stage, client, server);
    if (view->tls_server_name != NULL) {
        diag_escape(view->tls_server_name, name, sizeof name);
        fprintf(out, " (%s)", name);
    }
    fputs("\n  ", out);
    print_when(view, out);
    fprintf(out, ", frames %u to %u", view->first_frame, view->last_frame);
    if (view->attempts > 1)
        fprintf(out, ", attempt %u of %u", view->attempt, view->attempts);
    if (view->success != 0)
        fprintf(out, ", a later one succeeded (frame %u)", view->success);
    if (view->client_guessed)
        fputs(", which side is the client is a guess", out);
    fputs("\n\n", out);
}

static void print_times(const struct diag_view *view, FILE *out)
{
    char text[DIAG_TEXT_MAX];

    if (diag_render_times(view, text, sizeof text) > 0)
        diag_print_wrapped(out, "  Time went to    ", text);
}

static void print_certificate(const struct diag_view *view, FILE *out)
{
    char text[DIAG_TEXT_MAX];

    if (diag_report_certificate(view, text, sizeof text))
        diag_print_wrapped(out, "  Certificate     ", text);
}

static void print_ruled_out(const struct diag_view *view, FILE *out)
{
    const char *first = "  Ruled out       ";

    for (unsigned i = 0; i < DIAG_RULED_OUT_COUNT; i++) {
        if ((view->ruled_out & 1U << i) == 0)
            continue;
        diag_print_wrapped(out, first, diag_ruled_out_text((enum diag_ruled_out)i));
        first = "                  ";
    }
}

/* A habit alone tells nothing to a person; the distance, or a contradiction, is worth a look. */
static bool is_telling(const struct diag_reset *reset)
{
    for (unsigned i = 0; i < reset->clue_count; i++)
        if (diag_clue_is_strong(reset->clues[i].kind) ||
            reset->clues[i].kind == DIAG_CLUE_hop_count)
            return true;
    return false;
}

static void print_clues(const struct diag_view *view, FILE *out)
{
    size_t printed = 0;

    for (size_t i = 0; i < view->reset_count && printed < CLUES_LISTED; i++) {
        const struct diag_reset *reset = &view->resets[i];

        for (unsigned k = 0; is_telling(reset) && k < reset->clue_count; k++, printed++) {
            char text[DIAG_TEXT_MAX];
            char first[CELL];

            g_snprintf(first, sizeof first, "  %-15s frame %u: ", printed == 0 ? "Clues" : "",
                       reset->frame);
            diag_render_clue(&reset->clues[k], reset->side, text, sizeof text);
            diag_print_wrapped(out, first, text);
        }
    }
}

/* What was known on the way of the very thing that is told anyway. */
static bool is_same_story(const struct diag_judged *judged, const struct diag_judged *told)
{
    return told != NULL && (judged->finding == told->finding ||
                            (judged->explained && judged->finding->id == told->finding->id));
}

static void print_other(const struct diag_judged *judged, const char *heading, FILE *out)
{
    const char *why = judged->explained ? diag_catalogue[judged->explained_by].slug : "";
    char summary[DIAG_TEXT_MAX];
    char first[CELL];
    char *text;

    diag_render_summary(judged->finding, summary, sizeof summary);
    text = g_strdup_printf("frame %u: %s%s%s%s", judged->finding->frame, summary,
                           judged->explained ? " (follows from " : "", why,
                           judged->explained         ? ")"
                           : judged->finding->benign ? " (harmless)"
                                                     : "");
    g_snprintf(first, sizeof first, "  %-15s ", heading);
    diag_print_wrapped(out, first, text);
    g_free(text);
}

static void print_other_findings(const struct diag_view *view, const struct diag_judged *told,
                                 FILE *out)
{
    size_t printed = 0;
    size_t more = 0;

    for (size_t i = 0; i < view->finding_count; i++) {
        if (is_same_story(&view->findings[i], told))
            continue;
        if (printed < OTHERS_LISTED)
            print_other(&view->findings[i], printed == 0 ? "Also seen" : "", out);
        else
            more++;
        printed++;
    }
    if (more > 0)
        fprintf(out, "  %15s and %zu more (-z diag,json lists all)\n", "", more);
}

/* A diagnosis about hosts stands behind this one. */
static void print_bigger_picture(const struct diag_judged *reason, FILE *out)
{
    if (reason->explained && diag_catalogue[reason->explained_by].stage == DIAG_STAGE_HOST)
        diag_print_wrapped(out, "  Part of         ", diag_catalogue[reason->explained_by].title);
}

static void print_connection(const struct diag_view *view, const struct diag_capture *capture,
                             FILE *out)
{
    const struct diag_judged *reason = diag_report_reason(view);

    print_headline(view, out);
    if (reason != NULL)
        diag_report_story(reason, capture, view->start_ns, out);
    else if (view->outcome == DIAG_HEALTHY)
        fputs("  Nothing is wrong with it.\n", out);
    else
        fputs("  The packets do not tell why.\n", out);
    if (reason != NULL)
        print_bigger_picture(reason, out);
    print_times(view, out);
    print_certificate(view, out);
    print_clues(view, out);
    print_ruled_out(view, out);
    print_other_findings(view, reason, out);
    if (reason != NULL)
        diag_report_reference(reason, out);
    fputc('\n', out);
}

static void print_group(const struct alike *alike, struct diag_capture *capture, FILE *out)
{
    struct diag_view view;

    diag_view_get(capture->engine, alike->first, &view);
    print_connection(&view, capture, out);
    if (alike->streams->len == 0)
        return;
    GString *text = g_string_new(NULL);

    g_string_printf(text, "The same happened to %u more: stream%s", alike->streams->len,
                    alike->streams->len == 1 ? "" : "s");
    for (guint i = 0; i < MIN(alike->streams->len, STREAMS_LISTED); i++)
        g_string_append_printf(text, "%s %u", i > 0 ? "," : "",
                               g_array_index(alike->streams, uint32_t, i));
    if (alike->streams->len > STREAMS_LISTED)
        g_string_append(text, ", ...");
    diag_print_wrapped(out, "  ", text->str);
    fputc('\n', out);
    g_string_free(text, TRUE);
}

static void print_outcome(const struct diag_report *report, struct diag_capture *capture,
                          enum diag_outcome outcome, FILE *out)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(free_alike);
    GHashTable *by_likeness = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_get(capture->engine, i, &view);
        if (view.outcome == outcome && diag_report_wants(report, view.stream))
            gather(groups, by_likeness, i, &view);
    }
    for (guint i = 0; i < groups->len; i++)
        print_group(g_ptr_array_index(groups, i), capture, out);
    g_hash_table_destroy(by_likeness);
    g_ptr_array_free(groups, TRUE);
}

static void print_hosts(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    for (size_t i = 0, count = diag_host_count(capture->engine); i < count; i++) {
        struct diag_host_view host;
        GString *streams;

        diag_host_get(capture->engine, i, &host);
        if (!diag_report_wants_host(report, &host))
            continue;
        streams = g_string_new(host.stream_count == 1 ? "Beside other connections (stream"
                                                      : "Several connections together (streams");
        for (size_t s = 0; s < MIN(host.stream_count, STREAMS_LISTED); s++)
            g_string_append_printf(streams, "%s %u", s > 0 ? "," : "", host.streams[s]);
        g_string_append(streams, host.stream_count > STREAMS_LISTED ? ", ...):" : "):");
        diag_print_wrapped(out, "", streams->str);
        g_string_free(streams, TRUE);
        fputc('\n', out);
        diag_report_story(&host.judged, capture, diag_capture_time(capture, 1), out);
        diag_report_reference(&host.judged, out);
        fputc('\n', out);
    }
}

static void print_rest(const struct diag_totals *totals, FILE *out)
{
    uint32_t healthy = totals->outcome[DIAG_HEALTHY];

    if (totals->connections == 0)
        fputs("There is no TCP connection here.\n", out);
    else if (healthy == totals->connections)
        fprintf(out, "%s healthy.\n",
                healthy == 1 ? "The one connection is" : "All connections are");
    else if (healthy > 0)
        fprintf(out, "%u other connection%s healthy.\n", healthy, healthy == 1 ? " was" : "s were");
}

static void explain_one(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    struct diag_view view;

    if (!diag_view_of_stream(capture->engine, report->stream, &view)) {
        fprintf(out, "There is no TCP stream %u in %s.\n", report->stream,
                diag_report_leaves_out(capture) ? "what was judged of this capture"
                                                : "this capture");
        return;
    }
    print_connection(&view, capture, out);
    print_hosts(report, capture, out);
}

void diag_report_explain(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    struct diag_totals totals = diag_report_totals(report, capture);

    diag_report_print_warning(capture, out);
    if (report->stream != DIAG_NO_STREAM) {
        explain_one(report, capture, out);
        return;
    }
    print_outcome(report, capture, DIAG_FAILED, out);
    print_outcome(report, capture, DIAG_DEGRADED, out);
    print_hosts(report, capture, out);
    print_outcome(report, capture, DIAG_UNDECIDABLE, out);
    print_rest(&totals, out);
}
