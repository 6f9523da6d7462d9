/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which hardware addresses claim one IPv4 address (ARP). Two that do so by turns are two machines.
 * Memory is bounded; the oldest is forgotten first.
 */
#ifndef DIAG_CLAIMS_H
#define DIAG_CLAIMS_H

#include "diag.h"

struct diag_claims;

struct diag_claims *diag_claims_new(void);
void diag_claims_free(struct diag_claims *claims);
/* What was forgotten for newer ones. */
uint64_t diag_claims_dropped(const struct diag_claims *claims);

void diag_claims_arp(struct diag_claims *claims, const struct diag_arp *arp);

struct diag_conflict {
    struct diag_address address;
    uint8_t mac[2][6];
    uint32_t frame[2]; /* the last claim of each by the time of the first conflict */
    uint32_t changes;  /* of the claimant */
    uint32_t twice;    /* questions that both answered */
    bool proxy; /* one of them claims many other addresses: a router that answers for others */
};

/* Calls back for each address that two machines claim at the same time, not one after the other;
 * oldest first. Can be repeated. */
void diag_claims_conflicts(const struct diag_claims *claims,
                           void (*callback)(const struct diag_conflict *conflict, void *context),
                           void *context);

#endif
