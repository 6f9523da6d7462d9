/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of what speaks for an injected reset. */
#include "diag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool strong;
    enum diag_unit unit;
    const char *text;
} clues[DIAG_CLUE_COUNT] = {
#define CLUE(name, ...) {#name, __VA_ARGS__},
#include "clues.def"
#undef CLUE
};

const char *diag_clue_name(enum diag_clue_kind kind)
{
    return clues[kind].name;
}

bool diag_clue_is_strong(enum diag_clue_kind kind)
{
    return clues[kind].strong;
}

enum diag_unit diag_clue_unit(enum diag_clue_kind kind)
{
    return clues[kind].unit;
}

static void write_value(int64_t value, enum diag_unit unit, char *text, size_t size)
{
    if (unit == DIAG_DURATION)
        diag_render_duration(value, text, size);
    else
        snprintf(text, size, "%" PRId64, value);
}

static const char *word_of(const char *word, const struct diag_clue *clue, enum diag_side side,
                           char *text, size_t size)
{
    enum diag_unit unit = clues[clue->kind].unit;

    if (strncmp(word, "{side}", 6) == 0)
        return diag_side_name(side);
    if (strncmp(word, "{peer}", 6) == 0)
        return diag_side_name(diag_peer(side));
    if (strncmp(word, "{seen}", 6) == 0)
        write_value(clue->seen, unit, text, size);
    else if (strncmp(word, "{usual}", 7) == 0)
        write_value(clue->usual, unit, text, size);
    else
        snprintf(text, size, "%" PRIu32, clue->reference);
    return text;
}

size_t diag_render_clue(const struct diag_clue *clue, enum diag_side side, char *text, size_t size)
{
    size_t length = 0;

    for (const char *at = clues[clue->kind].text; *at;) {
        size_t plain = strcspn(at, "{");
        size_t left = length < size ? size - length : 0;
        char value[32];

        length += (size_t)snprintf(left ? text + length : NULL, left, "%.*s", (int)plain, at);
        at += plain;
        if (!*at)
            break;
        left = length < size ? size - length : 0;
        length += (size_t)snprintf(left ? text + length : NULL, left, "%s",
                                   word_of(at, clue, side, value, sizeof value));
        at = strchr(at, '}') + 1;
    }
    return length;
}
