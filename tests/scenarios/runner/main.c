/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario FILE.scn               tells the story to the core, checks what it finds; 0 is passed
 * scenario --facts FILE.scn       prints the facts as JSON
 * scenario --findings FILE.scn    prints what the core found as JSON
 */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

static void print(const struct scn_story *story, bool facts)
{
    GString *out = g_string_new(NULL);
    struct diag_engine *engine = scn_run(story, false);

    if (facts)
        scn_print_facts(story, out);
    else
        scn_print_findings(engine, out);
    fputs(out->str, stdout);
    diag_engine_free(engine);
    g_string_free(out, TRUE);
}

int main(int argc, char **argv)
{
    const char *option = argc == 3 ? argv[1] : "";
    bool facts = strcmp(option, "--facts") == 0;
    bool findings = strcmp(option, "--findings") == 0;
    unsigned failures = 0;

    if (argc != 2 && !facts && !findings) {
        fprintf(stderr, "usage: scenario [--facts|--findings] FILE.scn\n");
        return 2;
    }
    struct scn_story *story = scn_story_read(argv[argc - 1]);

    if (facts || findings)
        print(story, facts);
    else
        failures = scn_check_story(story, true);
    scn_story_free(story);
    return failures != 0;
}
