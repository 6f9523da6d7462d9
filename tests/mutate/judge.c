/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge STORY...: for each line "FILE NUMBER" of the standard input, whether a story notices that
 * mutant: "FILE NUMBER caught STORY", "FILE NUMBER hung STORY", or "FILE NUMBER survived" and how
 * many stories reach its place and whether one of them has findings that differ, but does not say
 * so. Only the stories that reach the place of a mutant are told to it, each mutant in its own
 * process.
 */
#include "../scenarios/runner/scenario.h"
#include "mutant.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORY_SECONDS 5
#define MEMORY_BYTES  ((rlim_t)4 << 30)
#define STORIES       8192
/* Exit status of the process of a mutant. */
#define DIFFERENT_FINDINGS 3

/* Which stories reach a mutant, as one bit each. */
struct reach {
    struct mutated_file *file;
    uint8_t (*stories)[STORIES / 8];
};

struct court {
    struct scn_story **story;
    GString **findings; /* of each story, as JSON */
    unsigned stories;
    GArray *reach;
    int *now; /* the story that is being told; shared with the process of the mutant */
    int last; /* the story that caught the last mutant: it may well catch the next */
};

static struct reach *reach_of(const struct court *court, const char *file)
{
    for (guint i = 0; i < court->reach->len; i++) {
        struct reach *reach = &g_array_index(court->reach, struct reach, i);

        if (strcmp(reach->file->name, file) == 0)
            return reach;
    }
    return NULL;
}

static GString *findings_of(const struct scn_story *story)
{
    struct diag_engine *engine = scn_run(story, false);
    GString *findings = g_string_new(NULL);

    scn_print_findings(engine, findings);
    diag_engine_free(engine);
    return findings;
}

/* ---- without a mutant: everything passes, and leaves its traces */

static void note_reached(const struct court *court, unsigned story)
{
    for (guint i = 0; i < court->reach->len; i++) {
        struct reach *reach = &g_array_index(court->reach, struct reach, i);

        for (int n = 0; n < reach->file->count; n++)
            if (reach->file->reached[n])
                reach->stories[n][story / 8] |= (uint8_t)(1 << story % 8);
        memset(reach->file->reached, 0, (size_t)reach->file->count);
    }
}

static void read_stories(struct court *court, char **name, unsigned count)
{
    if (count > STORIES) {
        fprintf(stderr, "judge: more than %d stories\n", STORIES);
        exit(2);
    }
    for (struct mutated_file *file = mutated_files(); file; file = file->next) {
        struct reach reach = {file, g_malloc0((size_t)file->count * sizeof reach.stories[0])};

        g_array_append_val(court->reach, reach);
    }
    court->story = g_new(struct scn_story *, count);
    court->findings = g_new(GString *, count);
    court->stories = count;
    for (unsigned i = 0; i < count; i++) {
        court->story[i] = scn_story_read(name[i]);
        if (scn_check_story(court->story[i], false)) {
            fprintf(stderr, "judge: %s fails without a mutant\n", name[i]);
            exit(2);
        }
        note_reached(court, i);
        court->findings[i] = findings_of(court->story[i]);
    }
}

/* ---- with one */

static bool reaches(const struct reach *reach, int number, unsigned story)
{
    return reach->stories[number][story / 8] >> story % 8 & 1;
}

static void tell(const struct court *court, int story)
{
    const struct itimerval limit = {.it_value = {STORY_SECONDS, 0}};

    *court->now = story;
    setitimer(ITIMER_PROF, &limit, NULL);
    if (scn_check_story(court->story[story], false))
        _exit(1);
}

static bool finds_the_same(const struct court *court, unsigned story)
{
    GString *findings = findings_of(court->story[story]);
    bool same = g_string_equal(findings, court->findings[story]);

    g_string_free(findings, TRUE);
    return same;
}

/* Something is found otherwise, and no story has said how it must be. */
static bool differs(const struct court *court, const struct reach *reach, int number)
{
    for (unsigned i = 0; i < court->stories; i++) {
        *court->now = (int)i;
        if (reaches(reach, number, i) && !finds_the_same(court, i))
            return true;
    }
    return false;
}

/* Never returns. A mutant may write beyond its arrays, allocate without end, or wait for ever. */
static void try(const struct court *court, const struct reach *reach, int number)
{
    const struct rlimit memory = {MEMORY_BYTES, MEMORY_BYTES}, none = {0, 0};

    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &none);
    if (!freopen("/dev/null", "w", stderr))
        _exit(2);
    reach->file->tried = number;
    if (court->last >= 0 && reaches(reach, number, (unsigned)court->last))
        tell(court, court->last);
    for (unsigned i = 0; i < court->stories; i++)
        if (reaches(reach, number, i))
            tell(court, (int)i);
    _exit(differs(court, reach, number) ? DIFFERENT_FINDINGS : 0);
}

static unsigned count_reaching(const struct court *court, const struct reach *reach, int number)
{
    unsigned count = 0;

    for (unsigned i = 0; i < court->stories; i++)
        count += reaches(reach, number, i);
    return count;
}

static void judge(struct court *court, const struct reach *reach, int number)
{
    int status = 0;

    fflush(stdout);
    pid_t child = fork();

    if (child == 0)
        try(court, reach, number);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("judge");
        exit(2);
    }
    bool different = WIFEXITED(status) && WEXITSTATUS(status) == DIFFERENT_FINDINGS;

    if (status == 0 || different) {
        printf("%s %d survived %u stories%s%s\n", reach->file->name, number,
               count_reaching(court, reach, number), different ? ", unstated in " : "",
               different ? court->story[*court->now]->file : "");
        return;
    }
    bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;

    court->last = *court->now;
    printf("%s %d %s %s\n", reach->file->name, number, hung ? "hung" : "caught",
           court->story[court->last]->file);
}

int main(int argc, char **argv)
{
    struct court court = {.reach = g_array_new(FALSE, FALSE, sizeof(struct reach)), .last = -1};
    char file[100];
    int number = 0;

    court.now =
        mmap(NULL, sizeof *court.now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (court.now == MAP_FAILED)
        return 2;
    read_stories(&court, argv + 1, (unsigned)argc - 1);
    /* NOLINTNEXTLINE(cert-err34-c): our own script writes the numbers */
    while (scanf("%99s %d", file, &number) == 2) {
        const struct reach *reach = reach_of(&court, file);

        if (!reach || number < 0 || number >= reach->file->count) {
            fprintf(stderr, "judge: no mutant %d of %s\n", number, file);
            return 2;
        }
        judge(&court, reach, number);
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the stories are needed to the end */
    return 0;
}
