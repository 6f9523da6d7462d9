/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One port of a server works and another does not, one server of many fails, one client scans. */
#include "bounded.h"
#include "correlate/correlate.h"

#include <string.h>

#define MINUTE_NS (60 * DIAG_SECOND_NS)
/* Retries of one application, not of two persons. */
#define SAME_APPLICATION_NS (30 * DIAG_SECOND_NS)

/* ---- host_port_blocked */

#define PORTS_ALONE 8

/* Tried on the off chance, beside the port that is meant. */
static bool is_opportunistic(uint16_t blocked, uint16_t open)
{
    return blocked == 853 || (blocked == 139 && open == 445) || (blocked == 80 && open == 443) ||
           (blocked == 5985 && open == 5986) || (blocked == 8530 && open == 8531);
}

static bool worked(const struct diag_entry *e)
{
    return e->conn->opening.established && e->conn->half[DIAG_SERVER].bytes > 0 && !e->failed;
}

/* Ports of a server that work, the lowest first. For any blocked port there are two at most that
 * say nothing about it (itself, and the one that is meant), so the third is always worth citing. */
struct open_ports {
    const struct diag_entry *entry[3];
    size_t count;
};

static struct open_ports open_ports(struct diag_span server)
{
    struct open_ports open = {.count = 0};

    for (size_t i = 0; i < server.count && open.count < G_N_ELEMENTS(open.entry); i++) {
        const struct diag_entry *e = &server.entry[i];

        if (worked(e) && (!open.count || open.entry[open.count - 1]->server.port != e->server.port))
            open.entry[open.count++] = e;
    }
    return open;
}

static const struct diag_entry *telling(const struct open_ports *open, uint16_t blocked)
{
    for (size_t i = 0; i < open->count; i++)
        if (open->entry[i]->server.port != blocked &&
            !is_opportunistic(blocked, open->entry[i]->server.port))
            return open->entry[i];
    return NULL;
}

static uint32_t tries_of(struct diag_span port)
{
    uint32_t tries = 0;

    for (size_t i = 0; i < port.count; i++)
        tries += port.entry[i].conn->opening.syns;
    return tries;
}

static bool all_failed(struct diag_span span)
{
    for (size_t i = 0; i < span.count; i++)
        if (!span.entry[i].failed)
            return false;
    return true;
}

static guint endpoint_hash(gconstpointer key)
{
    const struct diag_endpoint *endpoint = key;

    return diag_hash_address(DIAG_HASH_START ^ endpoint->port, &endpoint->address);
}

static gboolean endpoint_equal(gconstpointer one, gconstpointer other)
{
    const struct diag_endpoint *a = one;
    const struct diag_endpoint *b = other;

    return a->port == b->port && diag_same_address(&a->address, &b->address);
}

/* Every service that has answered anybody's SYN. */
static GHashTable *answering_services(struct diag_span all)
{
    GHashTable *services = g_hash_table_new(endpoint_hash, endpoint_equal);

    for (size_t i = 0; i < all.count; i++)
        if (all.entry[i].conn->opening.synacks)
            g_hash_table_add(services, &all.entry[i].server);
    return services;
}

/* What is needed to say of one server which of its ports are blocked for one client. */
struct server_ports {
    struct open_ports open;
    GHashTable *answering;
};

/* The open port that tells against this one, if nobody was served there and the client insisted. */
static const struct diag_entry *open_beside(const struct server_ports *server,
                                            struct diag_span port)
{
    const struct diag_connection *first = port.entry[0].conn;
    const struct diag_connection *last = port.entry[port.count - 1].conn;

    if (!all_failed(port) || tries_of(port) < 2 ||
        last->opening.last_ns - first->opening.all_first_ns < DIAG_SECOND_NS ||
        g_hash_table_contains(server->answering, &port.entry[0].server))
        return NULL;
    return telling(&server->open, port.entry[0].server.port);
}

/* Takes the next blocked port out of the rest, and returns the open one; NULL if there is none. */
static const struct diag_entry *next_blocked(const struct server_ports *server,
                                             struct diag_span *rest, struct diag_span *port)
{
    const struct diag_entry *open = NULL;

    while (!open && rest->count) {
        *port = diag_span_run(*rest, diag_same_port);
        *rest = diag_span_after(*rest, *port);
        open = open_beside(server, *port);
    }
    return open;
}

struct blocked {
    uint32_t ports;
    uint32_t tries;
    struct diag_span lowest;
    uint16_t highest;
    const struct diag_entry *open; /* beside the lowest */
};

static struct blocked count_blocked(const struct server_ports *server, struct diag_span rest)
{
    struct blocked blocked = {0};
    struct diag_span port;

    for (const struct diag_entry *open; (open = next_blocked(server, &rest, &port));) {
        if (!blocked.ports++) {
            blocked.lowest = port;
            blocked.open = open;
        }
        blocked.highest = port.entry[0].server.port;
        blocked.tries += tries_of(port);
    }
    return blocked;
}

static struct diag_host *add_blocked(struct diag_engine *engine, struct diag_judgement *judgement,
                                     const struct blocked *blocked)
{
    const struct diag_entry *lowest = &blocked->lowest.entry[0];
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_port_blocked, lowest->conn->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){lowest->server.port, blocked->open->server.port,
                                                 blocked->tries, blocked->ports, blocked->highest});

    host->server = lowest->server;
    host->client = lowest->client;
    diag_host_name(engine, host, &host->server.address);
    diag_cite(diag_host_finding(host), DIAG_ROLE_good_connection, blocked->open->conn->first_frame);
    return host;
}

