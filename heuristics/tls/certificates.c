/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps every certificate of the capture with its bytes: what looks like a copy is compared in
 * full, so that no crafted one can pass for another.
 */
#include "tls/certificates.h"

#include <glib.h>

#include <string.h>

/* More than a person looks at; what comes later is not read. */
#define MOST_CERTIFICATES 4096
#define MOST_BYTES        ((size_t)16 * 1024 * 1024)
/* A certificate for a hoster's many sites is asked about each of them. */
#define MOST_NAMES 256
/* A signature is random enough to tell certificates apart. */
#define HASHED 32
#define NS     INT64_C(1000000000)

/* The entry is first: a pointer to it is a pointer to this. */
struct kept {
    struct diag_certificate_entry entry;
    GHashTable *covers; /* name -> whether it is for it, + 1; NULL until asked */
    uint8_t *der;
    size_t length;
};

struct diag_certificates {
    struct diag_certificate_reader reader;
    GHashTable *by_der;     /* struct kept, owned, to itself */
    GHashTable *by_subject; /* subject -> struct kept that may sign others */
    GHashTable *late;       /* issuers of certificates out of date */
    size_t bytes;           /* of all that are kept */
    uint64_t dropped;       /* for which there was no room */
};

static guint hash_der(gconstpointer key)
{
    const struct kept *kept = key;
    size_t from = kept->length > HASHED ? kept->length - HASHED : 0;
    guint hash = (guint)kept->length;

    for (size_t i = from; i < kept->length; i++)
        hash = (hash ^ kept->der[i]) * 16777619U;
    return hash;
}

static gboolean equal_der(gconstpointer a, gconstpointer b)
{
    const struct kept *x = a;
    const struct kept *y = b;

    return x->length == y->length && memcmp(x->der, y->der, x->length) == 0;
}

static void free_kept(void *data)
{
    struct kept *kept = data;

    if (kept->covers)
        g_hash_table_destroy(kept->covers);
    g_free(kept->der);
    g_free(kept);
}

struct diag_certificates *diag_certificates_new(void)
{
    struct diag_certificates *store = g_new0(struct diag_certificates, 1);

    store->by_der = g_hash_table_new_full(hash_der, equal_der, free_kept, NULL);
    store->by_subject = g_hash_table_new(g_str_hash, g_str_equal);
    store->late = g_hash_table_new(g_str_hash, g_str_equal);
    return store;
}

void diag_certificates_free(struct diag_certificates *store)
{
    g_hash_table_destroy(store->late);
    g_hash_table_destroy(store->by_subject);
    g_hash_table_destroy(store->by_der);
    g_free(store);
}

void diag_certificates_read_with(struct diag_certificates *store,
                                 const struct diag_certificate_reader *reader)
{
    store->reader = *reader;
}

bool diag_certificates_are_read(const struct diag_certificates *store)
{
    return store->reader.read;
}

/* A name that did not fit whole tells nobody apart. */
static bool is_whole(const char *text, size_t size)
{
    return text[0] && strlen(text) + 1 < size;
}

static struct kept *keep(struct diag_certificates *store, const uint8_t *der, size_t length)
{
    struct kept *kept = g_new0(struct kept, 1);
    struct diag_certificate *facts = &kept->entry.facts;

    kept->der = g_memdup2(der, length);
    kept->length = length;
    store->bytes += length;
    kept->entry.readable = store->reader.read(store->reader.context, der, length, facts);
    g_hash_table_add(store->by_der, kept);
    if (kept->entry.readable && facts->authority && is_whole(facts->subject, sizeof facts->subject))
        g_hash_table_insert(store->by_subject, facts->subject, kept);
    return kept;
}

static bool has_room(const struct diag_certificates *store, size_t length)
{
    return g_hash_table_size(store->by_der) < MOST_CERTIFICATES &&
           store->bytes + length <= MOST_BYTES;
}

uint64_t diag_certificates_dropped(const struct diag_certificates *store)
{
    return store->dropped;
}

const struct diag_certificate_entry *diag_certificates_take(struct diag_certificates *store,
                                                            const uint8_t *der, size_t length)
{
    const struct kept wanted = {.der = (uint8_t *)der, .length = length};
    struct kept *kept;

    if (!store->reader.read || length == 0 || length > DIAG_CERTIFICATE_LONGEST)
        return NULL;
    kept = g_hash_table_lookup(store->by_der, &wanted);
    if (!kept && has_room(store, length))
        kept = keep(store, der, length);
    store->dropped += !kept;
    return kept && kept->entry.readable ? &kept->entry : NULL;
}

bool diag_certificates_inflate(const struct diag_certificates *store, uint16_t algorithm,
                               const uint8_t *data, size_t length, uint8_t *result, size_t size)
{
    const struct diag_certificate_reader *reader = &store->reader;

    return reader->inflate &&
           reader->inflate(reader->context, algorithm, data, length, result, size);
}

bool diag_certificates_cover(struct diag_certificates *store,
                             const struct diag_certificate_entry *entry, const char *name)
{
    struct kept *kept = (struct kept *)(void *)entry;
    void *known;
    bool covers;

    if (!kept->covers)
        kept->covers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    known = g_hash_table_lookup(kept->covers, name);
    if (known)
        return GPOINTER_TO_INT(known) > 1;
    covers = store->reader.covers(store->reader.context, kept->der, kept->length, name);
    if (g_hash_table_size(kept->covers) < MOST_NAMES)
        g_hash_table_insert(kept->covers, g_strdup(name), GINT_TO_POINTER(covers + 1));
    return covers;
}

/* The dates of a hostile certificate may not fit. */
static int64_t fitting(int64_t seconds)
{
    const int64_t most = INT64_MAX / 4 / NS;

    return CLAMP(seconds, -most, most);
}

int64_t diag_certificate_outside_ns(const struct diag_certificate *certificate, int64_t now_ns)
{
    int64_t now = fitting(now_ns / NS);
    int64_t first = fitting(certificate->not_before);
    int64_t last = fitting(certificate->not_after);

    if (first <= 0 || last <= 0)
        return 0;
    if (now < first)
        return (now - first) * NS;
    return now > last ? (now - last) * NS : 0;
}

void diag_certificates_note_out_of_date(struct diag_certificates *store,
                                        const struct diag_certificate_entry *entry)
{
    g_hash_table_add(store->late, (char *)entry->facts.issuer);
}

bool diag_certificates_doubt_the_clock(const struct diag_certificates *store)
{
    return g_hash_table_size(store->late) > 1;
}

const struct diag_certificate_entry *
diag_certificates_issuer(const struct diag_certificates *store,
                         const struct diag_certificate_entry *entry)
{
    const char *issuer = entry->facts.issuer;

    if (!is_whole(issuer, sizeof entry->facts.issuer))
        return NULL;
    return g_hash_table_lookup(store->by_subject, issuer);
}
