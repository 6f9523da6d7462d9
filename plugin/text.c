/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping, wrapping and padding, by characters and not by bytes. */
#include "text.h"

#include <glib.h>
#include <string.h>

#define LINE 96

void diag_escape(const char *raw, char *text, size_t size)
{
    GString *safe = g_string_new(NULL);

    while (*raw != '\0') {
        gunichar c = g_utf8_get_char_validated(raw, -1);
        bool valid = c != (gunichar)-1 && c != (gunichar)-2;

        if (valid && g_unichar_isprint(c) && c != '\\') {
            g_string_append_unichar(safe, c);
            raw = g_utf8_next_char(raw);
        } else if (*raw == '\\') {
            g_string_append(safe, "\\\\");
            raw++;
        } else {
            g_string_append_printf(safe, "\\x%02x", (unsigned)(unsigned char)*raw);
            raw++;
        }
    }
    g_strlcpy(text, safe->str, size);
    g_string_free(safe, TRUE);
}

void diag_seconds(int64_t ns, char *text, size_t size)
{
    uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

    g_snprintf(text, (gulong)size, "%s%" G_GUINT64_FORMAT ".%09" G_GUINT64_FORMAT,
               ns < 0 ? "-" : "", magnitude / 1000000000, magnitude % 1000000000);
}

int diag_width(const char *text)
{
    return (int)g_utf8_strlen(text, -1);
}

void diag_print_cell(FILE *out, const char *text, int width)
{
    int wide = diag_width(text);

    if (wide <= width) {
        fprintf(out, "%s%*s", text, width - wide, "");
        return;
    }
    const char *end = g_utf8_offset_to_pointer(text, width - 1);

    fprintf(out, "%.*s…", (int)(end - text), text);
}

size_t diag_line_length(const char *text, int columns)
{
    const char *end = text + strcspn(text, " ");

    while (*end == ' ') {
        const char *next = end + 1 + strcspn(end + 1, " ");

        if (g_utf8_strlen(text, next - text) > columns)
            break;
        end = next;
    }
    return (size_t)(end - text);
}

void diag_print_wrapped(FILE *out, const char *first, const char *text)
{
    int indent = diag_width(first);

    fputs(first, out);
    for (bool begin = true; begin || *text != '\0'; begin = false) {
        size_t length = diag_line_length(text, LINE - indent);

        fprintf(out, "%*s%.*s\n", begin ? 0 : indent, "", (int)length, text);
        text += length + strspn(text + length, " ");
    }
}
