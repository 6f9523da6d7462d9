/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text may follow -z: it is read within bounds, and what was read means the same when it is
 * said again in full. Input: the text.
 */
#include "input.h"

#include "../../plugin/argument.h"

#include "diag.h"

#include <glib.h>
#include <string.h>

/* The filter is the end of the text, character for character. */
static void check_filter(const char *text, const struct diag_argument *argument)
{
    size_t whole = strlen(text), rest = strlen(argument->filter);

    demand(rest <= whole && argument->filter == text + whole - rest);
}

static void check_again(const struct diag_argument *argument)
{
    const char *name = diag_report_name(argument->kind);
    char *stream = argument->stream == DIAG_NO_STREAM
                       ? g_strdup("")
                       : g_strdup_printf(",%" G_GUINT32_FORMAT, argument->stream);
    char *full = g_strdup_printf(DIAG_PREFIX ",%s%s,%s", name, stream, argument->filter);
    struct diag_argument again;

    demand(diag_argument_read(full, &again) && again.named);
    demand(again.kind == argument->kind);
    demand(again.stream == argument->stream && strcmp(again.filter, argument->filter) == 0);
    g_free(full);
    g_free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exactly, for the sanitizers */
    struct diag_argument argument;

    demand(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (diag_argument_read(text, &argument)) {
        demand(argument.kind < DIAG_REPORT_KINDS);
        demand(argument.named || argument.kind == DIAG_REPORT_OVERVIEW);
        demand(argument.stream == DIAG_NO_STREAM || argument.kind == DIAG_REPORT_EXPLAIN);
        check_filter(text, &argument);
        check_again(&argument);
    }
    free(text);
    return 0;
}
