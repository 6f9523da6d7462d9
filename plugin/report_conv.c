/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -z diag,conv: one row per connection. */
#include "report.h"

#include "text.h"

#include <string.h>

#define CELL 64

/* Widest endpoint of the connections that are listed: IPv6 takes twice the room of IPv4. */
struct widths {
    int client;
    int server;
};

/* All of IPv4 get the same room; rendering each one twice would cost more than the judgement. */
static int width_of(const struct diag_endpoint *endpoint)
{
    char text[CELL];

    if (endpoint->address.length != 16)
        return (int)strlen("255.255.255.255:65535");
    diag_render_endpoint(endpoint, text, sizeof text);
    return diag_width(text);
}

static struct widths measure(const struct diag_report *report, struct diag_capture *capture)
{
    struct widths widths = {(int)strlen("client"), (int)strlen("server")};

    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_label(capture->engine, i, &view);
        if (!diag_report_wants(report, view.stream))
            continue;
        widths.client = MAX(widths.client, width_of(&view.client));
        widths.server = MAX(widths.server, width_of(&view.server));
    }
    return widths;
}

static void print_summary(FILE *out, const struct diag_view *view)
{
    const struct diag_judged *why = diag_report_reason(view);
    char summary[DIAG_TEXT_MAX];

    if (why == NULL) {
        fputs("\n", out);
        return;
    }
    diag_render_summary(why->finding, summary, sizeof summary);
    fprintf(out, " %7u  %s: %s\n", why->finding->frame, diag_catalogue[why->finding->id].slug,
            summary);
}

static void print_row(FILE *out, const struct diag_view *view, const struct widths *widths,
                      int64_t begin)
{
    char client[CELL];
    char server[CELL];
    char duration[CELL];

    diag_render_endpoint(&view->client, client, sizeof client);
    diag_render_endpoint(&view->server, server, sizeof server);
    diag_render_duration(view->end_ns - view->start_ns, duration, sizeof duration);
    if (view->stream == DIAG_NO_STREAM)
        fprintf(out, "%6s  ", "-");
    else
        fprintf(out, "%6u  ", view->stream);
    diag_print_cell(out, client, widths->client);
    fputs("  ", out);
    diag_print_cell(out, server, widths->server);
    fprintf(out, "  %10.3f %9s %7u  ", (double)(view->start_ns - begin) / 1e9, duration,
            view->segments[DIAG_CLIENT] + view->segments[DIAG_SERVER]);
    diag_print_cell(out, diag_outcome_name(view->outcome), 11);
    print_summary(out, view);
}

void diag_report_conv(const struct diag_report *report, struct diag_capture *capture, FILE *out)
{
    struct widths widths = measure(report, capture);
    int64_t begin = diag_capture_time(capture, 1);

    diag_report_print_warning(capture, out);
    fprintf(out, "%6s  %-*s  %-*s  %10s %9s %7s  %-11s %7s  %s\n", "stream", widths.client,
            "client", widths.server, "server", "start (s)", "duration", "packets", "outcome",
            "frame", "verdict");
    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        struct diag_view view;

        diag_view_get(capture->engine, i, &view);
        if (diag_report_wants(report, view.stream))
            print_row(out, &view, &widths, begin);
    }
}
