/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only many connections together show: one port of a server works and another does not, one
 * server of many fails, one client scans. Connections are sorted by client and server once, and
 * each rule walks over the runs.
 */
#include "judge.h"

#include <string.h>

#define MINUTE_NS (60 * DIAG_SECOND_NS)
/* Retries of one application, not of two persons. */
#define SAME_APPLICATION_NS (30 * DIAG_SECOND_NS)

/* One connection, as seen from above. */
struct entry {
    struct diag_address client;
    struct diag_endpoint server;
    struct diag_sentence *sentence;
    const struct diag_connection *conn;
    bool failed; /* to connect */
};

struct span {
    struct entry *entry;
    size_t count;
};

static bool is_connect_failure(enum diag_id id)
{
    return id == DIAG_syn_no_reply || id == DIAG_connect_refused || id == DIAG_connect_icmp;
}

static bool connect_failed(const struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_connect_failure(s->findings[i].finding->id) && !s->findings[i].explained)
            return true;
    return false;
}

static int compare_addresses(const struct diag_address *a, const struct diag_address *b)
{
    return memcmp(a, b, sizeof *a);
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = compare_addresses(&x->client, &y->client);

    if (!order)
        order = compare_addresses(&x->server.address, &y->server.address);
    if (!order)
        order = (int)x->server.port - (int)y->server.port;
    return order ? order : (x->conn->index > y->conn->index) - (x->conn->index < y->conn->index);
}

static GArray *entries_of(struct diag_judgement *judgement)
{
    GArray *entries = g_array_new(FALSE, TRUE, sizeof(struct entry));

    for (guint i = 0; i < judgement->sentences->len; i++) {
        struct diag_sentence *s = g_ptr_array_index(judgement->sentences, i);
        struct entry entry = {.client = s->conn->endpoint[DIAG_CLIENT].address,
                              .server = s->conn->endpoint[DIAG_SERVER],
                              .sentence = s,
                              .conn = s->conn,
                              .failed = connect_failed(s)};

        g_array_append_val(entries, entry);
    }
    g_array_sort(entries, compare_entries);
    return entries;
}

static bool same_client(const struct entry *a, const struct entry *b)
{
    return compare_addresses(&a->client, &b->client) == 0;
}

static bool same_server(const struct entry *a, const struct entry *b)
{
    return same_client(a, b) && compare_addresses(&a->server.address, &b->server.address) == 0;
}

static bool same_port(const struct entry *a, const struct entry *b)
{
    return same_server(a, b) && a->server.port == b->server.port;
}

/* The run of entries that are the same as the first. */
static struct span run_of(struct span all, bool (*same)(const struct entry *, const struct entry *))
{
    size_t n = 1;

    while (n < all.count && same(&all.entry[0], &all.entry[n]))
        n++;
    return (struct span){all.entry, n};
}

static struct span after(struct span all, struct span run)
{
    return (struct span){all.entry + run.count, all.count - run.count};
}

/* ---- folding under a host finding */

static void fold_under(struct diag_host *host, struct diag_sentence *s)
{
    enum diag_id id = host->judged.finding->id;
    const struct diag_id_list *list = &diag_catalogue[id].explains;

    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < list->count; k++)
            if (s->findings[i].finding->id == list->id[k] && !s->findings[i].explained) {
                s->findings[i].explained = true;
                s->findings[i].explained_by = id;
                if (host->judged.finding->benign)
                    s->findings[i].effective = DIAG_CHAT;
            }
    if (s->conn->stream != DIAG_NO_STREAM)
        g_array_append_val(host->streams, s->conn->stream);
}

static struct diag_finding *finding_of(struct diag_host *host)
{
    return (struct diag_finding *)host->judged.finding; /* ours until the judgement is read */
}

static void name_server(struct diag_engine *engine, struct diag_host *host,
                        const struct diag_address *address)
{
    struct diag_out out = {.engine = engine};
    char text[64];

    diag_render_address(address, text, sizeof text);
    diag_name_it(&out, finding_of(host), text);
}

/* ---- host_port_blocked */