static void tell_blocked(struct diag_host *host, struct diag_span port,
                         const struct diag_entry *open)
{
    const struct diag_connection *first = port.entry[0].conn;

    if (first->first_ns - open->conn->last_ns <= SAME_APPLICATION_NS &&
        open->conn->first_ns <= first->first_ns)
        diag_host_weigh(host, DIAG_WARN);
    for (size_t i = 0; i < port.count; i++) {
        diag_cite(diag_host_finding(host), DIAG_ROLE_failed_connection,
                  port.entry[i].conn->first_frame);
        diag_host_fold(host, port.entry[i].sentence);
    }
}

/* A few are told one by one; more are one story, and would be a flood of findings. */
static void blocked_ports_of(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span server, GHashTable *answering)
{
    const struct server_ports ports = {open_ports(server), answering};

    if (!ports.open.count)
        return;
    struct blocked all = count_blocked(&ports, server);
    struct diag_host *host = NULL;
    struct diag_span port;

    if (all.ports > PORTS_ALONE) {
        host = add_blocked(engine, judgement, &all);
        diag_host_finding(host)->cause = DIAG_CAUSE_many_ports;
    }
    for (const struct diag_entry *open; (open = next_blocked(&ports, &server, &port));) {
        const struct blocked one = {1, tries_of(port), port, port.entry[0].server.port, open};

        tell_blocked(host ? host : add_blocked(engine, judgement, &one), port, open);
    }
}

static void blocked_ports(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all)
{
    GHashTable *answering = answering_services(all);
    struct diag_span server;

    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, server)) {
        server = diag_span_run(rest, diag_same_server);
        blocked_ports_of(engine, judgement, server, answering);
    }
    g_hash_table_destroy(answering);
}

/* ---- host_only_this_server */

static bool worked_near(struct diag_span server, const struct diag_connection *near)
{
    for (size_t i = 0; i < server.count; i++) {
        int64_t apart = server.entry[i].conn->first_ns - near->first_ns;

        if (worked(&server.entry[i]) && apart < MINUTE_NS && apart > -MINUTE_NS)
            return true;
    }
    return false;
}

static uint32_t servers_that_work(struct diag_span client, const struct diag_connection *near)
{
    struct diag_span server;
    uint32_t n = 0;

    for (struct diag_span rest = client; rest.count; rest = diag_span_after(rest, server)) {
        server = diag_span_run(rest, diag_same_server);
        n += worked_near(server, near);
    }
    return n;
}

static uint32_t servers_that_fail(struct diag_span client)
{
    struct diag_span server;
    uint32_t n = 0;

    for (struct diag_span rest = client; rest.count; rest = diag_span_after(rest, server)) {
        server = diag_span_run(rest, diag_same_server);
        n += all_failed(server);
    }
    return n;
}

static void one_server_fails(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span client, struct diag_span server)
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
    diag_host_name(engine, host, &host->server.address);
    for (size_t i = 0; i < client.count; i++)
        if (worked(&client.entry[i]) && diag_host_finding(host)->evidence_count < 3)
            diag_cite(diag_host_finding(host), DIAG_ROLE_good_connection,
                      client.entry[i].conn->first_frame);
    for (size_t i = 0; i < server.count; i++) {
        diag_cite(diag_host_finding(host), DIAG_ROLE_failed_connection,
                  server.entry[i].conn->first_frame);
        diag_host_fold(host, server.entry[i].sentence);
    }
}

/* ---- host_scan */

static void scan(struct diag_engine *engine, struct diag_judgement *judgement,
                 struct diag_span client)
{
    struct diag_span port;
    uint32_t targets = 0;
    uint32_t failed = 0;
    uint32_t useless = 0; /* also what answered and was left alone */
    uint32_t syns = 0;

    for (struct diag_span rest = client; rest.count; rest = diag_span_after(rest, port)) {
        port = diag_span_run(rest, diag_same_port);
        targets++;
        failed += port.entry[0].failed;
        useless += !worked(&port.entry[0]);
        syns += tries_of(port);
    }
    if (targets < engine->settings.scan_targets || useless * 5 < targets * 4)
        return;
    /* A scanner asks once or twice; who insists is an application that wants its peers. */
    if (syns > 2 * targets)
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_scan, client.entry[0].conn->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){targets, failed});

    host->client = client.entry[0].client;
    diag_host_name(engine, host, &host->client);
    for (size_t i = 0; i < client.count; i++) {
        diag_host_fold(host, client.entry[i].sentence);
        client.entry[i].failed = false; /* nobody wanted it, so no server or port is at fault */
        client.entry[i].unwanted = true;
    }
}

static void per_client(struct diag_engine *engine, struct diag_judgement *judgement,
                       struct diag_span all)
{
    struct diag_span client;
    struct diag_span server;

    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, client)) {
        client = diag_span_run(rest, diag_same_client);
        scan(engine, judgement, client);
        uint32_t failing = servers_that_fail(client);

        for (size_t i = 0; i < client.count; i++)
            client.entry[i].failing_servers = failing;
        if (failing != 1)
            continue;
        for (struct diag_span servers = client; servers.count;
             servers = diag_span_after(servers, server)) {
            server = diag_span_run(servers, diag_same_server);
            if (all_failed(server))
                one_server_fails(engine, judgement, client, server);
        }
    }
}

void diag_correlate_hosts(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all)
{
    per_client(engine, judgement, all);
    blocked_ports(engine, judgement, all);
}
