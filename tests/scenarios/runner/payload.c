/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload of a segment line: filler, text, hexadecimal or canned TLS, and a part of it. */
#include "scenario.h"

#include <string.h>

/* Letters only: neither TLS nor a request of any protocol. A byte depends on its place. */
static GByteArray *filler(uint32_t length, uint32_t seq)
{
    GByteArray *bytes = g_byte_array_sized_new(length);

    for (uint32_t i = 0; i < length; i++) {
        guint8 letter = (guint8)('a' + (seq + i) % 26);

        g_byte_array_append(bytes, &letter, 1);
    }
    return bytes;
}

static GByteArray *text_bytes(const struct scn_word *word)
{
    const size_t name = strlen("data=");
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)word->text + name, (guint)(word->length - name));
    return bytes;
}

static GByteArray *whole_payload(struct scn_line *line, uint32_t seq)
{
    const struct scn_word *data = scn_line_word(line, "data");
    const char *hex = scn_line_value(line, "hex");
    const char *tls = scn_line_value(line, "tls");
    uint32_t length = scn_line_number(line, "len", SCN_MAX_PAYLOAD, 0);

    if ((data != NULL) + (hex != NULL) + (tls != NULL) + (length > 0) > 1)
        scn_fail(line, "only one of len, data, hex and tls makes the payload");
    if (data)
        return text_bytes(data);
    if (hex)
        return scn_hex(line, hex);
    if (tls)
        return scn_tls_bytes(line, tls);
    return filler(length, seq);
}

/* "part=0-500": a message split over segments. "part=500-" is the rest. */
static void keep_part(const struct scn_line *line, GByteArray *bytes, const char *part)
{
    char **edge = g_strsplit(part, "-", 2);

    if (!edge[0] || !edge[1])
        scn_fail(line, "part=from-to, not part=%s", part);
    uint32_t from = scn_number(line, edge[0], bytes->len);
    uint32_t to = *edge[1] ? scn_number(line, edge[1], bytes->len) : bytes->len;

    if (from > to)
        scn_fail(line, "part=%s ends before it begins", part);
    g_byte_array_set_size(bytes, to);
    if (from)
        g_byte_array_remove_range(bytes, 0, from);
    g_strfreev(edge);
}

GByteArray *scn_payload(struct scn_line *line, uint32_t seq)
{
    GByteArray *bytes = whole_payload(line, seq);
    const char *part = scn_line_value(line, "part");

    if (part)
        keep_part(line, bytes, part);
    if (bytes->len > SCN_MAX_PAYLOAD)
        scn_fail(line, "%u bytes do not fit into one segment", bytes->len);
    return bytes;
}