/* Tried on the off chance, beside the port that is meant. */
static bool is_opportunistic(uint16_t blocked, uint16_t open)
{
    return blocked == 853 || (blocked == 139 && open == 445) || (blocked == 80 && open == 443) ||
           (blocked == 5985 && open == 5986) || (blocked == 8530 && open == 8531);
}

static bool worked(const struct entry *e)
{
    return e->conn->opening.established && e->conn->half[DIAG_SERVER].bytes > 0 && !e->failed;
}

static const struct entry *open_port(struct span server, uint16_t blocked)
{
    for (size_t i = 0; i < server.count; i++)
        if (worked(&server.entry[i]) && server.entry[i].server.port != blocked &&
            !is_opportunistic(blocked, server.entry[i].server.port))
            return server.entry + i;
    return NULL;
}

static uint32_t tries_of(struct span port)
{
    uint32_t tries = 0;

    for (size_t i = 0; i < port.count; i++)
        tries += port.entry[i].conn->opening.syns;
    return tries;
}

static bool all_failed(struct span span)
{
    for (size_t i = 0; i < span.count; i++)
        if (!span.entry[i].failed)
            return false;
    return true;
}

static bool anybody_connects(struct span all, const struct diag_endpoint *server)
{
    for (size_t i = 0; i < all.count; i++)
        if (all.entry[i].conn->opening.synacks && all.entry[i].server.port == server->port &&
            compare_addresses(&all.entry[i].server.address, &server->address) == 0)
            return true;
    return false;
}

static void port_blocked(struct diag_engine *engine, struct diag_judgement *judgement,
                         struct span port, const struct entry *open)
{
    const struct diag_connection *first = port.entry[0].conn;
    const struct diag_connection *last = port.entry[port.count - 1].conn;
    int64_t values[DIAG_MAX_VALUES] = {port.entry[0].server.port, open->server.port,
                                       tries_of(port)};

    if (values[2] < 2 || last->opening.last_ns - first->opening.all_first_ns < DIAG_SECOND_NS)
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_port_blocked, first->first_frame, values);

    host->server = port.entry[0].server;
    host->client = port.entry[0].client;
    name_server(engine, host, &host->server.address);
    diag_cite(finding_of(host), DIAG_ROLE_good_connection, open->conn->first_frame);
    if (first->first_ns - open->conn->last_ns <= SAME_APPLICATION_NS &&
        open->conn->first_ns <= first->first_ns)
        finding_of(host)->severity = host->judged.effective = DIAG_WARN;
    for (size_t i = 0; i < port.count; i++) {
        diag_cite(finding_of(host), DIAG_ROLE_failed_connection, port.entry[i].conn->first_frame);
        fold_under(host, port.entry[i].sentence);
    }
}

static void blocked_ports(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct span all)
{
    struct span server;

    for (struct span rest = all; rest.count; rest = after(rest, server)) {
        struct span port;

        server = run_of(rest, same_server);
        for (struct span ports = server; ports.count; ports = after(ports, port)) {
            port = run_of(ports, same_port);
            const struct entry *open =
                all_failed(port) ? open_port(server, port.entry[0].server.port) : NULL;

            if (open && !anybody_connects(all, &port.entry[0].server))
                port_blocked(engine, judgement, port, open);
        }
    }
}

/* ---- host_only_this_server */

static uint32_t servers_that_work(struct span client, const struct diag_connection *near)
{
    struct span server;
    uint32_t n = 0;

    for (struct span rest = client; rest.count; rest = after(rest, server)) {
        server = run_of(rest, same_server);
        for (size_t i = 0; i < server.count; i++) {
            int64_t apart = server.entry[i].conn->first_ns - near->first_ns;

            if (worked(&server.entry[i]) && apart < MINUTE_NS && apart > -MINUTE_NS) {
                n++;
                break;
            }
        }
    }
    return n;
}

static uint32_t servers_that_fail(struct span client)
{
    struct span server;
    uint32_t n = 0;

    for (struct span rest = client; rest.count; rest = after(rest, server)) {
        server = run_of(rest, same_server);
        n += all_failed(server);
    }
    return n;
}

