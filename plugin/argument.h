/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -z diag... asks for, as far as the text alone says it. Knows no Wireshark.
 */
#ifndef DIAG_PLUGIN_ARGUMENT_H
#define DIAG_PLUGIN_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

enum diag_report_kind {
    DIAG_REPORT_OVERVIEW,
    DIAG_REPORT_CONV,
    DIAG_REPORT_EXPLAIN,
    DIAG_REPORT_JSON,
    DIAG_REPORT_KINDS
};

struct diag_argument {
    enum diag_report_kind kind;
    bool named;         /* it says which report; else it is the overview */
    uint32_t stream;    /* DIAG_NO_STREAM for all */
    const char *filter; /* the rest of the text: empty, or meant to be a display filter */
};

const char *diag_report_name(enum diag_report_kind kind);

/* False when the text is the name of something else that only begins like ours. */
bool diag_argument_read(const char *text, struct diag_argument *argument);

#endif
