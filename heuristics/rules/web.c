/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name that a plain HTTP request asks for: what a filter on the way reads, too. */
#include "core.h"
#include "names/text.h"

#include <string.h>

/* A request line and the headers that stand before Host in practice. */
#define SEARCHED 2048
/* RFC 1035 2.3.4, and a port. */
#define LONGEST 261

static bool is_request(const struct diag_segment *seg)
{
    static const char *const method[] = {"GET ", "POST ", "HEAD ", "PUT ", "CONNECT ", "OPTIONS "};

    for (size_t i = 0; i < G_N_ELEMENTS(method); i++)
        if (seg->captured >= strlen(method[i]) &&
            memcmp(seg->data, method[i], strlen(method[i])) == 0)
            return true;
    return false;
}

static char *value_at(const char *text, size_t size)
{
    size_t skipped = 0;
    size_t length = 0;

    while (skipped < size && text[skipped] == ' ')
        skipped++;
    while (skipped + length < size && length < LONGEST && text[skipped + length] > ' ')
        length++;
    return length ? g_strndup(text + skipped, length) : NULL;
}

static bool begins_with(const char *line, const char *lower)
{
    for (; *lower; line++, lower++)
        if (diag_lower(*line) != *lower)
            return false;
    return true;
}

static char *find_host(const char *text, size_t size)
{
    static const char header[] = "host:";
    const size_t n = sizeof header - 1;

    for (const char *line = memchr(text, '\n', size); line && size - (size_t)(++line - text) > n;
         line = memchr(line, '\n', size - (size_t)(line - text)))
        if (begins_with(line, header))
            return value_at(line + n, size - (size_t)(line - text) - n);
    return NULL;
}

static void remember_name(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    if (step->from == DIAG_CLIENT && !step->conn->web_host && is_request(seg))
        step->conn->web_host =
            find_host((const char *)seg->data, MIN(seg->captured, (uint32_t)SEARCHED));
}

const struct diag_rule diag_rule_web = {
    .name = "web", .sees = DIAG_SEES_FIRST_DATA, .on_segment = remember_name};
