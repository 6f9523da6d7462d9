/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diag[,REPORT][,STREAM][,FILTER]: what is neither a report nor the stream of an explanation is a
 * display filter, which may hold commas itself.
 */
#include "argument.h"

#include "../heuristics/diag.h"

#include <glib.h>
#include <string.h>

static const char *const report_name[DIAG_REPORT_KINDS] = {[DIAG_REPORT_OVERVIEW] = "overview",
                                                           [DIAG_REPORT_CONV] = "conv",
                                                           [DIAG_REPORT_EXPLAIN] = "explain",
                                                           [DIAG_REPORT_JSON] = "json"};

const char *diag_report_name(enum diag_report_kind kind)
{
    return report_name[kind];
}

/* Length of a leading number that ends the argument or stands before a comma, else 0. */
static size_t leading_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return text[digits] == '\0' || text[digits] == ',' ? digits : 0;
}

/* What follows a word and its comma. */
static const char *after(const char *text, size_t length)
{
    return text[length] == ',' ? text + length + 1 : text + length;
}

static const char *read_kind(const char *text, struct diag_argument *argument)
{
    size_t length = strcspn(text, ",");

    for (size_t kind = 0; kind < DIAG_REPORT_KINDS; kind++) {
        if (strlen(report_name[kind]) != length || strncmp(report_name[kind], text, length) != 0)
            continue;
        argument->kind = (enum diag_report_kind)kind;
        argument->named = true;
        return after(text, length);
    }
    return text;
}

bool diag_argument_read(const char *text, struct diag_argument *argument)
{
    const char *rest = text + strlen(DIAG_PREFIX);

    *argument = (struct diag_argument){.stream = DIAG_NO_STREAM};
    if (!g_str_has_prefix(text, DIAG_PREFIX) || (rest[0] != '\0' && rest[0] != ','))
        return false;
    rest = read_kind(after(rest, 0), argument);
    if (argument->kind == DIAG_REPORT_EXPLAIN && leading_number(rest) > 0) {
        argument->stream = (uint32_t)MIN(g_ascii_strtoull(rest, NULL, 10), DIAG_NO_STREAM - 1);
        rest = after(rest, leading_number(rest));
    }
    argument->filter = rest;
    return true;
}
