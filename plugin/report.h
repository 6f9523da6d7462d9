/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reports of tshark: -z diag[,REPORT][,STREAM][,FILTER]. All are printed after the last packet,
 * from the engine as it stands then.
 */
#ifndef DIAG_REPORT_H
#define DIAG_REPORT_H

#include "capture.h"

#include <stdio.h>

struct diag_report {
    void (*print)(const struct diag_report *report, struct diag_capture *capture, FILE *out);
    uint32_t stream;      /* the one asked for, DIAG_NO_STREAM for all */
    GHashTable *selected; /* streams that the filter let through; NULL without a filter */
};

/* What a report counts, over the connections that it is about. */
struct diag_totals {
    uint32_t connections;
    uint32_t outcome[DIAG_OUTCOME_COUNT];
};

void diag_report_register(int proto_diag);

bool diag_report_wants(const struct diag_report *report, uint32_t stream);
bool diag_report_wants_host(const struct diag_report *report, const struct diag_host_view *host);
struct diag_totals diag_report_totals(const struct diag_report *report,
                                      struct diag_capture *capture);

/* What the plugin itself has to say about the capture; NULL when nothing. */
const char *diag_report_warning(const struct diag_capture *capture);
/* Connections, because there are too many. */
bool diag_report_leaves_out(const struct diag_capture *capture);
/* And how many connections are left out of all that follows. */
void diag_report_print_warning(const struct diag_capture *capture, FILE *out);

/* The finding behind the outcome: the verdict, or the limit of the capture that prevents one. NULL
 * for the healthy. */
const struct diag_judged *diag_report_reason(const struct diag_view *view);

/* One finding told to a person: what, evidence, suspect, next step. Indented by two blanks, times
 * relative to begin. */
void diag_report_story(const struct diag_judged *judged, const struct diag_capture *capture,
                       int64_t begin, FILE *out);
void diag_report_reference(const struct diag_judged *judged, FILE *out);

void diag_report_overview(const struct diag_report *report, struct diag_capture *capture,
                          FILE *out);
void diag_report_conv(const struct diag_report *report, struct diag_capture *capture, FILE *out);
void diag_report_explain(const struct diag_report *report, struct diag_capture *capture, FILE *out);
void diag_report_json(const struct diag_report *report, struct diag_capture *capture, FILE *out);

/* The server's certificate in one sentence; false when none was read. */
bool diag_report_certificate(const struct diag_view *view, char *text, size_t size);

#endif
