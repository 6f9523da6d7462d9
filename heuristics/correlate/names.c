/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and neighbours that nobody could find: findings about hosts, without a connection. */
#include "bounded.h"
#include "correlate/correlate.h"

#define DNS_PORT 53

struct context {
    struct diag_engine *engine;
    struct diag_judgement *judgement;
    GHashTable *present; /* of struct presence; NULL until somebody asks */
};

/* A name that does not exist was asked for by the client; a resolver that fails does so itself. */
static unsigned blame_for(enum diag_cause cause)
{
    if (cause == DIAG_CAUSE_server_failure)
        return DIAG_BLAME_SERVER;
    return cause == DIAG_CAUSE_refused ? DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER : DIAG_BLAME_CLIENT;
}

static struct diag_host *error_of(struct context *c, const struct diag_name_problem *problem)
{
    struct diag_host *host =
        diag_host_add(c->engine, c->judgement, DIAG_name_error, problem->frame,
                      (int64_t[DIAG_MAX_VALUES]){0, problem->attempts, problem->rcode});

    diag_host_finding(host)->cause = problem->cause;
    diag_host_finding(host)->blame = blame_for(problem->cause);
    diag_cite(diag_host_finding(host), DIAG_ROLE_query, problem->query_frame);
    diag_cite(diag_host_finding(host), DIAG_ROLE_answer, problem->frame);
    return host;
}

static struct diag_host *silence_of(struct context *c, const struct diag_name_problem *problem)
{
    struct diag_host *host =
        diag_host_add(c->engine, c->judgement, DIAG_name_no_answer, problem->frame,
                      (int64_t[DIAG_MAX_VALUES]){problem->attempts, problem->duration_ns});

    diag_cite(diag_host_finding(host), DIAG_ROLE_query, problem->query_frame);
    diag_cite(diag_host_finding(host), DIAG_ROLE_query, problem->frame);
    return host;
}

static void name_problem(const struct diag_name_problem *problem, void *data)
{
    struct context *c = data;
    struct diag_out out = {.engine = c->engine};
    struct diag_host *host = problem->unanswered ? silence_of(c, problem) : error_of(c, problem);

    host->client = problem->client;
    host->server = (struct diag_endpoint){problem->server, DNS_PORT};
    diag_name_it(&out, diag_host_finding(host), problem->qname);
}

void diag_correlate_names(struct diag_engine *engine, struct diag_judgement *judgement)
{
    struct context context = {engine, judgement, NULL};

    diag_names_judge(engine->names, engine->last_ns, name_problem, &context);
}

/* ---- connect_arp_unresolved */

/* Until when an address was the end of a connection. */
struct presence {
    const struct diag_address *address;
    int64_t last_ns;
};

static guint presence_hash(gconstpointer key)
{
    return diag_hash_address(DIAG_HASH_START, ((const struct presence *)key)->address);
}

static gboolean presence_equal(gconstpointer one, gconstpointer other)
{
    return diag_same_address(((const struct presence *)one)->address,
                             ((const struct presence *)other)->address);
}

static void note_presence(GHashTable *present, const struct diag_connection *conn, int side)
{
    struct presence probe = {&conn->endpoint[side].address, conn->last_ns};
    struct presence *seen = g_hash_table_lookup(present, &probe);

    if (seen)
        seen->last_ns = diag_max_ns(seen->last_ns, conn->last_ns);
    else
        g_hash_table_add(present, g_memdup2(&probe, sizeof probe));
}

static GHashTable *look_for_presence(const struct diag_engine *engine)
{
    GHashTable *present = g_hash_table_new_full(presence_hash, presence_equal, g_free, NULL);

    for (guint i = 0; i < engine->connections->len; i++)
        for (int side = 0; side < 2; side++)
            note_presence(present, g_ptr_array_index(engine->connections, i), side);
    return present;
}

/* The reply may be missing from the capture: whoever talks, or is talked to, is there. */
static bool is_in_use(struct context *c, const struct diag_unresolved *fact)
{
    struct presence probe = {.address = &fact->target};

    if (!c->present)
        c->present = look_for_presence(c->engine);
    const struct presence *seen = g_hash_table_lookup(c->present, &probe);

    return seen && seen->last_ns >= fact->first_ns;
}

/* A capture that sees no ARP replies at all proves nothing, and who asks for everybody scans. */
static void unresolved(const struct diag_unresolved *fact, void *data)
{
    struct context *c = data;

    if (!fact->replies_visible || fact->targets >= c->engine->settings.scan_targets ||
        is_in_use(c, fact))
        return;
    struct diag_host *host = diag_host_add(
        c->engine, c->judgement, DIAG_connect_arp_unresolved, fact->last_frame,
        (int64_t[DIAG_MAX_VALUES]){fact->asked, fact->last_ns - fact->first_ns, fact->first_frame});

    host->client = fact->asker;
    host->server.address = fact->target;
    diag_host_name(c->engine, host, &fact->target);
    diag_cite(diag_host_finding(host), DIAG_ROLE_arp, fact->first_frame);
    diag_cite(diag_host_finding(host), DIAG_ROLE_arp, fact->last_frame);
}

void diag_correlate_neighbours(struct diag_engine *engine, struct diag_judgement *judgement)
{
    struct context context = {engine, judgement, NULL};

    diag_neighbours_unresolved(engine->neighbours, unresolved, &context);
    if (context.present)
        g_hash_table_destroy(context.present);
}
