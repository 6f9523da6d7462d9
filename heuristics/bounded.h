/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set with a capacity: when it is full it forgets the item that was not renewed for the longest
 * time. A capture can then ask about any number of names or addresses.
 */
#ifndef DIAG_BOUNDED_H
#define DIAG_BOUNDED_H

#include <glib.h>

#include "diag.h"

/* First member of every item. */
struct diag_bounded_item {
    GList link;
};

struct diag_bounded {
    GHashTable *table;
    GQueue order; /* least recently renewed first */
    guint capacity;
    uint64_t dropped;       /* items forgotten for newer ones */
    GDestroyNotify release; /* frees an item */
};

void diag_bounded_init(struct diag_bounded *set, guint capacity, GHashFunc hash, GEqualFunc equal,
                       GDestroyNotify release);
void diag_bounded_clear(struct diag_bounded *set);

/* The item equal to the probe, or NULL. */
void *diag_bounded_find(const struct diag_bounded *set, const void *probe);
/* Takes an item that is not in the set yet; may free the oldest. */
void diag_bounded_add(struct diag_bounded *set, void *item);
/* The item is the newest from now on. */
void diag_bounded_renew(struct diag_bounded *set, void *item);
/* Takes the item out without freeing it. */
void diag_bounded_take(struct diag_bounded *set, void *item);

/* Oldest first: for (GList *at = set->order.head; at; at = at->next) use(at->data) */

/* ---- what keys are made of */

#define DIAG_HASH_START 2166136261u

/* FNV-1a, to be continued over the parts of a key. */
guint diag_hash_bytes(guint hash, const void *bytes, size_t size);
guint diag_hash_address(guint hash, const struct diag_address *address);
bool diag_same_address(const struct diag_address *a, const struct diag_address *b);

/* Time stamps come from the capture file and may be anything: no overflow here. */
static inline int64_t diag_elapsed_ns(int64_t from_ns, int64_t to_ns)
{
    return (int64_t)((uint64_t)to_ns - (uint64_t)from_ns);
}

#endif
