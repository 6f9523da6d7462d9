/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions for hardware addresses, in series: a host that gets no reply repeats the question every
 * second, while the renewal of a known address comes alone and much later.
 */
#include "bounded.h"
#include "names/neighbours.h"

#include <string.h>

#define QUESTIONS 4096
#define HOSTS     4096
#define SECOND    INT64_C(1000000000)
/* Linux and Windows repeat after 1 s; a host that has given up starts anew with its next packet. */
#define SERIES_NS (5 * SECOND)
/* SPAN copies; nobody repeats that soon. */
#define COPY_NS      (SECOND / 10)
#define ENOUGH_ASKED 3
#define ENOUGH_NS    SECOND

struct series {
    uint32_t asked;
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t first_ns;
    int64_t last_ns;
};

/* One host that wants the hardware address of another. Any answer clears it. */
struct question {
    struct diag_bounded_item order;
    struct diag_address asker;
    struct diag_address target;
    struct series now;
    struct series longest;
};

struct host {
    struct diag_bounded_item order;
    struct diag_address address;
    bool heard;
    int64_t heard_ns;
    bool replied_to;
    uint32_t unresolved; /* only while they are counted */
};

struct diag_neighbours {
    struct diag_bounded questions;
    struct diag_bounded hosts;
};

/* ---- storage */

static guint question_hash(gconstpointer key)
{
    const struct question *question = key;

    return diag_hash_address(diag_hash_address(DIAG_HASH_START, &question->asker),
                             &question->target);
}

static gboolean question_equal(gconstpointer one, gconstpointer other)
{
    const struct question *a = one;
    const struct question *b = other;

    return diag_same_address(&a->asker, &b->asker) && diag_same_address(&a->target, &b->target);
}

static guint host_hash(gconstpointer key)
{
    return diag_hash_address(DIAG_HASH_START, &((const struct host *)key)->address);
}

static gboolean host_equal(gconstpointer one, gconstpointer other)
{
    return diag_same_address(&((const struct host *)one)->address,
                             &((const struct host *)other)->address);
}

struct diag_neighbours *diag_neighbours_new(void)
{
    struct diag_neighbours *neighbours = g_new0(struct diag_neighbours, 1);

    diag_bounded_init(&neighbours->questions, QUESTIONS, question_hash, question_equal, g_free);
    diag_bounded_init(&neighbours->hosts, HOSTS, host_hash, host_equal, g_free);
    return neighbours;
}

void diag_neighbours_free(struct diag_neighbours *neighbours)
{
    if (!neighbours)
        return;
    diag_bounded_clear(&neighbours->questions);
    diag_bounded_clear(&neighbours->hosts);
    g_free(neighbours);
}

uint64_t diag_neighbours_dropped(const struct diag_neighbours *neighbours)
{
    return neighbours->questions.dropped + neighbours->hosts.dropped;
}

static struct host *find_host(const struct diag_neighbours *neighbours,
                              const struct diag_address *address)
{
    struct host probe = {.address = *address};

    return diag_bounded_find(&neighbours->hosts, &probe);
}

static struct host *get_host(struct diag_neighbours *neighbours, const struct diag_address *address)
{
    struct host *host = find_host(neighbours, address);

    if (host) {
        diag_bounded_renew(&neighbours->hosts, host);
        return host;
    }
    host = g_new0(struct host, 1);
    host->address = *address;
    diag_bounded_add(&neighbours->hosts, host);
    return host;
}

static struct question *find_question(const struct diag_neighbours *neighbours,
                                      const struct diag_address *asker,
                                      const struct diag_address *target)
{
    struct question probe = {.asker = *asker, .target = *target};

    return diag_bounded_find(&neighbours->questions, &probe);
}

static struct question *get_question(struct diag_neighbours *neighbours, const struct diag_arp *arp)
{
    struct question *question = find_question(neighbours, &arp->sender, &arp->target);

    if (question) {
        diag_bounded_renew(&neighbours->questions, question);
        return question;
    }
    question = g_new0(struct question, 1);
    question->asker = arp->sender;
    question->target = arp->target;
    diag_bounded_add(&neighbours->questions, question);
    return question;
}

/* ---- feeding */

static void on_question(struct diag_neighbours *neighbours, const struct diag_arp *arp)
{
    struct question *question = get_question(neighbours, arp);
    struct series *now = &question->now;

    if (now->asked > 0 && diag_elapsed_ns(now->last_ns, arp->time_ns) < COPY_NS)
        return;
    if (now->asked == 0 || diag_elapsed_ns(now->last_ns, arp->time_ns) > SERIES_NS)
        *now = (struct series){.first_frame = arp->frame, .first_ns = arp->time_ns};
    now->asked++;
    now->last_frame = arp->frame;
    now->last_ns = arp->time_ns;
    if (now->asked > question->longest.asked)
        question->longest = *now;
}

