/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the seconds went, in words: the largest part first, and no part that nobody would notice.
 */
#include "core.h"

#include <stdio.h>

/* Of the whole: less than a hundredth, or than a millisecond, explains nothing. */
#define SHARE 100

static int64_t known(const struct diag_view *view, unsigned part)
{
    return view->spent_ns[part] == DIAG_UNKNOWN_NS ? 0 : view->spent_ns[part];
}

/* The largest part that is not in the set yet; DIAG_PART_COUNT when none is worth a word. */
static unsigned next_part(const struct diag_view *view, unsigned said)
{
    int64_t least = diag_max_ns(view->total_ns / SHARE, DIAG_MS_NS);
    unsigned largest = DIAG_PART_COUNT;

    for (unsigned part = 0; part < DIAG_PART_COUNT; part++) {
        if (said & 1U << part || known(view, part) < least)
            continue;
        if (largest == DIAG_PART_COUNT || known(view, part) > known(view, largest))
            largest = part;
    }
    return largest;
}

size_t diag_render_times(const struct diag_view *view, char *text, size_t size)
{
    GString *out = g_string_new(NULL);
    unsigned said = 0;

    for (unsigned part = next_part(view, 0); part != DIAG_PART_COUNT;
         part = next_part(view, said)) {
        char duration[32];

        diag_render_duration(view->spent_ns[part], duration, sizeof duration);
        g_string_append_printf(out, "%s%s %s", said ? ", " : "",
                               diag_part_name((enum diag_part)part), duration);
        said |= 1U << part;
    }
    int length = snprintf(text, size, "%s", out->str);

    g_string_free(out, TRUE);
    return (size_t)length;
}