static void one_server_fails(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct span client, struct span server)
{
    const struct diag_connection *first = server.entry[0].conn;
    uint32_t others = servers_that_work(client, first);

    if (others < 3)
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_only_this_server, first->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){others, (int64_t)server.count});

    host->server = server.entry[0].server;
    host->client = server.entry[0].client;
    name_server(engine, host, &host->server.address);
    for (size_t i = 0; i < client.count; i++)
        if (worked(&client.entry[i]) && finding_of(host)->evidence_count < 3)
            diag_cite(finding_of(host), DIAG_ROLE_good_connection,
                      client.entry[i].conn->first_frame);
    for (size_t i = 0; i < server.count; i++) {
        diag_cite(finding_of(host), DIAG_ROLE_failed_connection, server.entry[i].conn->first_frame);
        fold_under(host, server.entry[i].sentence);
    }
}

/* ---- host_scan */

static void scan(struct diag_engine *engine, struct diag_judgement *judgement, struct span client)
{
    struct span port;
    uint32_t targets = 0;
    uint32_t failed = 0;
    uint32_t syns = 0;

    for (struct span rest = client; rest.count; rest = after(rest, port)) {
        port = run_of(rest, same_port);
        targets++;
        failed += !worked(&port.entry[0]);
        syns += tries_of(port);
    }
    if (targets < engine->settings.scan_targets || failed * 5 < targets * 4)
        return;
    /* A scanner asks once or twice; who insists is an application that wants its peers. */
    if (syns > 2 * targets)
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_scan, client.entry[0].conn->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){targets, failed});

    host->client = client.entry[0].client;
    name_server(engine, host, &host->client);
    for (size_t i = 0; i < client.count; i++)
        fold_under(host, client.entry[i].sentence);
}

static void per_client(struct diag_engine *engine, struct diag_judgement *judgement,
                       struct span all)
{
    struct span client;
    struct span server;

    for (struct span rest = all; rest.count; rest = after(rest, client)) {
        client = run_of(rest, same_client);
        scan(engine, judgement, client);
        if (servers_that_fail(client) != 1)
            continue;
        for (struct span servers = client; servers.count; servers = after(servers, server)) {
            server = run_of(servers, same_server);
            if (all_failed(server))
                one_server_fails(engine, judgement, client, server);
        }
    }
}

/* ---- names */

struct names_context {
    struct diag_engine *engine;
    struct diag_judgement *judgement;
};

/* A name that does not exist was asked for by the client; a resolver that fails does so itself. */
static unsigned blame_for(enum diag_cause cause)
{
    if (cause == DIAG_CAUSE_server_failure)
        return DIAG_BLAME_SERVER;
    return cause == DIAG_CAUSE_refused ? DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER : DIAG_BLAME_CLIENT;
}

static void name_problem(const struct diag_name_problem *problem, void *context)
{
    struct names_context *c = context;
    struct diag_out out = {.engine = c->engine};

    struct diag_host *host =
        diag_host_add(c->engine, c->judgement, DIAG_name_error, problem->frame,
                      (int64_t[DIAG_MAX_VALUES]){0, problem->attempts, problem->rcode});

    host->client = problem->client;
    host->server = (struct diag_endpoint){problem->server, 53};
    finding_of(host)->cause = problem->cause;
    finding_of(host)->blame = blame_for(problem->cause);
    diag_name_it(&out, finding_of(host), problem->qname);
    diag_cite(finding_of(host), DIAG_ROLE_query, problem->query_frame);
    diag_cite(finding_of(host), DIAG_ROLE_answer, problem->frame);
}

static gint compare_streams(gconstpointer a, gconstpointer b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

void diag_correlate(struct diag_engine *engine, struct diag_judgement *judgement)
{
    GArray *entries = entries_of(judgement);
    struct span all = {(struct entry *)(void *)entries->data, entries->len};
    struct names_context names = {engine, judgement};

    per_client(engine, judgement, all);
    blocked_ports(engine, judgement, all);
    diag_names_judge(engine->names, engine->last_ns, name_problem, &names);
    for (guint i = 0; i < judgement->hosts->len; i++) {
        struct diag_host *host = g_ptr_array_index(judgement->hosts, i);

        g_array_sort(host->streams, compare_streams);
    }
    g_array_free(entries, TRUE);
}
