/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -z diag: how many connections ended how, what was wrong with them, worst first, and at which
 * server. Every line names an example to look at.
 */
#include "report.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

#define CELL 64

/* One diagnosis over all connections. */
struct tally {
    enum diag_id id;
    enum diag_severity worst;
    uint32_t connections;
    uint32_t last_stream; /* counted, so that a connection counts once */
    const struct diag_finding *example;
};

/* One server over all connections. */
struct server_tally {
    char name[CELL];
    uint32_t connections;
    uint32_t outcome[DIAG_OUTCOME_COUNT];
};

/* Worth a line: nobody needs to act on the harmless, and a symptom is told with its cause. */
static bool is_open(const struct diag_judged *judged)
{
    return !judged->explained && !judged->finding->benign && judged->effective > DIAG_CHAT;
}

static void count_finding(struct tally *tally, const struct diag_judged *judged, uint32_t number)
{
    struct tally *t = &tally[judged->finding->id];

    if (t->example == NULL || judged->effective > t->worst) {
        t->example = judged->finding;
        t->worst = judged->effective;
    }
    if (t->connections == 0 || t->last_stream != number)
        t->connections++;
    t->last_stream = number;
}

static int worst_first(const void *a, const void *b)
{
    const struct tally *x = a;
    const struct tally *y = b;

    if (x->worst != y->worst)
        return x->worst > y->worst ? -1 : 1;
    if (x->connections != y->connections)
        return x->connections > y->connections ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void print_tally(FILE *out, const struct tally *tally)
{
    const struct diag_finding *example = tally->example;
    char where[CELL];
    char summary[DIAG_TEXT_MAX];

    diag_render_summary(example, summary, sizeof summary);
    if (example->connection != NULL)
        g_snprintf(where, sizeof where, "stream %u, frame %u",
                   diag_connection_stream(example->connection), example->frame);
    else
        g_snprintf(where, sizeof where, "frame %u", example->frame);
    fprintf(out, "  %-5s %6u  ", diag_severity_name(tally->worst), tally->connections);
    diag_print_cell(out, diag_catalogue[tally->id].title, 46);
    fprintf(out, "  %s\n%15s%s: %s\n", where, "", diag_catalogue[tally->id].slug, summary);
}

static void count_connections(const struct diag_report *report, struct diag_capture *capture,
                              struct tally *tally)
{
    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_get(capture->engine, i, &view);
        if (!diag_report_wants(report, view.stream))
            continue;
        for (size_t f = 0; f < view.finding_count; f++)
            if (is_open(&view.findings[f]) || &view.findings[f] == view.verdict)
                count_finding(tally, &view.findings[f], (uint32_t)i);
    }
}

static void print_diagnoses(const struct diag_report *report, struct diag_capture *capture,
                            FILE *out)
{
    struct tally *tally = g_new0(struct tally, DIAG_ID_COUNT);
    bool any = false;

    for (size_t id = 0; id < DIAG_ID_COUNT; id++)
        tally[id].id = (enum diag_id)id;
    count_connections(report, capture, tally);
    qsort(tally, DIAG_ID_COUNT, sizeof *tally, worst_first);
    for (size_t i = 0; i < DIAG_ID_COUNT; i++) {
        if (tally[i].connections == 0)
            continue;
        if (!any)
            fputs("\nWhat was found, worst first (connections, diagnosis, an example)\n", out);
        any = true;
        print_tally(out, &tally[i]);
    }
    if (!any && diag_host_count(capture->engine) == 0)
        fputs("\nNothing was found that anybody needs to act on.\n", out);
    g_free(tally);
}

static void print_hosts(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    bool any = false;

    for (size_t i = 0, count = diag_host_count(capture->engine); i < count; i++) {
        struct diag_host_view host;
        char summary[DIAG_TEXT_MAX];

        diag_host_get(capture->engine, i, &host);
        if (!diag_report_wants_host(report, &host))
            continue;
        if (!any)
            fputs("\nWhat several connections show together\n", out);
        any = true;
        diag_render_summary(host.judged.finding, summary, sizeof summary);
        fprintf(out, "  %-5s %6zu  ", diag_severity_name(host.judged.effective), host.stream_count);
        diag_print_cell(out, diag_catalogue[host.judged.finding->id].title, 46);
        fprintf(out, "  frame %u\n%15s%s: %s\n", host.judged.finding->frame, "",
                diag_catalogue[host.judged.finding->id].slug, summary);
    }
}

static void print_capture_findings(struct diag_capture *capture, FILE *out)
{
    const struct diag_judged *findings = NULL;
    size_t count = diag_capture_findings(capture->engine, &findings);
    char summary[DIAG_TEXT_MAX];

    if (count > 0)
        fputs("\nAbout the capture itself\n", out);
    for (size_t i = 0; i < count; i++) {
        diag_render_summary(findings[i].finding, summary, sizeof summary);
        fprintf(out, "  %-5s         %s: %s\n", diag_severity_name(findings[i].effective),
                diag_catalogue[findings[i].finding->id].slug, summary);
    }
}

