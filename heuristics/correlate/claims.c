/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two machines under one address: what was sent to one of them may have reached the other. */
#include "bounded.h"
#include "names/claims.h"
#include "correlate/correlate.h"

#include <stdio.h>

struct context {
    struct diag_engine *engine;
    struct diag_judgement *judgement;
};

static void name_both(struct diag_engine *engine, struct diag_host *host,
                      const struct diag_conflict *conflict)
{
    struct diag_out out = {.engine = engine};
    const uint8_t *a = conflict->mac[0];
    const uint8_t *b = conflict->mac[1];
    char address[64];
    char text[160];

    diag_render_address(&conflict->address, address, sizeof address);
    snprintf(text, sizeof text,
             "%s (%02x:%02x:%02x:%02x:%02x:%02x and %02x:%02x:%02x:%02x:%02x:%02x)", address, a[0],
             a[1], a[2], a[3], a[4], a[5], b[0], b[1], b[2], b[3], b[4], b[5]);
    diag_name_it(&out, diag_host_finding(host), text);
}

static void fold_connections(struct context *c, struct diag_host *host)
{
    for (guint i = 0; i < c->judgement->sentences->len; i++) {
        struct diag_sentence *s = g_ptr_array_index(c->judgement->sentences, i);

        if (s->outcome == DIAG_FAILED &&
            (diag_same_address(&s->conn->endpoint[DIAG_SERVER].address, &host->server.address) ||
             diag_same_address(&s->conn->endpoint[DIAG_CLIENT].address, &host->server.address)))
            diag_host_fold(host, s);
    }
}

static void quarrel(const struct diag_conflict *conflict, void *context)
{
    struct context *c = context;
    struct diag_host *host =
        diag_host_add(c->engine, c->judgement, DIAG_host_duplicate_ip, conflict->frame[1],
                      (int64_t[DIAG_MAX_VALUES]){conflict->twice, conflict->changes});
    struct diag_finding *f = diag_host_finding(host);

    host->server.address = conflict->address;
    name_both(c->engine, host, conflict);
    diag_cite(f, DIAG_ROLE_arp, conflict->frame[0]);
    diag_cite(f, DIAG_ROLE_arp, conflict->frame[1]);
    if (conflict->proxy) {
        f->cause = DIAG_CAUSE_proxy_arp;
        f->confidence = DIAG_LOW;
        diag_host_weigh(host, DIAG_NOTE);
        return;
    }
    fold_connections(c, host);
}

void diag_correlate_claims(struct diag_engine *engine, struct diag_judgement *judgement)
{
    struct context context = {engine, judgement};

    diag_claims_conflicts(engine->claims, quarrel, &context);
}
