/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "expect" lines against findings: each line must meet one finding, and each finding one line.
 */
#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One millisecond: the smallest difference that a story can mean. */
#define TIME_TOLERANCE 0.001

static enum diag_id id_of(const struct scn_expectation *expectation)
{
    const GArray *words = expectation->line.words;
    enum diag_id id = DIAG_ID_COUNT;

    if (words->len > 1)
        id = diag_id_of(g_array_index(words, struct scn_word, 1).text);
    if (id == DIAG_ID_COUNT)
        scn_fail(&expectation->line, "the catalogue has no such diagnosis");
    return id;
}

static bool has_evidence(const struct diag_finding *finding, const char *wanted)
{
    char text[64];

    for (size_t i = 0; i < finding->evidence_count; i++) {
        snprintf(text, sizeof text, "%s:%u", diag_role_name(finding->evidence[i].role),
                 finding->evidence[i].frame);
        if (strcmp(text, wanted) == 0)
            return true;
    }
    return false;
}

static bool has_all_evidence(const struct diag_finding *finding, const char *list)
{
    char **wanted = g_strsplit(list, ",", 0);
    bool all = true;

    for (char **at = wanted; *at; at++)
        all = all && has_evidence(finding, *at);
    g_strfreev(wanted);
    return all;
}

static bool same_value(const struct diag_finding *finding, const char *name, const char *wanted)
{
    const struct diag_value_spec *spec = diag_catalogue[finding->id].values;
    GString *text = g_string_new(NULL);
    bool same = scn_value_text(finding, name, text) && strcmp(text->str, wanted) == 0;

    for (size_t i = 0; i < DIAG_MAX_VALUES && spec[i].name; i++)
        if (strcmp(spec[i].name, name) == 0 && spec[i].unit == DIAG_DURATION)
            same = fabs(g_ascii_strtod(text->str, NULL) - g_ascii_strtod(wanted, NULL)) <
                   TIME_TOLERANCE;
    g_string_free(text, TRUE);
    return same;
}

/* "name=value" of an expect line. */
static bool condition_holds(const struct scn_found *found, const char *name, const char *wanted)
{
    if (strcmp(name, "evidence") == 0)
        return has_all_evidence(found->judged.finding, wanted);
    if (!scn_is_property(name))
        return same_value(found->judged.finding, name, wanted);
    GString *text = g_string_new(NULL);

    scn_put_property(found, name, text);
    bool same = strcmp(text->str, wanted) == 0;

    g_string_free(text, TRUE);
    return same;
}

/* A line that does not say "benign" or "explained" expects an accusation. */
static bool words_hold(const struct scn_expectation *expectation, const struct scn_found *found,
                       GString *why)
{
    const GArray *words = expectation->line.words;
    bool benign = false, explained = false, holds = true;

    for (guint i = 2; i < words->len; i++) {
        const struct scn_word *word = &g_array_index(words, struct scn_word, i);
        char **part = g_strsplit(word->text, "=", 2);

        benign = benign || strcmp(word->text, "benign") == 0;
        explained = explained || strcmp(part[0], "explained") == 0;
        if (!word->used && part[1] && !condition_holds(found, part[0], part[1])) {
            g_string_append_printf(why, " %s", word->text);
            holds = false;
        }
        g_strfreev(part);
    }
    if (benign != found->judged.finding->benign)
        g_string_append(why, benign ? " benign" : " (not benign)");
    if (explained != found->judged.explained)
        g_string_append(why, explained ? " explained" : " (not explained)");
    return holds && benign == found->judged.finding->benign && explained == found->judged.explained;
}

static bool meets(const struct scn_story *story, const struct scn_expectation *expectation,
                  const struct scn_found *found, GString *why)
{
    if (found->judged.finding->id != id_of(expectation))
        return false;
    bool here = expectation->connection == 0 ||
                scn_in_connection(story, expectation->connection, found->stream);

    if (!here)
        g_string_append_printf(why, " conn=%d", expectation->connection);
    return words_hold(expectation, found, why) && here;
}

