/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asked for whose hardware address (ARP, IPv6 neighbour discovery), and who was never heard.
 * Memory is bounded; the oldest is forgotten first.
 */
#ifndef DIAG_NEIGHBOURS_H
#define DIAG_NEIGHBOURS_H

#include "diag.h"

struct diag_neighbours;

struct diag_neighbours *diag_neighbours_new(void);
void diag_neighbours_free(struct diag_neighbours *neighbours);
/* What was forgotten for newer ones. */
uint64_t diag_neighbours_dropped(const struct diag_neighbours *neighbours);

void diag_neighbours_arp(struct diag_neighbours *neighbours, const struct diag_arp *arp);

/* The longest series of questions of one host for one address that nobody answered. */
struct diag_unresolved {
    struct diag_address asker;
    struct diag_address target;
    uint32_t asked;
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t first_ns;
    int64_t last_ns;
    /* Other questions of this host were answered where the capture could see it. If not, the
     * capture may just not see ARP replies: they are unicast, the questions are broadcast. */
    bool replies_visible;
    uint32_t targets; /* unresolved ones of this asker: many are a scan, its own or through it */
};

/* Calls back for each pair that asked at least 3 times or over at least 1 s, whose target was never
 * heard (no reply, no question of its own, no announcement). In capture order of the first frame.
 * Can be repeated. */
void diag_neighbours_unresolved(const struct diag_neighbours *neighbours,
                                void (*callback)(const struct diag_unresolved *fact, void *context),
                                void *context);

#endif
