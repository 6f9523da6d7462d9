/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the messages of the name services, finds the query that an answer belongs to, and keeps the
 * books. Also: which name an address came from.
 */
#include "names/private.h"
#include "names/text.h"

#include <string.h>

/* A query that waits for its answer. */
struct transaction {
    struct diag_bounded_item order;
    struct diag_endpoint client;
    struct diag_address server; /* DNS only: the others ask a group, and a member answers */
    enum diag_name_service service;
    uint16_t id;
    uint16_t qtype;
    char *qname;
    int64_t last_ns;
};

struct origin {
    struct diag_bounded_item order;
    struct diag_names *names;
    struct diag_address client;
    struct diag_address address;
    char *qname;
    int64_t query_ns;
    int64_t answer_ns;
    uint32_t query_frame;
    uint32_t answer_frame;
};

/* ---- queries and their answers */

static guint transaction_hash(gconstpointer key)
{
    const struct transaction *t = key;
    guint hash = diag_hash_address(DIAG_HASH_START, &t->client.address);

    hash = diag_hash_bytes(hash, &t->client.port, sizeof t->client.port);
    hash = diag_hash_bytes(hash, &t->id, sizeof t->id);
    return diag_hash_address(hash, &t->server) + t->service;
}

/* The name is no part of it: a server that cannot read a question answers without one. */
static gboolean transaction_equal(gconstpointer one, gconstpointer other)
{
    const struct transaction *a = one;
    const struct transaction *b = other;

    return a->id == b->id && a->client.port == b->client.port && a->service == b->service &&
           diag_same_address(&a->client.address, &b->client.address) &&
           diag_same_address(&a->server, &b->server);
}

static void free_transaction(void *data)
{
    struct transaction *t = data;

    g_free(t->qname);
    g_free(t);
}

static struct transaction probe_of(const struct name_event *event)
{
    const struct diag_name_message *message = event->message;

    return (struct transaction){
        .client = event->dns.response ? message->destination : message->source,
        .server = message->service == DIAG_DNS ? event->server : (struct diag_address){0},
        .service = message->service,
        .id = event->dns.id,
    };
}

static bool is_copy(const struct transaction *t, const struct name_event *event)
{
    return t->qtype == event->dns.qtype && strcmp(t->qname, event->dns.qname) == 0 &&
           diag_within(t->last_ns, event->message->time_ns, NAME_COPY_NS);
}

static struct transaction *get_transaction(struct diag_names *names,
                                           const struct transaction *probe)
{
    struct transaction *t = diag_bounded_find(&names->transactions, probe);

    if (t) {
        diag_bounded_renew(&names->transactions, t);
        return t;
    }
    t = g_new0(struct transaction, 1);
    *t = *probe;
    t->qname = g_strdup("");
    diag_bounded_add(&names->transactions, t);
    return t;
}

/* False for a captured copy of a query. */
static bool remember_query(struct diag_names *names, const struct name_event *event)
{
    struct transaction probe = probe_of(event);
    struct transaction *t = get_transaction(names, &probe);

    if (is_copy(t, event))
        return false;
    g_free(t->qname);
    t->qname = g_strdup(event->dns.qname);
    t->qtype = event->dns.qtype;
    t->last_ns = event->message->time_ns;
    return true;
}

static bool answers(const struct name_event *event, const struct transaction *t)
{
    if (event->dns.qname[0] == '\0')
        return true;
    return strcmp(t->qname, event->dns.qname) == 0 &&
           (t->service == DIAG_NBNS || t->qtype == event->dns.qtype);
}

/* Was the query of this answer captured? Then the event gets its name, if it came without one. */
static bool settle_query(struct diag_names *names, struct name_event *event)
{
    struct transaction probe = probe_of(event);
    struct transaction *t = diag_bounded_find(&names->transactions, &probe);

    if (!t || !answers(event, t))
        return false;
    memcpy(event->dns.qname, t->qname, strlen(t->qname) + 1);
    event->dns.qtype = t->qtype;
    diag_bounded_take(&names->transactions, t);
    free_transaction(t);
    return true;
}

/* ---- names of addresses that were handed out */

static guint origin_hash(gconstpointer key)
{
    const struct origin *origin = key;

    return diag_hash_address(diag_hash_address(DIAG_HASH_START, &origin->client), &origin->address);
}

static gboolean origin_equal(gconstpointer one, gconstpointer other)
{
    const struct origin *a = one;
    const struct origin *b = other;

    return diag_same_address(&a->client, &b->client) && diag_same_address(&a->address, &b->address);
}

static guint slot_of(const struct diag_address *address)
{
    return diag_hash_address(DIAG_HASH_START, address) % NAME_SLOTS;
}

