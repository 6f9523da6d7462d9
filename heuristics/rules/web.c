/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name that a plain HTTP request asks for: what a filter on the way reads, too. */
#include "core.h"
#include "names/text.h"

#include <string.h>

/* RFC 1035 2.3.4, and a port. */
#define LONGEST 261

static bool begins_with(const char *line, const char *lower)
{
    for (; *lower; line++, lower++)
        if (diag_lower(*line) != *lower)
            return false;
    return true;
}

/* In the lines before the empty one (RFC 9112 2.1); NULL if there is none. */
static char *find_host(const char *text)
{
    static const char header[] = "host:";
    const char *line = strchr(text, '\n');

    while (line && strncmp(++line, "\r\n", 2) != 0) {
        if (begins_with(line, header)) {
            line += strlen(header);
            line += strspn(line, " \t");
            return g_strndup(line, MIN(strcspn(line, " \t\r\n"), LONGEST));
        }
        line = strchr(line, '\n');
    }
    return NULL;
}

static void remember_name(const struct diag_step *step)
{
    if (step->from != DIAG_CLIENT)
        return;
    GString *text = g_string_new_len((const char *)step->seg->data, (gssize)step->seg->captured);

    g_free(step->conn->web_host);
    step->conn->web_host = find_host(text->str);
    g_string_free(text, TRUE);
}

const struct diag_rule diag_rule_web = {
    .name = "web", .sees = DIAG_SEES_FIRST_DATA, .on_segment = remember_name};