/* Words that no finding of this id could ever meet are errors of the writer. */
static void validate(const struct scn_expectation *expectation)
{
    const struct diag_value_spec *spec = diag_catalogue[id_of(expectation)].values;
    const GArray *words = expectation->line.words;

    for (guint i = 2; i < words->len; i++) {
        const struct scn_word *word = &g_array_index(words, struct scn_word, i);
        char **part = g_strsplit(word->text, "=", 2);
        bool flag = strcmp(part[0], "benign") == 0 || strcmp(part[0], "explained") == 0;
        bool known = part[1] ? scn_is_property(part[0]) || strcmp(part[0], "evidence") == 0 : flag;

        for (size_t v = 0; part[1] && v < DIAG_MAX_VALUES && spec[v].name; v++)
            known = known || strcmp(spec[v].name, part[0]) == 0;
        if (!known && !word->used)
            scn_fail(&expectation->line, "\"%s\" is no value or property of this diagnosis",
                     word->text);
        g_strfreev(part);
    }
}

/* ---- which line is which finding -------------------------------------------------------------
 * Several findings may have one id: an assignment, found by augmenting paths. */

struct match {
    const struct scn_story *story;
    const GArray *found;
    int *line_of; /* by finding; -1 is none */
    bool *tried;  /* by finding, during one search */
};

/* No deeper than there are lines. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool assign(struct match *match, int line)
{
    const struct scn_expectation *expectation =
        &g_array_index(match->story->findings, struct scn_expectation, line);

    for (guint i = 0; i < match->found->len; i++) {
        GString *why = g_string_new(NULL);
        bool fits =
            !match->tried[i] && meets(match->story, expectation,
                                      &g_array_index(match->found, struct scn_found, i), why);

        g_string_free(why, TRUE);
        if (!fits)
            continue;
        match->tried[i] = true;
        if (match->line_of[i] >= 0 && !assign(match, match->line_of[i]))
            continue;
        match->line_of[i] = line;
        return true;
    }
    return false;
}

static void print_unmet(const struct match *match, const struct scn_expectation *expectation)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < expectation->line.words->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "",
                               g_array_index(expectation->line.words, struct scn_word, i).text);
    fprintf(stderr, "%s:%u: wanted: %s\n", expectation->line.file, expectation->line.number,
            text->str);
    for (guint i = 0; i < match->found->len; i++) {
        const struct scn_found *found = &g_array_index(match->found, struct scn_found, i);

        g_string_truncate(text, 0);
        if (found->judged.finding->id != id_of(expectation) || match->line_of[i] >= 0 ||
            meets(match->story, expectation, found, text))
            continue;
        fprintf(stderr, "    nearest differs in:%s\n", text->str);
    }
    g_string_free(text, TRUE);
}

static void print_found(const struct match *match, bool expected)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < match->found->len; i++)
        if ((match->line_of[i] >= 0) == expected) {
            g_string_truncate(text, 0);
            scn_describe(&g_array_index(match->found, struct scn_found, i), text);
            fprintf(stderr, "    %s\n", text->str);
        }
    g_string_free(text, TRUE);
}

static unsigned assign_all(struct match *match)
{
    const GArray *lines = match->story->findings;
    unsigned failures = 0;

    for (guint line = 0; line < lines->len; line++) {
        validate(&g_array_index(lines, struct scn_expectation, line));
        memset(match->tried, 0, match->found->len * sizeof *match->tried);
        if (assign(match, (int)line))
            continue;
        print_unmet(match, &g_array_index(lines, struct scn_expectation, line));
        failures++;
    }
    return failures;
}

unsigned scn_check_findings(const struct scn_story *story, const GArray *found)
{
    struct match match = {story, found, g_new(int, found->len + 1), g_new(bool, found->len + 1)};
    unsigned surplus = 0;

    for (guint i = 0; i < found->len; i++)
        match.line_of[i] = -1;
    unsigned failures = assign_all(&match);

    for (guint i = 0; i < found->len; i++)
        surplus += match.line_of[i] < 0;
    if (surplus) {
        fprintf(stderr, "%s: found, not expected:\n", story->file);
        print_found(&match, false);
    }
    if (failures + surplus && surplus < found->len) {
        fprintf(stderr, "%s: found as expected:\n", story->file);
        print_found(&match, true);
    }
    g_free(match.line_of);
    g_free(match.tried);
    return failures + surplus;
}