static void on_reply(struct diag_neighbours *neighbours, const struct diag_arp *arp)
{
    struct question *question = find_question(neighbours, &arp->target, &arp->sender);

    if (!question)
        return;
    question->now = question->longest = (struct series){0};
    get_host(neighbours, &arp->target)->replied_to = true;
}

static bool is_unspecified(const struct diag_address *address)
{
    static const uint8_t zero[16];

    return memcmp(address->bytes, zero, address->length) == 0;
}

void diag_neighbours_arp(struct diag_neighbours *neighbours, const struct diag_arp *arp)
{
    /* A host that is about to take an address asks for it in the name of nobody: silence is what
     * it hopes for (RFC 5227, RFC 4862 5.4). */
    if (is_unspecified(&arp->sender))
        return;

    struct host *host = get_host(neighbours, &arp->sender);
    host->heard = true;
    host->heard_ns = arp->time_ns;
    if (arp->reply)
        on_reply(neighbours, arp);
    else if (!diag_same_address(&arp->sender, &arp->target)) /* else it announces itself */
        on_question(neighbours, arp);
}

/* ---- facts */

/* The reply may have gone where the capture does not see it; any sign of life will do. */
static bool heard_since(const struct diag_neighbours *neighbours,
                        const struct diag_address *address, int64_t since_ns)
{
    const struct host *host = find_host(neighbours, address);

    return host && host->heard && diag_elapsed_ns(since_ns, host->heard_ns) >= 0;
}

static bool is_unresolved(const struct diag_neighbours *neighbours, const struct question *question)
{
    const struct series *longest = &question->longest;

    if (longest->asked < ENOUGH_ASKED &&
        diag_elapsed_ns(longest->first_ns, longest->last_ns) < ENOUGH_NS)
        return false;
    return !heard_since(neighbours, &question->target, longest->first_ns);
}

static int by_first_frame(gconstpointer one, gconstpointer other)
{
    const struct question *a = *(const struct question *const *)one;
    const struct question *b = *(const struct question *const *)other;

    return (a->longest.first_frame > b->longest.first_frame) -
           (a->longest.first_frame < b->longest.first_frame);
}

static struct host *counted(GHashTable *counts, const struct diag_address *address)
{
    struct host probe = {.address = *address};
    struct host *host = g_hash_table_lookup(counts, &probe);

    if (host)
        return host;
    host = g_new0(struct host, 1);
    host->address = *address;
    g_hash_table_add(counts, host);
    return host;
}

/* How many of these questions each host asked: struct host -> itself. */
static GHashTable *count_by_asker(const GPtrArray *found)
{
    GHashTable *counts = g_hash_table_new_full(host_hash, host_equal, g_free, NULL);

    for (guint i = 0; i < found->len; i++) {
        const struct question *question = found->pdata[i];

        counted(counts, &question->asker)->unresolved++;
    }
    return counts;
}

static struct diag_unresolved describe(const struct diag_neighbours *neighbours,
                                       const struct question *question, GHashTable *counts)
{
    struct host probe = {.address = question->asker};
    const struct host *asker = find_host(neighbours, &question->asker);

    return (struct diag_unresolved){
        .asker = question->asker,
        .target = question->target,
        .asked = question->longest.asked,
        .first_frame = question->longest.first_frame,
        .last_frame = question->longest.last_frame,
        .first_ns = question->longest.first_ns,
        .last_ns = question->longest.last_ns,
        .replies_visible = asker && asker->replied_to,
        .targets = ((const struct host *)g_hash_table_lookup(counts, &probe))->unresolved,
    };
}

void diag_neighbours_unresolved(const struct diag_neighbours *neighbours,
                                void (*callback)(const struct diag_unresolved *fact, void *context),
                                void *context)
{
    GPtrArray *found = g_ptr_array_new();

    for (GList *at = neighbours->questions.order.head; at; at = at->next)
        if (is_unresolved(neighbours, at->data))
            g_ptr_array_add(found, at->data);
    g_ptr_array_sort(found, by_first_frame);
    GHashTable *counts = count_by_asker(found);
    for (guint i = 0; i < found->len; i++) {
        struct diag_unresolved fact = describe(neighbours, found->pdata[i], counts);

        callback(&fact, context);
    }
    g_hash_table_destroy(counts);
    g_ptr_array_free(found, TRUE);
}
