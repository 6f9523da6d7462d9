/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address moves now and then: a new network card, a cluster that fails over and back. Two
 * machines that share one answer the same question, or take the address from each other for ever.
 */
#include "bounded.h"
#include "names/claims.h"

#include <string.h>

#define ADDRESSES 4096
#define SECOND    INT64_C(1000000000)
/* Both answers to one question. */
#define TOGETHER_NS SECOND
/* A cluster that fails over and back does not do it three times in ten minutes. */
#define ONE_QUARREL_NS (600 * SECOND)
#define MANY_CHANGES   3
/* So many other addresses behind one MAC are a router's. */
#define PROXY_ADDRESSES 3
#define CONFLICTS       16

struct claim {
    struct diag_bounded_item order;
    struct diag_address address;
    uint8_t mac[2][6];
    uint32_t frame[2];
    unsigned macs;
    unsigned newest; /* who claimed it last */
    int64_t last_ns;
    int64_t quarrel_ns; /* when the first of the changes was */
    bool reply;         /* the last claim was an answer to: */
    struct diag_address to;
    uint32_t changes;
    uint32_t most_changes; /* within ONE_QUARREL_NS */
    uint32_t twice;
    uint32_t proof[2]; /* frames; 0 until there is a conflict */
    uint8_t proved[2][6];
};

struct diag_claims {
    struct diag_bounded claims;
};

static guint claim_hash(gconstpointer key)
{
    return diag_hash_address(DIAG_HASH_START, &((const struct claim *)key)->address);
}

static gboolean claim_equal(gconstpointer one, gconstpointer other)
{
    return diag_same_address(&((const struct claim *)one)->address,
                             &((const struct claim *)other)->address);
}

struct diag_claims *diag_claims_new(void)
{
    struct diag_claims *claims = g_new0(struct diag_claims, 1);

    diag_bounded_init(&claims->claims, ADDRESSES, claim_hash, claim_equal, g_free);
    return claims;
}

void diag_claims_free(struct diag_claims *claims)
{
    if (!claims)
        return;
    diag_bounded_clear(&claims->claims);
    g_free(claims);
}

uint64_t diag_claims_dropped(const struct diag_claims *claims)
{
    return claims->claims.dropped;
}

/* ---- feeding */

/* Addresses that several machines share by design: VRRP and CARP, HSRP, GLBP, Windows NLB. */
static bool is_shared(const uint8_t *mac)
{
    static const struct {
        uint8_t length;
        uint8_t bytes[5];
    } shared[] = {{4, {0x00, 0x00, 0x5e, 0x00}},
                  {5, {0x00, 0x00, 0x0c, 0x07, 0xac}},
                  {4, {0x00, 0x00, 0x0c, 0x9f}},
                  {3, {0x00, 0x07, 0xb4}},
                  {2, {0x02, 0xbf}},
                  {2, {0x03, 0xbf}},
                  {5, {0x00, 0x00, 0x00, 0x00, 0x00}}};

    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (memcmp(mac, shared[i].bytes, shared[i].length) == 0)
            return true;
    return false;
}

static bool is_any(const struct diag_address *address)
{
    static const uint8_t zero[4];

    return memcmp(address->bytes, zero, sizeof zero) == 0;
}

static struct claim *get_claim(struct diag_claims *claims, const struct diag_address *address)
{
    struct claim probe = {.address = *address};
    struct claim *claim = diag_bounded_find(&claims->claims, &probe);

    if (claim) {
        diag_bounded_renew(&claims->claims, claim);
        return claim;
    }
    claim = g_new0(struct claim, 1);
    claim->address = *address;
    diag_bounded_add(&claims->claims, claim);
    return claim;
}

static void prove(struct claim *claim, const struct diag_arp *arp)
{
    if (claim->proof[0])
        return;
    claim->proof[0] = claim->frame[claim->newest];
    claim->proof[1] = arp->frame;
    memcpy(claim->proved[0], claim->mac[claim->newest], 6);
    memcpy(claim->proved[1], arp->sender_mac, 6);
}

/* Somebody else than the last time. */
static void change(struct claim *claim, const struct diag_arp *arp)
{
    unsigned other = !claim->newest;
    bool back = claim->macs == 2 && memcmp(claim->mac[other], arp->sender_mac, 6) == 0;
    bool at_once = diag_elapsed_ns(claim->last_ns, arp->time_ns) <= TOGETHER_NS;

    if (claim->reply && arp->reply && at_once && diag_same_address(&claim->to, &arp->target)) {
        claim->twice++;
        prove(claim, arp);
    }
    if (!back || !claim->changes ||
        diag_elapsed_ns(claim->quarrel_ns, arp->time_ns) > ONE_QUARREL_NS) {
        claim->changes = 0;
        claim->quarrel_ns = arp->time_ns;
    }
    if (++claim->changes >= MANY_CHANGES)
        prove(claim, arp);
    claim->most_changes = MAX(claim->most_changes, claim->changes);
    memcpy(claim->mac[other], arp->sender_mac, 6);
    claim->macs = 2;
    claim->newest = other;
}

void diag_claims_arp(struct diag_claims *claims, const struct diag_arp *arp)
{
    if (arp->sender.length != 4 || is_any(&arp->sender) || is_shared(arp->sender_mac))
        return;
    struct claim *claim = get_claim(claims, &arp->sender);

    if (!claim->macs) {
        memcpy(claim->mac[0], arp->sender_mac, 6);
        claim->macs = 1;
    } else if (memcmp(claim->mac[claim->newest], arp->sender_mac, 6) != 0) {
        change(claim, arp);
    }
    claim->frame[claim->newest] = arp->frame;
    claim->last_ns = arp->time_ns;
    claim->reply = arp->reply;
    claim->to = arp->target;
}

/* ---- facts */

static bool holds(const struct claim *claim, const uint8_t *mac)
{
    for (unsigned i = 0; i < claim->macs; i++)
        if (memcmp(claim->mac[i], mac, 6) == 0)
            return true;
    return false;
}

static bool is_proxy(const struct diag_claims *claims, const struct claim *quarrel,
                     const uint8_t *mac)
{
    unsigned others = 0;

    for (GList *at = claims->claims.order.head; at; at = at->next)
        others += at->data != quarrel && holds(at->data, mac);
    return others >= PROXY_ADDRESSES;
}

void diag_claims_conflicts(const struct diag_claims *claims,
                           void (*callback)(const struct diag_conflict *conflict, void *context),
                           void *context)
{
    unsigned told = 0;

    for (GList *at = claims->claims.order.head; at && told < CONFLICTS; at = at->next) {
        const struct claim *claim = at->data;

        if (!claim->proof[0])
            continue;
        struct diag_conflict conflict = {.address = claim->address,
                                         .frame = {claim->proof[0], claim->proof[1]},
                                         .changes = claim->most_changes,
                                         .twice = claim->twice,
                                         .proxy = is_proxy(claims, claim, claim->proved[0]) ||
                                                  is_proxy(claims, claim, claim->proved[1])};

        memcpy(conflict.mac, claim->proved, sizeof conflict.mac);
        callback(&conflict, context);
        told++;
    }
}
