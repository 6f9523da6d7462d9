/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which connection a fact belongs to: by the stream number that Wireshark gave it, else by its
 * addresses and ports.
 */
#include "core.h"

#include <assert.h>
#include <string.h>

/* A connection is its own key: its first member is the pair of its endpoints. Either may come first
 * in a packet. */
static_assert(offsetof(struct diag_connection, endpoint) == 0, "the key of a connection");

static bool same_endpoint(const struct diag_endpoint *a, const struct diag_endpoint *b)
{
    return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static guint hash_endpoint(const struct diag_endpoint *e)
{
    guint hash = 2166136261U;

    for (size_t i = 0; i < e->address.length; i++)
        hash = (hash ^ e->address.bytes[i]) * 16777619U;
    return (hash ^ e->port) * 16777619U;
}

static guint hash_pair(gconstpointer key)
{
    const struct diag_endpoint *pair = key;

    return hash_endpoint(&pair[0]) + hash_endpoint(&pair[1]);
}

static gboolean equal_pair(gconstpointer a, gconstpointer b)
{
    const struct diag_endpoint *x = a;
    const struct diag_endpoint *y = b;

    return (same_endpoint(&x[0], &y[0]) && same_endpoint(&x[1], &y[1])) ||
           (same_endpoint(&x[0], &y[1]) && same_endpoint(&x[1], &y[0]));
}

void diag_lookup_init(struct diag_engine *engine)
{
    engine->by_ends = g_hash_table_new(hash_pair, equal_pair);
    engine->by_stream = g_hash_table_new(g_direct_hash, g_direct_equal);
    engine->connections = g_ptr_array_new_with_free_func(diag_connection_free);
}

void diag_lookup_free(struct diag_engine *engine)
{
    g_hash_table_destroy(engine->by_ends);
    g_hash_table_destroy(engine->by_stream);
    g_ptr_array_free(engine->connections, TRUE);
}

struct diag_connection *diag_connection_of_stream(const struct diag_engine *engine, uint32_t stream)
{
    return g_hash_table_lookup(engine->by_stream, GUINT_TO_POINTER(stream));
}

struct diag_connection *diag_connection_between(const struct diag_engine *engine,
                                                const struct diag_endpoint *a,
                                                const struct diag_endpoint *b)
{
    const struct diag_endpoint pair[2] = {*a, *b};

    return g_hash_table_lookup(engine->by_ends, pair);
}

/* Without a label from Wireshark, a SYN with a new ISN begins a connection, as it does there. */
static bool another_stream(const struct diag_connection *conn, const struct diag_segment *seg)
{
    if (seg->stream != DIAG_NO_STREAM || conn->stream != DIAG_NO_STREAM)
        return conn->stream != seg->stream;
    return (seg->flags & (DIAG_SYN | DIAG_ACK)) == DIAG_SYN && conn->half[DIAG_CLIENT].syn &&
           conn->half[DIAG_CLIENT].isn != seg->seq;
}

/* Wireshark 4.4 and later begin a stream at the next SYN or SYN/ACK behind any reset or FIN, and at
 * a SYN/ACK with another ISN; 4.0 only at a SYN with another ISN. The tries of one series belong
 * together (RFC 9293 3.10.7.3), under the label of the first. */
static bool goes_on(const struct diag_connection *conn, const struct diag_segment *seg)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];
    const struct diag_half *server = &conn->half[DIAG_SERVER];
    bool from_client = diag_side_of(conn, seg) == DIAG_CLIENT;

    if (!(seg->flags & DIAG_SYN) || from_client == !!(seg->flags & DIAG_ACK))
        return false;
    if (from_client)
        return client->syn && client->isn == seg->seq && !conn->opening.established;
    if (client->syn)
        return seg->ack == client->isn + 1 || !conn->opening.established;
    return server->syn && server->isn == seg->seq;
}

/* Wireshark numbers streams as they begin, so a greater number is one more. Without numbers it is
 * the SYN that begins one. */
static void leave_out(struct diag_engine *engine, const struct diag_segment *seg)
{
    uint64_t *dropped = &engine->dropped[DIAG_DROPPED_connections];

    if (seg->stream == DIAG_NO_STREAM) {
        *dropped += (seg->flags & (DIAG_SYN | DIAG_ACK)) == DIAG_SYN;
    } else if (!*dropped || seg->stream > engine->dropped_stream) {
        engine->dropped_stream = seg->stream;
        ++*dropped;
    }
}

static struct diag_connection *start(struct diag_engine *engine, struct diag_connection *previous,
                                     const struct diag_segment *seg)
{
    if (engine->connections->len >= engine->settings.connections) {
        leave_out(engine, seg);
        return NULL;
    }
    struct diag_connection *conn = diag_connection_new(engine, seg);

    conn->previous = previous;
    conn->index = engine->connections->len;
    g_ptr_array_add(engine->connections, conn);
    g_hash_table_add(engine->by_ends, conn);
    if (seg->stream != DIAG_NO_STREAM)
        g_hash_table_insert(engine->by_stream, GUINT_TO_POINTER(seg->stream), conn);
    return conn;
}

/* Neighbouring packets belong to few connections, so the last of each slot spares a search. */
static struct diag_connection *labelled(struct diag_engine *engine, uint32_t stream)
{
    struct diag_connection **near = &engine->near[stream % DIAG_NEAR];

    if (!*near || (*near)->stream != stream)
        *near = diag_connection_of_stream(engine, stream);
    return *near;
}

/* By Wireshark's label where there is one: it also knows the stream that it went back to, when two
 * connections on one 4-tuple are interleaved. Without a label, the newest of the 4-tuple. */
struct diag_connection *diag_connection_of(struct diag_engine *engine,
                                           const struct diag_segment *seg)
{
    struct diag_connection *conn =
        seg->stream != DIAG_NO_STREAM ? labelled(engine, seg->stream) : NULL;

    if (conn)
        return conn;
    conn = diag_connection_between(engine, &seg->source, &seg->destination);
    if (!conn || (another_stream(conn, seg) && !goes_on(conn, seg)))
        return start(engine, conn, seg);
    if (seg->stream != DIAG_NO_STREAM)
        g_hash_table_insert(engine->by_stream, GUINT_TO_POINTER(seg->stream), conn);
    return conn;
}
