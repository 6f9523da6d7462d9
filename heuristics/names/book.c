/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where lookups are kept: by what was asked, and in lists by first label, because every other form
 * of a name begins with the same label.
 */
#include "names/private.h"
#include "names/text.h"

#include <string.h>

/* NetBIOS names end here, so longer labels are told apart by what is before. */
#define LABEL_SIZE 16

struct label {
    char text[LABEL_SIZE];
    GQueue lookups;
};

static guint lookup_hash(gconstpointer key)
{
    const struct diag_lookup *lookup = key;
    guint hash = diag_hash_address(DIAG_HASH_START, &lookup->client);

    hash = diag_hash_bytes(hash, &lookup->qtype, sizeof lookup->qtype);
    return diag_hash_bytes(hash, lookup->name, strlen(lookup->name)) + lookup->service;
}

static gboolean lookup_equal(gconstpointer one, gconstpointer other)
{
    const struct diag_lookup *a = one;
    const struct diag_lookup *b = other;

    return a->service == b->service && a->qtype == b->qtype &&
           diag_same_address(&a->client, &b->client) && strcmp(a->name, b->name) == 0;
}

static void cut_label(char *text, const char *name)
{
    size_t length = diag_first_label_length(name);

    if (length >= LABEL_SIZE)
        length = LABEL_SIZE - 1;
    memcpy(text, name, length);
    text[length] = '\0';
}

static struct label *find_label(const struct diag_names *names, const char *name)
{
    char text[LABEL_SIZE];

    cut_label(text, name);
    return g_hash_table_lookup(names->labels, text);
}

const GQueue *diag_lookups_like(const struct diag_names *names, const char *name)
{
    const struct label *label = find_label(names, name);

    return label ? &label->lookups : NULL;
}

static struct label *get_label(struct diag_names *names, const char *name)
{
    struct label *label = find_label(names, name);

    if (label)
        return label;
    label = g_new0(struct label, 1);
    cut_label(label->text, name);
    g_queue_init(&label->lookups);
    g_hash_table_insert(names->labels, label->text, label);
    return label;
}

static void unchain(struct diag_names *names, struct diag_lookup *lookup)
{
    struct label *label = find_label(names, lookup->name);

    g_queue_unlink(&label->lookups, &lookup->chain);
    if (label->lookups.length > 0)
        return;
    g_hash_table_remove(names->labels, label->text);
    g_free(label);
}

static void free_lookup(void *data)
{
    struct diag_lookup *lookup = data;

    unchain(lookup->names, lookup);
    g_free(lookup->name);
    g_free(lookup);
}

void diag_lookups_init(struct diag_names *names)
{
    names->labels = g_hash_table_new(g_str_hash, g_str_equal);
    diag_bounded_init(&names->quiet, NAME_QUIET, lookup_hash, lookup_equal, free_lookup);
    diag_bounded_init(&names->failed, NAME_FAILED, lookup_hash, lookup_equal, free_lookup);
}

void diag_lookups_clear(struct diag_names *names)
{
    diag_bounded_clear(&names->quiet);
    diag_bounded_clear(&names->failed);
    g_hash_table_destroy(names->labels);
}

static struct diag_bounded *book_of(struct diag_names *names, const struct diag_lookup *lookup)
{
    return lookup->result == LOOKUP_FAILED ? &names->failed : &names->quiet;
}

void diag_lookup_conclude(struct diag_names *names, struct diag_lookup *lookup,
                          enum lookup_result result)
{
    struct diag_bounded *before = book_of(names, lookup);

    lookup->result = result;
    if (book_of(names, lookup) == before)
        return;
    diag_bounded_take(before, lookup);
    diag_bounded_add(book_of(names, lookup), lookup);
}

struct diag_lookup *diag_lookup_find(const struct diag_names *names,
                                     const struct diag_lookup *probe)
{
    struct diag_lookup *lookup = diag_bounded_find(&names->failed, probe);

    return lookup ? lookup : diag_bounded_find(&names->quiet, probe);
}

static struct diag_lookup probe_of(const struct name_event *event)
{
    struct diag_lookup probe = {
        .service = event->message->service,
        .name = (char *)event->dns.qname,
    };

    if (probe.service != DIAG_MDNS)
        probe.client = event->client;
    if (probe.service != DIAG_NBNS)
        probe.qtype = event->dns.qtype;
    return probe;
}

struct diag_lookup *diag_lookup_get(struct diag_names *names, const struct name_event *event)
{
    struct diag_lookup probe = probe_of(event);
    struct diag_lookup *lookup = diag_lookup_find(names, &probe);

    if (lookup) {
        struct label *label = find_label(names, lookup->name);

        g_queue_unlink(&label->lookups, &lookup->chain);
        g_queue_push_tail_link(&label->lookups, &lookup->chain);
        diag_bounded_renew(book_of(names, lookup), lookup);
        return lookup;
    }
    lookup = g_new0(struct diag_lookup, 1);
    *lookup = probe;
    lookup->names = names;
    lookup->name = g_strdup(event->dns.qname);
    lookup->chain.data = lookup;
    g_queue_push_tail_link(&get_label(names, lookup->name)->lookups, &lookup->chain);
    diag_bounded_add(&names->quiet, lookup);
    return lookup;
}

static void tell_since(const struct diag_bounded *book, const struct diag_address *client,
                       int64_t since_ns,
                       void (*callback)(const struct diag_name_asked *asked, void *context),
                       void *context)
{
    for (const GList *at = book->order.head; at; at = at->next) {
        const struct diag_lookup *lookup = at->data;
        struct diag_name_asked asked = {lookup->name, lookup->first_frame, !lookup->open};

        if (lookup->asked && diag_elapsed_ns(since_ns, lookup->first_ns) >= 0 &&
            diag_same_address(&lookup->client, client))
            callback(&asked, context);
    }
}

void diag_names_asked(const struct diag_names *names, const struct diag_address *client,
                      int64_t since_ns,
                      void (*callback)(const struct diag_name_asked *asked, void *context),
                      void *context)
{
    tell_since(&names->quiet, client, since_ns, callback, context);
    tell_since(&names->failed, client, since_ns, callback, context);
}
