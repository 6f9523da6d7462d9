/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody with the keys sees in a segment: "decrypted=finished+app", one record for each
 * name. Messages of one record are joined by '/': "encrypted_extensions/chain13:leaf/finished".
 */
#include "tls_bytes.h"

#include <string.h>

enum {
    ALERT = 21,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23
};

/* Handshake messages of TLS 1.3 by name; the bytes in them mean nothing. */
static const struct {
    const char *name;
    uint8_t type;
    uint32_t length;
} known[] = {{"new_session_ticket", 4, 200}, {"end_of_early_data", 5, 0},
             {"encrypted_extensions", 8, 2}, {"certificate_request", 13, 20},
             {"certificate_verify", 15, 75}, {"finished", 20, 32},
             {"key_update", 24, 1},          {"no_certificate", 11, 4}};

static bool put_known(GByteArray *bytes, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        scn_put(bytes, known[i].type, 1);
        scn_put(bytes, known[i].length, 3);
        scn_put_random(bytes, known[i].length, known[i].type);
        return true;
    }
    return false;
}

/* A zlib stream (RFC 1950, 1951) that stores its content as it is, in blocks. */
static void put_stored(GByteArray *bytes, const GByteArray *content)
{
    const uint32_t modulus = 65521; /* of Adler-32 */
    uint32_t a = 1, b = 0;

    scn_put(bytes, 0x7801, 2);
    for (guint at = 0; at < content->len;) {
        guint n = MIN(content->len - at, 1000);
        uint32_t swapped = (n & 0xff) << 8 | n >> 8;

        scn_put(bytes, at + n == content->len, 1);
        scn_put(bytes, swapped, 2);
        scn_put(bytes, ~swapped & 0xffff, 2);
        g_byte_array_append(bytes, content->data + at, n);
        at += n;
    }
    for (guint i = 0; i < content->len; i++) {
        a = (a + content->data[i]) % modulus;
        b = (b + a) % modulus;
    }
    scn_put(bytes, b << 16 | a, 4);
}

/* RFC 8879 4: 1 is zlib. */
static void put_compressed(const struct scn_line *line, GByteArray *bytes, const char *names)
{
    GByteArray *content = g_byte_array_new();

    scn_put_chain(line, content, names, true);
    scn_put(bytes, 25, 1);
    guint message = scn_begin(bytes, 3);

    scn_put(bytes, 1, 2);
    scn_put(bytes, content->len, 3);
    guint stream = scn_begin(bytes, 3);

    put_stored(bytes, content);
    scn_end(bytes, stream, 3);
    scn_end(bytes, message, 3);
    g_byte_array_free(content, TRUE);
}

static void put_message(const struct scn_line *line, GByteArray *bytes, const char *name)
{
    const char *chain = "chain13:";
    const char *compressed = "compressed:";

    if (g_str_has_prefix(name, compressed)) {
        put_compressed(line, bytes, name + strlen(compressed));
    } else if (g_str_has_prefix(name, chain)) {
        scn_put(bytes, 11, 1);
        guint message = scn_begin(bytes, 3);

        scn_put_chain(line, bytes, name + strlen(chain), true);
        scn_end(bytes, message, 3);
    } else if (!put_known(bytes, name)) {
        scn_fail(line, "no decrypted message is called \"%s\"", name);
    }
}

/* Returns the content type. */
static uint8_t put_record(const struct scn_line *line, GByteArray *bytes, const char *names)
{
    char **part = g_strsplit(names, ":", 3);
    char **name = g_strsplit(names, "/", 0);
    uint8_t type = HANDSHAKE;

    if (strcmp(names, "app") == 0) {
        type = APPLICATION_DATA;
        scn_put_random(bytes, 4, type);
    } else if (part[0] && strcmp(part[0], "alert") == 0 && part[1] && part[2]) {
        type = ALERT;
        scn_put(bytes, scn_number(line, part[1], 255), 1);
        scn_put(bytes, scn_number(line, part[2], 255), 1);
    } else {
        for (char **at = name; *at; at++)
            put_message(line, bytes, *at);
    }
    g_strfreev(part);
    g_strfreev(name);
    return type;
}

void scn_decrypt(const struct scn_line *line, struct scn_fact *fact, const char *names)
{
    char **name = g_strsplit(names, "+", 0);
    uint8_t count = 0;

    if (g_strv_length(name) > SCN_DECRYPTED)
        scn_fail(line, "more than %d decrypted records", SCN_DECRYPTED);
    for (char **at = name; *at; at++, count++) {
        GByteArray *bytes = g_byte_array_new();
        uint8_t type = put_record(line, bytes, *at);

        fact->plain[count] = bytes;
        fact->decrypted[count] = (struct diag_decrypted){type, bytes->len, bytes->data};
    }
    fact->segment.decrypted = fact->decrypted;
    fact->segment.decrypted_count = count;
    g_strfreev(name);
}

void scn_decrypted_free(struct scn_fact *fact)
{
    for (size_t i = 0; i < SCN_DECRYPTED; i++)
        if (fact->plain[i])
            g_byte_array_unref(fact->plain[i]);
}
