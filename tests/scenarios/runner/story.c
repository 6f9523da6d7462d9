/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario file into facts and expectations. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scn_fact *scn_story_fact(struct scn_story *story, enum scn_fact_kind kind)
{
    struct scn_fact *fact = g_new0(struct scn_fact, 1);

    fact->kind = kind;
    fact->frame = ++story->frames;
    fact->time_ns = SCN_EPOCH_NS + story->now_ns;
    g_ptr_array_add(story->facts, fact);
    return fact;
}

static void free_fact(gpointer data)
{
    struct scn_fact *fact = data;

    scn_decrypted_free(fact);
    if (fact->payload)
        g_byte_array_unref(fact->payload);
    g_free(fact);
}

static void init_connection(struct scn_connection *connection, unsigned number)
{
    connection->stream = DIAG_NO_STREAM;
    connection->base[DIAG_CLIENT] = connection->base[DIAG_SERVER] = -1;
    connection->streams = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    connection->ttl[DIAG_CLIENT] = 64; /* captured at the client, the server seven hops away */
    connection->ttl[DIAG_SERVER] = 57;
    connection->ip_id[DIAG_CLIENT] = (uint16_t)(0x1000 * number);
    connection->ip_id[DIAG_SERVER] = (uint16_t)(0x1000 * number + 0x0800);
    scn_flow_init(&connection->now, number, 0);
}

static void clear_connection(struct scn_connection *connection)
{
    g_array_free(connection->streams, TRUE);
    scn_flow_clear(&connection->now);
    scn_flow_clear(&connection->old);
}

void scn_connection_anew(struct scn_connection *connection, unsigned number)
{
    scn_flow_clear(&connection->old);
    connection->old = connection->now;
    scn_flow_init(&connection->now, number, connection->streams->len + 1);
}

struct scn_connection *scn_story_connection(struct scn_story *story, const struct scn_line *line,
                                            unsigned number)
{
    if (number == 0 || number >= SCN_CONNECTIONS || !story->connection[number].declared)
        scn_fail(line, "connection %u is not declared", number);
    return &story->connection[number];
}

static void read_ttl(struct scn_line *line, struct scn_connection *connection)
{
    const char *text = scn_line_value(line, "ttl");

    if (!text)
        return;
    char **part = g_strsplit(text, "/", 2);

    if (!part[0] || !part[1])
        scn_fail(line, "ttl=client/server, not ttl=%s", text);
    connection->ttl[DIAG_CLIENT] = (uint8_t)scn_number(line, part[0], UINT8_MAX);
    connection->ttl[DIAG_SERVER] = (uint8_t)scn_number(line, part[1], UINT8_MAX);
    g_strfreev(part);
}

static void connection_line(struct scn_story *story, struct scn_line *line)
{
    const char *text = scn_line_at(line, 1);
    unsigned number = scn_number(line, text ? text : "", SCN_CONNECTIONS - 1);
    struct scn_connection *connection = &story->connection[number];
    const char *client = scn_line_value(line, "client");
    const char *server = scn_line_value(line, "server");
    struct scn_half *half = connection->now.half;

    if (!connection->declared && (!client || !server))
        scn_fail(line, "connection %u needs client= and server=", number);
    connection->declared = true;
    if (client)
        connection->end[DIAG_CLIENT] = scn_endpoint(line, client);
    if (server)
        connection->end[DIAG_SERVER] = scn_endpoint(line, server);
    half[0].isn = scn_line_number(line, "client_isn", UINT32_MAX, half[0].isn);
    half[1].isn = scn_line_number(line, "server_isn", UINT32_MAX, half[1].isn);
    read_ttl(line, connection);
    connection->plain = scn_line_flag(line, "noopts");
}

static void set_line(struct scn_story *story, struct scn_line *line)
{
    static const struct {
        const char *name;
        size_t offset;
        uint32_t low;
        uint32_t high;
    } known[] = {
#define SETTING(name, unit, value, low, high, help)                                                \
    {#name, offsetof(struct diag_settings, name), low, high},
#include "settings.def"
#undef SETTING
    };
    const char *text;

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (!(text = scn_line_value(line, known[i].name)))
            continue;
        uint32_t value = scn_number(line, text, known[i].high);

        if (value < known[i].low)
            scn_fail(line, "%s is at least %u", known[i].name, known[i].low);
        memcpy((char *)&story->settings + known[i].offset, &value, sizeof value);
        return;
    }
    scn_fail(line, "no such setting");
}

