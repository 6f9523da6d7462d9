/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same connections from the servers' side: sorted by server and port, whoever asked, so that
 * all that one service met is a run of neighbours in the order of time.
 */
#include "correlate.h"

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

static GArray *sorted_by_service(struct diag_span all)
{
    GArray *entries = g_array_sized_new(FALSE, FALSE, sizeof(struct diag_entry), (guint)all.count);

    for (size_t i = 0; i < all.count; i++) {
        struct diag_entry entry = all.entry[i];

        diag_decide(entry.sentence);
        entry.outcome = entry.sentence->outcome;
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

        diag_correlate_split(engine, judgement, service);
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
