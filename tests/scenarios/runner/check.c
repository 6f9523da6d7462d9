/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells a story to the core, and checks what it finds. */
#include "scenario.h"

#include <stdio.h>

static unsigned check_claims(const struct scn_story *story, struct diag_engine *engine)
{
    GArray *found = scn_findings(engine);

    if (!story->nothing && story->findings->len == 0 && story->statements->len == 0) {
        fprintf(stderr, "%s: expects nothing at all; say \"expect nothing\"\n", story->file);
        return 1;
    }
    unsigned failures = scn_check_findings(story, found) +
                        scn_check_statements(story, engine, found) +
                        scn_check_times(story, engine) + scn_check_events(story, engine, found);

    g_array_free(found, TRUE);
    return failures;
}

/* Asking for verdicts in the middle must not change what is found. */
static unsigned check_that_looking_is_free(const struct scn_story *story,
                                           struct diag_engine *engine)
{
    struct diag_engine *watched = scn_run(story, true);
    GString *unseen = g_string_new(NULL), *seen = g_string_new(NULL);

    scn_print_findings(engine, unseen);
    scn_print_findings(watched, seen);
    bool same = g_string_equal(unseen, seen);

    if (!same)
        fprintf(stderr, "%s: verdicts depend on who looked before\n--- unseen\n%s--- seen\n%s",
                story->file, unseen->str, seen->str);
    g_string_free(unseen, TRUE);
    g_string_free(seen, TRUE);
    diag_engine_free(watched);
    return !same;
}

unsigned scn_check_story(const struct scn_story *story, bool look)
{
    struct diag_engine *engine = scn_run(story, false);
    unsigned failures = check_claims(story, engine);

    if (look)
        failures += check_that_looking_is_free(story, engine);
    diag_engine_free(engine);
    return failures;
}
