/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same connections from the servers' side: sorted by server and port, whoever asked, so that
 * all that one service met is a run of neighbours in the order of time.
 */
#include "correlate/correlate.h"

#include <string.h>

static int compare_machines(const struct diag_entry *a, const struct diag_entry *b)
{
    return memcmp(&a->server.address, &b->server.address, sizeof a->server.address);
}

static gint compare_services(gconstpointer a, gconstpointer b)
{
    const struct diag_entry *x = a;
    const struct diag_entry *y = b;
    int order = compare_machines(x, y);

    if (!order)
        order = (int)x->server.port - (int)y->server.port;
    return order ? order : (x->conn->index > y->conn->index) - (x->conn->index < y->conn->index);
}

bool diag_same_machine(const struct diag_entry *a, const struct diag_entry *b)
{
    return compare_machines(a, b) == 0;
}

bool diag_same_service(const struct diag_entry *a, const struct diag_entry *b)
{
    return a->server.port == b->server.port && compare_machines(a, b) == 0;
}

bool diag_entry_worked(const struct diag_entry *e)
{
    return (e->outcome == DIAG_HEALTHY || e->outcome == DIAG_DEGRADED) && !e->unwanted &&
           e->conn->opening.established && e->conn->half[DIAG_SERVER].bytes > 0;
}

static gint compare_clients(gconstpointer a, gconstpointer b)
{
    const struct diag_address *x = &(*(const struct diag_entry *const *)a)->client;
    const struct diag_address *y = &(*(const struct diag_entry *const *)b)->client;

    return memcmp(x, y, sizeof *x);
}

uint32_t diag_span_clients(struct diag_span span, bool (*test)(const struct diag_entry *))
{
    GPtrArray *by_client = g_ptr_array_new();
    uint32_t clients = 0;

    for (size_t i = 0; i < span.count; i++)
        if (test(&span.entry[i]))
            g_ptr_array_add(by_client, &span.entry[i]);
    g_ptr_array_sort(by_client, compare_clients);
    for (guint i = 0; i < by_client->len; i++)
        clients += i == 0 || compare_clients(&by_client->pdata[i - 1], &by_client->pdata[i]) != 0;
    g_ptr_array_free(by_client, TRUE);
    return clients;
}

static GArray *sorted_by_service(struct diag_span all)
{
    GArray *entries = g_array_sized_new(FALSE, FALSE, sizeof(struct diag_entry), (guint)all.count);

    for (size_t i = 0; i < all.count; i++) {
        struct diag_entry entry = all.entry[i];

        diag_decide(entry.sentence);
        entry.outcome = entry.sentence->outcome;
        entry.failure = entry.outcome == DIAG_FAILED && entry.sentence->verdict
                            ? entry.sentence->verdict->finding
                            : NULL;
        g_array_append_val(entries, entry);
    }
    g_array_sort(entries, compare_services);
    return entries;
}

static void walk_services(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span machine)
{
    while (machine.count) {
        struct diag_span service = diag_span_run(machine, diag_same_service);

        /* What a rule finds explains the rest. */
        if (!diag_correlate_split(engine, judgement, service) &&
            !diag_correlate_backlog(engine, judgement, service))
            diag_correlate_intermittent(engine, judgement, service);
        machine = diag_span_after(machine, service);
    }
}

void diag_correlate_services(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span all)
{
    GArray *entries = sorted_by_service(all);
    struct diag_span rest = {(struct diag_entry *)(void *)entries->data, entries->len};

    while (rest.count) {
        struct diag_span machine = diag_span_run(rest, diag_same_machine);

        diag_correlate_machine(engine, judgement, machine);
        walk_services(engine, judgement, machine);
        rest = diag_span_after(rest, machine);
    }
    g_array_free(entries, TRUE);
}