/* Taken apart later, when there are findings to compare with. */
static void claim_line(struct scn_story *story, struct scn_line *line, const char *keyword)
{
    struct scn_expectation claim = {.line = *line};

    claim.connection = (int)scn_line_number(line, "conn", SCN_CONNECTIONS - 1, 0);
    if (strcmp(keyword, "expect") != 0)
        g_array_append_val(story->statements, claim);
    else if (g_strcmp0(scn_line_at(line, 1), "nothing") == 0)
        story->nothing = true;
    else
        g_array_append_val(story->findings, claim);
}

/* "12:C" is connection 12. */
static const char *skip_number(const char *what, unsigned *number)
{
    size_t digits = strspn(what, "0123456789");

    if (digits == 0 || digits > 2 || what[digits] != ':')
        return what;
    *number = (unsigned)strtoul(what, NULL, 10);
    return what + digits + 1;
}

static void other_line(struct scn_story *story, struct scn_line *line)
{
    struct scn_fact *fact = scn_story_fact(story, SCN_OTHER);
    const char *drops = scn_line_value(line, "drops");

    if (drops)
        fact->drops = scn_number(line, drops, UINT32_MAX);
}

/* "C", "S", "icmp", with "2:" before it for another connection than the first. */
static void fact_line(struct scn_story *story, struct scn_line *line)
{
    const char *what = scn_line_at(line, 1);
    unsigned number = 1;

    if (!what)
        scn_fail(line, "what happens at this time?");
    what = skip_number(what, &number);
    if (strcmp(what, "C") == 0 || strcmp(what, "S") == 0)
        scn_segment_line(story, line, number, *what == 'C' ? DIAG_CLIENT : DIAG_SERVER);
    else if (strcmp(what, "icmp") == 0)
        scn_icmp_line(story, line, number);
    else if (strcmp(what, "arp") == 0)
        scn_arp_line(story, line);
    else if (strcmp(what, "end") == 0 || strcmp(what, "other") == 0)
        other_line(story, line);
    else
        scn_name_line(story, line, what);
}

/* Whether the line must live as long as the story. */
static bool read_line(struct scn_story *story, struct scn_line *line)
{
    const char *keyword = scn_line_at(line, 0);

    if (strcmp(keyword, "connection") == 0) {
        connection_line(story, line);
    } else if (strcmp(keyword, "set") == 0) {
        set_line(story, line);
    } else if (strcmp(keyword, "expect") == 0 || scn_is_statement(keyword)) {
        claim_line(story, line, keyword);
        return true;
    } else {
        story->now_ns = scn_seconds(line, keyword);
        fact_line(story, line);
    }
    scn_line_finish(line);
    return false;
}

static struct scn_story *new_story(const char *file)
{
    struct scn_story *story = g_new0(struct scn_story, 1);
    struct scn_line nowhere = {.file = file};
    struct scn_connection *first = &story->connection[1];

    story->file = file;
    story->settings = diag_settings_default();
    story->facts = g_ptr_array_new_with_free_func(free_fact);
    story->findings = g_array_new(FALSE, TRUE, sizeof(struct scn_expectation));
    story->statements = g_array_new(FALSE, TRUE, sizeof(struct scn_expectation));
    for (unsigned i = 0; i < SCN_CONNECTIONS; i++)
        init_connection(&story->connection[i], i);
    first->declared = true;
    first->end[DIAG_CLIENT] = scn_endpoint(&nowhere, "10.0.0.1:50001");
    first->end[DIAG_SERVER] = scn_endpoint(&nowhere, "10.0.0.9:80");
    return story;
}

struct scn_story *scn_story_read(const char *file)
{
    struct scn_story *story = new_story(file);
    GError *error = NULL;
    char *content = NULL;

    if (!g_file_get_contents(file, &content, NULL, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(2);
    }
    char **lines = g_strsplit(content, "\n", 0);

    for (unsigned i = 0; lines[i]; i++) {
        struct scn_line line = scn_line_split(file, i + 1, lines[i]);

        if (line.words->len == 0 || !read_line(story, &line))
            scn_line_free(&line);
    }
    g_strfreev(lines);
    g_free(content);
    return story;
}

static void free_claims(GArray *claims)
{
    for (guint i = 0; i < claims->len; i++)
        scn_line_free(&g_array_index(claims, struct scn_expectation, i).line);
    g_array_free(claims, TRUE);
}

void scn_story_free(struct scn_story *story)
{
    free_claims(story->findings);
    free_claims(story->statements);
    for (unsigned i = 0; i < SCN_CONNECTIONS; i++)
        clear_connection(&story->connection[i]);
    g_ptr_array_free(story->facts, TRUE);
    g_free(story);
}
