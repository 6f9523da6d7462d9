/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only many connections together show. Connections are sorted by client and server once; every
 * rule walks over the runs.
 */
#include "correlate/correlate.h"

#include <string.h>

static bool is_connect_failure(enum diag_id id)
{
    return id == DIAG_syn_no_reply || id == DIAG_connect_refused || id == DIAG_connect_icmp;
}

const struct diag_finding *diag_connect_failure(const struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_connect_failure(s->findings[i].finding->id) && !s->findings[i].explained &&
            !s->findings[i].finding->benign)
            return s->findings[i].finding;
    return NULL;
}

static int compare_addresses(const struct diag_address *a, const struct diag_address *b)
{
    return memcmp(a, b, sizeof *a);
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
    const struct diag_entry *x = a;
    const struct diag_entry *y = b;
    int order = compare_addresses(&x->client, &y->client);

    if (!order)
        order = compare_addresses(&x->server.address, &y->server.address);
    if (!order)
        order = (int)x->server.port - (int)y->server.port;
    return order ? order : (x->conn->index > y->conn->index) - (x->conn->index < y->conn->index);
}

static GArray *entries_of(struct diag_judgement *judgement)
{
    GArray *entries = g_array_new(FALSE, TRUE, sizeof(struct diag_entry));

    for (guint i = 0; i < judgement->sentences->len; i++) {
        struct diag_sentence *s = g_ptr_array_index(judgement->sentences, i);
        struct diag_entry entry = {.client = s->conn->endpoint[DIAG_CLIENT].address,
                                   .server = s->conn->endpoint[DIAG_SERVER],
                                   .sentence = s,
                                   .conn = s->conn,
                                   .failed = diag_connect_failure(s) != NULL};

        g_array_append_val(entries, entry);
    }
    g_array_sort(entries, compare_entries);
    return entries;
}

bool diag_same_client(const struct diag_entry *a, const struct diag_entry *b)
{
    return compare_addresses(&a->client, &b->client) == 0;
}

bool diag_same_server(const struct diag_entry *a, const struct diag_entry *b)
{
    return diag_same_client(a, b) && compare_addresses(&a->server.address, &b->server.address) == 0;
}

bool diag_same_port(const struct diag_entry *a, const struct diag_entry *b)
{
    return diag_same_server(a, b) && a->server.port == b->server.port;
}

/* The run of entries that are the same as the first. */
struct diag_span diag_span_run(struct diag_span all,
                               bool (*same)(const struct diag_entry *, const struct diag_entry *))
{
    size_t n = 1;

    while (n < all.count && same(&all.entry[0], &all.entry[n]))
        n++;
    return (struct diag_span){all.entry, n};
}

struct diag_span diag_span_after(struct diag_span all, struct diag_span run)
{
    return (struct diag_span){all.entry + run.count, all.count - run.count};
}

/* ---- folding under a host finding */

void diag_host_fold(struct diag_host *host, struct diag_sentence *s)
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
    diag_host_mention(host, s);
}

void diag_host_mention(struct diag_host *host, const struct diag_sentence *s)
{
    if (s->conn->stream != DIAG_NO_STREAM)
        g_array_append_val(host->streams, s->conn->stream);
}

struct diag_finding *diag_host_finding(struct diag_host *host)
{
    return (struct diag_finding *)host->judged.finding; /* ours until the judgement is read */
}

void diag_host_name(struct diag_engine *engine, struct diag_host *host,
                    const struct diag_address *address)
{
    struct diag_out out = {.engine = engine};
    char text[64];

    diag_render_address(address, text, sizeof text);
    diag_name_it(&out, diag_host_finding(host), text);
}

void diag_host_name_service(struct diag_engine *engine, struct diag_host *host)
{
    struct diag_out out = {.engine = engine};
    char text[80];

    if (host->server.port)
        diag_render_endpoint(&host->server, text, sizeof text);
    else
        diag_render_address(&host->server.address, text, sizeof text);
    diag_name_it(&out, diag_host_finding(host), text);
}

void diag_host_weigh(struct diag_host *host, enum diag_severity severity)
{
    diag_host_finding(host)->severity = host->judged.effective = severity;
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
    struct diag_span all = {(struct diag_entry *)(void *)entries->data, entries->len};

    diag_correlate_flood(engine, judgement, all);
    diag_correlate_attempts(engine, judgement, all);
    diag_correlate_leaks(engine, judgement, all);
    diag_correlate_hosts(engine, judgement, all);
    diag_correlate_connects(engine, judgement, all);
    diag_correlate_content(engine, judgement, all);
    diag_correlate_services(engine, judgement, all);
    diag_correlate_ports(engine, judgement, all);
    diag_correlate_names(engine, judgement);
    diag_correlate_neighbours(engine, judgement);
    diag_correlate_claims(engine, judgement);
    for (guint i = 0; i < judgement->hosts->len; i++) {
        struct diag_host *host = g_ptr_array_index(judgement->hosts, i);

        g_array_sort(host->streams, compare_streams);
    }
    g_array_free(entries, TRUE);
}
