/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines into words. Every word must be taken by somebody, so that a typing error in a scenario is
 * an error and not a test that tests less.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scn_fail(const struct scn_line *line, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%u: ", line->file, line->number);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static char escaped(const struct scn_line *line, const char **text)
{
    static const char letter[] = "nrt0\\\"";
    static const char meaning[] = "\n\r\t\0\\\"";
    const char *at = *text;
    const char *known = *at ? strchr(letter, *at) : NULL;

    if (known) {
        *text = at + 1;
        return meaning[known - letter];
    }
    if (at[0] != 'x' || !g_ascii_isxdigit(at[1]) || !g_ascii_isxdigit(at[2]))
        scn_fail(line, "unknown escape \\%c", at[0]);
    *text = at + 3;
    return (char)(g_ascii_xdigit_value(at[1]) << 4 | g_ascii_xdigit_value(at[2]));
}

/* Up to the next blank outside quotes. */
static const char *one_word(const struct scn_line *line, const char *text, GString *word)
{
    bool quoted = false;

    while (*text && (quoted || !g_ascii_isspace(*text))) {
        char c = *text++;

        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (c == '\\' && quoted)
            c = escaped(line, &text);
        g_string_append_c(word, c);
    }
    if (quoted)
        scn_fail(line, "a quote is not closed");
    return text;
}

struct scn_line scn_line_split(const char *file, unsigned number, const char *text)
{
    struct scn_line line = {file, number, g_array_new(FALSE, TRUE, sizeof(struct scn_word))};

    for (;;) {
        while (g_ascii_isspace(*text))
            text++;
        if (!*text || *text == '#')
            return line;
        GString *word = g_string_new(NULL);

        text = one_word(&line, text, word);
        struct scn_word entry = {.length = word->len};

        entry.text = g_string_free(word, FALSE);
        g_array_append_val(line.words, entry);
    }
}

void scn_line_free(struct scn_line *line)
{
    for (size_t i = 0; i < line->words->len; i++)
        g_free(g_array_index(line->words, struct scn_word, i).text);
    g_array_free(line->words, TRUE);
}

const char *scn_line_at(struct scn_line *line, size_t index)
{
    if (index >= line->words->len)
        return NULL;
    struct scn_word *word = &g_array_index(line->words, struct scn_word, index);

    word->used = true;
    return word->text;
}

/* The caller reads past "name=": length is that of the whole word. */
const struct scn_word *scn_line_word(struct scn_line *line, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < line->words->len; i++) {
        struct scn_word *word = &g_array_index(line->words, struct scn_word, i);

        if (word->used || strncmp(word->text, name, length) != 0 || word->text[length] != '=')
            continue;
        word->used = true;
        return word;
    }
    return NULL;
}

const char *scn_line_value(struct scn_line *line, const char *name)
{
    const struct scn_word *word = scn_line_word(line, name);

    return word ? word->text + strlen(name) + 1 : NULL;
}

bool scn_line_flag(struct scn_line *line, const char *name)
{
    for (size_t i = 0; i < line->words->len; i++) {
        struct scn_word *word = &g_array_index(line->words, struct scn_word, i);

        if (word->used || strcmp(word->text, name) != 0)
            continue;
        word->used = true;
        return true;
    }
    return false;
}

void scn_line_finish(const struct scn_line *line)
{
    for (size_t i = 0; i < line->words->len; i++) {
        const struct scn_word *word = &g_array_index(line->words, struct scn_word, i);

        if (!word->used)
            scn_fail(line, "\"%s\" is not understood here", word->text);
    }
}

uint32_t scn_number(const struct scn_line *line, const char *text, uint32_t highest)
{
    char *end = NULL;
    unsigned long long number = strtoull(text, &end, 0);

    if (!g_ascii_isdigit(*text) || *end || number > highest)
        scn_fail(line, "\"%s\" is not a number from 0 to %u", text, highest);
    return (uint32_t)number;
}

uint32_t scn_line_number(struct scn_line *line, const char *name, uint32_t highest,
                         uint32_t otherwise)
{
    const char *text = scn_line_value(line, name);

    return text ? scn_number(line, text, highest) : otherwise;
}

int64_t scn_seconds(const struct scn_line *line, const char *text)
{
    char *end = NULL;
    double seconds = g_ascii_strtod(text, &end);

    if (end == text || *end || seconds < -1e6 || seconds > 1e9)
        scn_fail(line, "\"%s\" is not a time in seconds", text);
    return (int64_t)(seconds * 1e9 + (seconds < 0 ? -0.5 : 0.5));
}

GByteArray *scn_hex(const struct scn_line *line, const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    for (; *text; text += 2) {
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            scn_fail(line, "not pairs of hexadecimal digits at \"%s\"", text);
        guint8 byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));

        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}
