/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which report was asked for, about which connections, and the tap that says when to print it.
 */
#include "report.h"

#include "argument.h"
#include "tap.h"
#include "text.h"

#include <wsutil/report_message.h>

#include <stdlib.h>
#include <string.h>

static void (*const print_report[DIAG_REPORT_KINDS])(const struct diag_report *report,
                                                     struct diag_capture *capture, FILE *out) = {
    [DIAG_REPORT_OVERVIEW] = diag_report_overview,
    [DIAG_REPORT_CONV] = diag_report_conv,
    [DIAG_REPORT_EXPLAIN] = diag_report_explain,
    [DIAG_REPORT_JSON] = diag_report_json};

#define CHOICES "overview, conv, explain[,STREAM], json"

static int proto = -1;

bool diag_report_wants(const struct diag_report *report, uint32_t stream)
{
    if (report->stream != DIAG_NO_STREAM && report->stream != stream)
        return false;
    return report->selected == NULL ||
           g_hash_table_contains(report->selected, GUINT_TO_POINTER(stream));
}

bool diag_report_wants_host(const struct diag_report *report, const struct diag_host_view *host)
{
    for (size_t i = 0; i < host->stream_count; i++)
        if (diag_report_wants(report, host->streams[i]))
            return true;
    return report->stream == DIAG_NO_STREAM && report->selected == NULL;
}

struct diag_totals diag_report_totals(const struct diag_report *report,
                                      struct diag_capture *capture)
{
    struct diag_totals totals = {0};

    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_get(capture->engine, i, &view);
        if (!diag_report_wants(report, view.stream))
            continue;
        totals.connections++;
        totals.outcome[view.outcome]++;
    }
    return totals;
}

const char *diag_report_warning(const struct diag_capture *capture)
{
    if (!proto_is_protocol_enabled(find_protocol_by_id(proto)))
        return "The protocol \"" DIAG_PREFIX "\" is disabled: nothing was diagnosed.";
    if (capture->bypassed != 0)
        return "Part of the TCP traffic did not reach diag (Decode As on ip.proto, another plugin, "
               "or TCP without IP): what it carried was not diagnosed.";
    return NULL;
}

bool diag_report_leaves_out(const struct diag_capture *capture)
{
    uint64_t dropped[DIAG_DROPPED_COUNT];

    diag_dropped(capture->engine, dropped);
    return dropped[DIAG_DROPPED_connections] > 0;
}

void diag_report_print_warning(const struct diag_capture *capture, FILE *out)
{
    const char *warning = diag_report_warning(capture);
    uint64_t dropped[DIAG_DROPPED_COUNT];

    if (warning != NULL)
        diag_print_wrapped(out, "Warning: ", warning);
    diag_dropped(capture->engine, dropped);
    if (dropped[DIAG_DROPPED_connections] > 0)
        fprintf(out, "Left out: %s: %" G_GUINT64_FORMAT "\n",
                diag_dropped_text(DIAG_DROPPED_connections),
                (guint64)dropped[DIAG_DROPPED_connections]);
}

const struct diag_judged *diag_report_reason(const struct diag_view *view)
{
    if (view->verdict != NULL || view->outcome != DIAG_UNDECIDABLE)
        return view->verdict;
    for (size_t i = 0; i < view->finding_count; i++)
        if (diag_catalogue[view->findings[i].finding->id].stage == DIAG_STAGE_CAPTURE)
            return &view->findings[i];
    return NULL;
}

/* ---- the listener: which streams the filter lets through ------------------------------------- */

static tap_packet_status select_streams(void *data, packet_info *pinfo, epan_dissect_t *edt _U_,
                                        const void *frame _U_, tap_flags_t flags _U_)
{
    struct diag_report *report = data;
    uint32_t stream[DIAG_TAP_STREAMS];
    size_t count = diag_tap_streams(pinfo, stream);

    for (size_t i = 0; i < count; i++)
        g_hash_table_add(report->selected, GUINT_TO_POINTER(stream[i]));
    return TAP_PACKET_REDRAW;
}

static void reset(void *data)
{
    struct diag_report *report = data;

    g_hash_table_remove_all(report->selected);
}

static void draw(void *data)
{
    struct diag_report *report = data;
    struct diag_capture *capture = diag_capture_open();

    if (capture == NULL)
        return;
    diag_capture_judge_all(capture);
    report->stream = diag_stream_told(capture->engine, report->stream);
    report->print(report, capture, stdout);
    fflush(stdout);
}

static void finish(void *data)
{
    struct diag_report *report = data;

    if (report->selected != NULL)
        g_hash_table_destroy(report->selected);
    g_free(report);
}

/* ---- the argument of -z ---------------------------------------------------------------------- */

static bool in_gui(void)
{
    const char *program = g_get_prgname();

    return program != NULL && strstr(program, "tshark") == NULL;
}

static GString *listen_to_frames(struct diag_report *report, const char *filter)
{
    if (filter[0] == '\0')
        return register_tap_listener(DIAG_TAP_END, report, NULL, TL_REQUIRES_NOTHING, NULL, NULL,
                                     draw, finish);
    report->selected = g_hash_table_new(NULL, NULL);
    return register_tap_listener(DIAG_TAP, report, filter, TL_REQUIRES_NOTHING, reset,
                                 select_streams, draw, finish);
}

/* NULL when the report was taken on, else why not. */
static char *take_on(const char *argument)
{
    struct diag_argument asked;
    GString *error;
    char *why;

    if (!diag_argument_read(argument, &asked))
        return g_strdup_printf("-z %s: no such report. Reports are \"" DIAG_PREFIX
                               "\" alone or followed by one of: " CHOICES ".",
                               argument);
    struct diag_report *report = g_new0(struct diag_report, 1);

    report->print = print_report[asked.kind];
    report->stream = asked.stream;
    error = listen_to_frames(report, asked.filter);
    if (error == NULL)
        return NULL;
    why = asked.named ? g_strdup_printf("-z %s: %s", argument, error->str)
                      : g_strdup_printf("-z %s: \"%s\" is neither a report (" CHOICES
                                        ") nor a display filter: %s",
                                        argument, asked.filter, error->str);
    g_string_free(error, TRUE);
    finish(report);
    return why;
}

/* tshark before 4.6 does not hear a refusal; leaving is its own way there. The GUI must live on. */
static DIAG_STAT_INIT start(const char *argument, void *data _U_)
{
    char *why;

    if (in_gui()) {
        report_failure("-z %s: this report is printed by tshark. In Wireshark, look at "
                       "Statistics and at Analyze > Expert Information.",
                       argument);
        return DIAG_STAT_REFUSED;
    }
    why = take_on(argument);
    if (why == NULL)
        return DIAG_STAT_ACCEPTED;
    fprintf(stderr, "tshark: %s\n", why);
    g_free(why);
    if (!DIAG_STAT_REFUSAL_IS_HEARD)
        exit(EXIT_FAILURE);
    return DIAG_STAT_REFUSED;
}

void diag_report_register(int proto_diag)
{
    static stat_tap_ui ui = {REGISTER_STAT_GROUP_GENERIC, NULL, DIAG_PREFIX, start, 0, NULL};

    proto = proto_diag;
    register_stat_tap_ui(&ui, NULL);
}