static void free_origin(void *data)
{
    struct origin *origin = data;

    origin->names->handed_out[slot_of(&origin->address)]--;
    g_free(origin->qname);
    g_free(origin);
}

static void note_origin(struct diag_names *names, const struct diag_lookup *lookup,
                        const struct diag_address *client, const struct diag_address *address)
{
    struct origin probe = {.names = names, .client = *client, .address = *address};
    struct origin *origin = diag_bounded_find(&names->origins, &probe);

    if (origin) {
        diag_bounded_take(&names->origins, origin);
        g_free(origin->qname);
    } else {
        origin = g_new0(struct origin, 1);
        names->handed_out[slot_of(address)]++;
    }
    *origin = probe;
    origin->qname = g_strdup(lookup->name);
    origin->query_ns = lookup->query_ns;
    origin->query_frame = lookup->query_frame;
    origin->answer_ns = lookup->answer_ns;
    origin->answer_frame = lookup->answer_frame;
    diag_bounded_add(&names->origins, origin);
}

bool diag_names_origin(const struct diag_names *names, const struct diag_address *client,
                       const struct diag_address *address, struct diag_name_origin *out)
{
    struct origin probe = {.client = *client, .address = *address};
    const struct origin *origin = diag_bounded_find(&names->origins, &probe);

    if (!origin)
        return false;
    *out = (struct diag_name_origin){
        .qname = origin->qname,
        .query_ns = origin->query_ns,
        .answer_ns = origin->answer_ns,
        .query_frame = origin->query_frame,
        .answer_frame = origin->answer_frame,
    };
    return true;
}

bool diag_names_may_know(const struct diag_names *names, const struct diag_address *address)
{
    return names->handed_out[slot_of(address)] > 0;
}

bool diag_names_alternatives(const struct diag_names *names, const struct diag_address *client,
                             const struct diag_address *first, const struct diag_address *second,
                             struct diag_name_origin *out)
{
    struct diag_name_origin one;

    return !diag_same_address(first, second) && diag_names_origin(names, client, first, &one) &&
           diag_names_origin(names, client, second, out) && strcmp(one.qname, out->qname) == 0;
}

/* ---- feeding */

static void on_query(struct diag_names *names, const struct name_event *event)
{
    if (event->message->service != DIAG_MDNS && !remember_query(names, event))
        return;
    diag_lookup_asked(names, event);
    diag_reverse_asked(names, event);
}

static void on_answer(struct diag_names *names, struct name_event *event)
{
    /* mDNS answers go to everybody, with id 0 and often without the question. */
    bool matched = event->message->service == DIAG_MDNS || settle_query(names, event);
    const struct diag_lookup *lookup = diag_lookup_answered(names, event, matched);

    for (size_t i = 0; lookup && i < event->dns.address_count; i++)
        note_origin(names, lookup, &lookup->client, &event->dns.address[i]);
    if (matched)
        diag_reverse_answered(names, event);
}

/* The host that is asked for its own names is the one that was sent the question. */
static void complete_reverse(struct name_event *event)
{
    if (event->dns.reverse && event->dns.looked_up.length == 0)
        event->dns.looked_up = event->server;
}

void diag_names_message(struct diag_names *names, const struct diag_name_message *message)
{
    struct name_event event = {.message = message};

    if (!diag_dns_read(message->data, message->captured, message->service, &event.dns) ||
        event.dns.opcode != 0)
        return;
    diag_lower_text(event.dns.qname);
    event.client = event.dns.response ? message->destination.address : message->source.address;
    event.server = event.dns.response ? message->source.address : message->destination.address;
    complete_reverse(&event);
    if (event.dns.response)
        on_answer(names, &event);
    else
        on_query(names, &event);
}

/* ---- life */

struct diag_names *diag_names_new(const struct diag_settings *settings)
{
    struct diag_names *names = g_new0(struct diag_names, 1);

    names->delay_ns = settings->name_delay * NAME_MS;
    diag_bounded_init(&names->transactions, NAME_TRANSACTIONS, transaction_hash, transaction_equal,
                      free_transaction);
    diag_bounded_init(&names->origins, NAME_ORIGINS, origin_hash, origin_equal, free_origin);
    diag_lookups_init(names);
    diag_reverses_init(names);
    return names;
}

uint64_t diag_names_dropped(const struct diag_names *names)
{
    return names->quiet.dropped + names->failed.dropped + names->reverses.dropped;
}

uint64_t diag_names_addresses_dropped(const struct diag_names *names)
{
    return names->origins.dropped;
}

void diag_names_free(struct diag_names *names)
{
    if (!names)
        return;
    diag_bounded_clear(&names->transactions);
    diag_bounded_clear(&names->origins);
    diag_bounded_clear(&names->reverses);
    diag_lookups_clear(names);
    g_free(names);
}
