/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SYN flood (RFC 4987): within seconds many sources ask one server and port to connect, and none
 * of them ever completes the handshake. Said once, instead of once for each.
 */
#include "correlate/correlate.h"

#include <string.h>

#define FLOOD_NS (10 * DIAG_SECOND_NS)

/* The client asked, and that was all: forged addresses cannot answer a SYN/ACK. A host that holds
 * such an address resets it. */
static bool is_half_open(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];

    return conn->opening.syns && !conn->opening.established && !conn->opening.refusals &&
           !conn->opening.icmp_frame && c->bytes == 0 &&
           c->segments <= conn->opening.syns + (c->rst_frame != 0);
}

static gint by_server_and_time(gconstpointer a, gconstpointer b)
{
    const struct diag_entry *x = *(struct diag_entry *const *)a;
    const struct diag_entry *y = *(struct diag_entry *const *)b;
    int order = memcmp(&x->server.address, &y->server.address, sizeof x->server.address);

    if (!order)
        order = (int)x->server.port - (int)y->server.port;
    if (!order)
        order = (x->conn->first_ns > y->conn->first_ns) - (x->conn->first_ns < y->conn->first_ns);
    return order ? order : (x->conn->index > y->conn->index) - (x->conn->index < y->conn->index);
}

static bool same_listener(const struct diag_entry *a, const struct diag_entry *b)
{
    return a->server.port == b->server.port &&
           memcmp(&a->server.address, &b->server.address, sizeof a->server.address) == 0;
}

/* Entries are those of one listener, by time. */
static bool is_dense(struct diag_entry *const *entry, size_t count, uint32_t least)
{
    for (size_t i = 0; i + least <= count; i++)
        if (entry[i + least - 1]->conn->first_ns - entry[i]->conn->first_ns <= FLOOD_NS)
            return true;
    return false;
}

/* One client that opens many connections is no flood of sources. */
static uint32_t sources_of(struct diag_entry *const *entry, size_t count)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    GStringChunk *texts = g_string_chunk_new(4096);

    for (size_t i = 0; i < count; i++) {
        char text[64];

        diag_render_address(&entry[i]->client, text, sizeof text);
        g_hash_table_add(seen, g_string_chunk_insert_const(texts, text));
    }
    uint32_t sources = g_hash_table_size(seen);

    g_hash_table_destroy(seen);
    g_string_chunk_free(texts);
    return sources;
}

static void report(struct diag_engine *engine, struct diag_judgement *judgement,
                   struct diag_entry *const *entry, size_t count, uint32_t sources)
{
    int64_t took = entry[count - 1]->conn->first_ns - entry[0]->conn->first_ns;
    struct diag_host *host = diag_host_add(
        engine, judgement, DIAG_host_syn_flood, entry[0]->conn->first_frame,
        (int64_t[DIAG_MAX_VALUES]){(int64_t)count, sources, took, entry[0]->server.port});

    host->server = entry[0]->server;
    diag_host_name(engine, host, &host->server.address);
    for (size_t i = 0; i < count; i++) {
        if (i < 3)
            diag_cite(diag_host_finding(host), DIAG_ROLE_syn, entry[i]->conn->first_frame);
        diag_host_fold(host, entry[i]->sentence);
        entry[i]->failed = false; /* nobody was there who wanted it */
        entry[i]->unwanted = true;
    }
}

void diag_correlate_flood(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all)
{
    GPtrArray *open = g_ptr_array_new();
    uint32_t least = engine->settings.syn_flood;
    guint end;

    for (size_t i = 0; i < all.count; i++)
        if (is_half_open(all.entry[i].conn))
            g_ptr_array_add(open, &all.entry[i]);
    g_ptr_array_sort(open, by_server_and_time);
    for (guint i = 0; i < open->len; i = end) {
        struct diag_entry *const *entry = (struct diag_entry *const *)(open->pdata + i);

        for (end = i + 1; end < open->len && same_listener(open->pdata[i], open->pdata[end]);)
            end++;
        uint32_t sources = end - i < least ? 0 : sources_of(entry, end - i);

        if (sources * 2 >= least && is_dense(entry, end - i, least))
            report(engine, judgement, entry, end - i, sources);
    }
    g_ptr_array_free(open, TRUE);
}
