/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table over items that are also chained in the order of their last use. */
#include "bounded.h"

#include <string.h>

static GList *link_of(void *item)
{
    return &((struct diag_bounded_item *)item)->link;
}

void diag_bounded_init(struct diag_bounded *set, guint capacity, GHashFunc hash, GEqualFunc equal,
                       GDestroyNotify release)
{
    set->table = g_hash_table_new(hash, equal);
    g_queue_init(&set->order);
    set->capacity = capacity;
    set->dropped = 0;
    set->release = release;
}

static void forget_oldest(struct diag_bounded *set)
{
    void *item = set->order.head->data;

    diag_bounded_take(set, item);
    set->release(item);
}

void diag_bounded_clear(struct diag_bounded *set)
{
    while (set->order.head)
        forget_oldest(set);
    g_hash_table_destroy(set->table);
}

void *diag_bounded_find(const struct diag_bounded *set, const void *probe)
{
    return g_hash_table_lookup(set->table, probe);
}

void diag_bounded_add(struct diag_bounded *set, void *item)
{
    if (set->order.length >= set->capacity) {
        forget_oldest(set);
        set->dropped++;
    }
    *link_of(item) = (GList){.data = item};
    g_queue_push_tail_link(&set->order, link_of(item));
    g_hash_table_add(set->table, item);
}

void diag_bounded_renew(struct diag_bounded *set, void *item)
{
    g_queue_unlink(&set->order, link_of(item));
    g_queue_push_tail_link(&set->order, link_of(item));
}

void diag_bounded_take(struct diag_bounded *set, void *item)
{
    g_hash_table_remove(set->table, item);
    g_queue_unlink(&set->order, link_of(item));
}

guint diag_hash_bytes(guint hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 16777619u;
    return hash;
}

guint diag_hash_address(guint hash, const struct diag_address *address)
{
    return diag_hash_bytes(hash, address->bytes, address->length);
}

bool diag_same_address(const struct diag_address *a, const struct diag_address *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}