static struct server_tally *tally_of(GArray *servers, GHashTable *position,
                                     const struct diag_endpoint *server)
{
    struct server_tally empty = {.connections = 0};
    void *at;

    diag_render_endpoint(server, empty.name, sizeof empty.name);
    at = g_hash_table_lookup(position, empty.name);
    if (at == NULL) {
        g_array_append_val(servers, empty);
        at = GUINT_TO_POINTER(servers->len);
        g_hash_table_insert(position, g_strdup(empty.name), at);
    }
    return &g_array_index(servers, struct server_tally, GPOINTER_TO_UINT(at) - 1);
}

static int most_failed_first(const void *a, const void *b)
{
    static const enum diag_outcome order[] = {DIAG_FAILED, DIAG_DEGRADED, DIAG_UNDECIDABLE,
                                              DIAG_HEALTHY};
    const struct server_tally *x = a;
    const struct server_tally *y = b;

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (x->outcome[order[i]] != y->outcome[order[i]])
            return x->outcome[order[i]] > y->outcome[order[i]] ? -1 : 1;
    return 0;
}

static GArray *count_servers(const struct diag_report *report, struct diag_capture *capture)
{
    GArray *servers = g_array_new(FALSE, FALSE, sizeof(struct server_tally));
    GHashTable *position = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_get(capture->engine, i, &view);
        if (!diag_report_wants(report, view.stream))
            continue;
        struct server_tally *t = tally_of(servers, position, &view.server);

        t->connections++;
        t->outcome[view.outcome]++;
    }
    g_hash_table_destroy(position);
    g_array_sort(servers, most_failed_first);
    return servers;
}

#define SERVERS_LISTED 20

static void print_servers(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    GArray *servers = count_servers(report, capture);
    guint listed = MIN(servers->len, SERVERS_LISTED);
    int width = (int)strlen("server");

    for (guint i = 0; i < listed; i++)
        width = MAX(width, diag_width(g_array_index(servers, struct server_tally, i).name));
    if (listed > 0)
        fprintf(out, "\nBy server\n  %-*s %8s %9s %12s %8s\n", width, "", "failed", "degraded",
                "undecidable", "healthy");
    for (guint i = 0; i < listed; i++) {
        const struct server_tally *t = &g_array_index(servers, struct server_tally, i);

        fprintf(out, "  %-*s %8u %9u %12u %8u\n", width, t->name, t->outcome[DIAG_FAILED],
                t->outcome[DIAG_DEGRADED], t->outcome[DIAG_UNDECIDABLE], t->outcome[DIAG_HEALTHY]);
    }
    if (servers->len > SERVERS_LISTED)
        fprintf(out, "  and %u more servers\n", servers->len - SERVERS_LISTED);
    g_array_free(servers, TRUE);
}

/* Nearly never: these bounds are far beyond what people do. Connections are told of above. */
static void print_dropped(const struct diag_capture *capture, FILE *out)
{
    uint64_t dropped[DIAG_DROPPED_COUNT];
    const char *heading = "\nLeft out, because memory is bounded\n";

    diag_dropped(capture->engine, dropped);
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++) {
        if (dropped[i] == 0 || i == DIAG_DROPPED_connections)
            continue;
        fprintf(out, "%s  %s: %" G_GUINT64_FORMAT "\n", heading,
                diag_dropped_text((enum diag_dropped)i), (guint64)dropped[i]);
        heading = "";
    }
}

static const char *plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

void diag_report_overview(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    struct diag_totals totals = diag_report_totals(report, capture);

    diag_report_print_warning(capture, out);
    if (totals.connections == 0) {
        fprintf(out, "No TCP connection %s %u frame%s.\n",
                report->selected != NULL ? "matches the filter in" : "in", capture->frames,
                plural(capture->frames));
        print_capture_findings(capture, out);
        return;
    }
    fprintf(out,
            "%u TCP connection%s in %u frame%s: %u failed, %u degraded, %u undecidable, "
            "%u healthy\n",
            totals.connections, plural(totals.connections), capture->frames,
            plural(capture->frames), totals.outcome[DIAG_FAILED], totals.outcome[DIAG_DEGRADED],
            totals.outcome[DIAG_UNDECIDABLE], totals.outcome[DIAG_HEALTHY]);
    print_diagnoses(report, capture, out);
    print_hosts(report, capture, out);
    print_capture_findings(capture, out);
    print_servers(report, capture, out);
    print_dropped(capture, out);
    fputs("\nThe whole story: -z diag,explain (all that failed) or -z diag,explain,STREAM\n", out);
}
