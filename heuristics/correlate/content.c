/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One name is reset, others at the same address work: somebody who reads the first payload resets
 * for what it says. A server that does not want the name looks the same from here.
 */
#include "correlate/correlate.h"
#include "names/text.h"

#define TOGETHER_NS (600 * DIAG_SECOND_NS)
/* What a stack and a device need besides the way. */
#define AT_ONCE_NS (50 * DIAG_MS_NS)
/* Segments of one ClientHello with post-quantum keys, and some to spare. */
#define FLIGHT 4

/* SNI or Host: what a filter on the way can read. */
static const char *asked_name(const struct diag_connection *conn)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    if (tls && tls->client_hello->has_server_name)
        return tls->client_hello->server_name;
    return conn->web_host;
}

static bool spoke_before(const struct diag_half *server, uint32_t frame)
{
    return server->first_data_frame && server->first_data_frame < frame;
}

/* The reset in the server's name that was the first answer to what the client said; where somebody
 * else has sent it, the server's own may follow. */
static const struct diag_reset *first_answer(const struct diag_connection *conn)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];

    if (!conn->opening.established || !client->first_data_frame)
        return NULL;
    for (uint32_t i = 0; i < conn->reset_count; i++) {
        const struct diag_reset *reset = &conn->reset[i];

        if (reset->side == DIAG_SERVER)
            return reset->client_data && reset->client_data <= FLIGHT &&
                           !spoke_before(&conn->half[DIAG_SERVER], reset->frame) &&
                           reset->time_ns - client->first_data_ns < diag_rtt(conn) + AT_ONCE_NS
                       ? reset
                       : NULL;
    }
    return NULL;
}

static bool is_near(const struct diag_connection *a, const struct diag_connection *b)
{
    int64_t apart = a->first_ns - b->first_ns;

    return apart < TOGETHER_NS && apart > -TOGETHER_NS;
}

/* The connections that asked for one name at one port. */
struct asked {
    uint32_t reset;
    const struct diag_connection *other; /* first one of another name that worked */
    bool worked;                         /* one of this name did */
};

static struct asked look_around(struct diag_span port, const struct diag_connection *conn)
{
    struct asked asked = {0};

    for (size_t i = 0; i < port.count; i++) {
        const struct diag_connection *one = port.entry[i].conn;
        const char *name = asked_name(one);
        bool reset = first_answer(one) != NULL;
        bool works = !reset && one->half[DIAG_SERVER].bytes > 0;

        if (!name || !is_near(one, conn))
            continue;
        if (diag_same_name(name, asked_name(conn))) {
            asked.worked = asked.worked || works;
            asked.reset += reset;
        } else if (works && !asked.other) {
            asked.other = one;
        }
    }
    return asked;
}

static bool is_injected(const struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->findings[i].finding->id == DIAG_rst_injected && diag_is_open(&s->findings[i]))
            return true;
    return false;
}

static void resets_name(struct diag_engine *engine, struct diag_judgement *judgement,
                        struct diag_span port, struct diag_entry *e)
{
    const struct diag_connection *conn = e->conn;
    const struct diag_reset *reset = asked_name(conn) ? first_answer(conn) : NULL;
    struct asked asked = reset ? look_around(port, conn) : (struct asked){0};
    struct diag_out out = {.engine = engine};

    if (asked.reset < 2 || asked.worked || !asked.other)
        return;
    uint32_t payload = conn->half[DIAG_CLIENT].first_data_frame;
    bool injected = is_injected(e->sentence);
    struct diag_finding *f =
        diag_sentence_add(engine, judgement, e->sentence, DIAG_rst_content_triggered, reset->frame,
                          (int64_t[DIAG_MAX_VALUES]){
                              asked.reset, reset->time_ns - conn->half[DIAG_CLIENT].first_data_ns,
                              0, asked.other->half[DIAG_CLIENT].first_data_frame});

    if (!f)
        return;
    diag_name_it(&out, f, asked_name(conn));
    if (injected) {
        f->blame = DIAG_BLAME_MIDDLEBOX;
        f->confidence = DIAG_HIGH;
    }
    diag_cite(f, DIAG_ROLE_request, payload);
    diag_cite(f, DIAG_ROLE_rst, reset->frame);
    diag_cite(f, DIAG_ROLE_good_connection, asked.other->first_frame);
}

/* A server with many visitors: the first ones tell. */
#define MOST_SEEN 256

void diag_correlate_content(struct diag_engine *engine, struct diag_judgement *judgement,
                            struct diag_span all)
{
    struct diag_span port;

    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, port)) {
        port = diag_span_run(rest, diag_same_port);
        struct diag_span seen = {port.entry, MIN(port.count, MOST_SEEN)};

        for (size_t i = 0; seen.count >= 3 && i < seen.count; i++)
            resets_name(engine, judgement, seen, &seen.entry[i]);
    }
}
