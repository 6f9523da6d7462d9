/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service that fails now and then, always in the same way, and nothing tells when. */
#include "correlate/correlate.h"

#define FEWEST 3

/* What a lossy path or a busy server does; what a client decides, or a certificate, is no chance.
 */
static bool may_be_chance(enum diag_id id)
{
    switch (id) {
    case DIAG_syn_no_reply:
    case DIAG_connect_icmp:
    case DIAG_accept_then_close:
    case DIAG_request_unacked:
    case DIAG_retx_give_up:
    case DIAG_server_silent:
    case DIAG_closed_without_response:
    case DIAG_tls_no_server_hello:
    case DIAG_tls_ch_not_acked:
    case DIAG_tls_ch_reset:
    case DIAG_tls_request_no_response:
        return true;
    default:
        return false;
    }
}

struct mixture {
    uint32_t failed;
    uint32_t good;
    const struct diag_entry *first; /* that failed */
    bool same;                      /* all failed in one way */
    bool between;                   /* one failed after a good one and before a good one */
};

static struct mixture mix(struct diag_span service)
{
    struct mixture m = {.same = true};
    bool pending = false; /* one failed after a good one */

    for (const struct diag_entry *e = service.entry; e < service.entry + service.count; e++) {
        if (diag_entry_worked(e)) {
            m.good++;
            m.between = m.between || pending;
        } else if (e->failure && !e->unwanted) {
            m.first = m.first ? m.first : e;
            m.same = m.same && e->failure->id == m.first->failure->id;
            m.failed++;
            pending = pending || m.good;
        }
    }
    return m;
}

static bool is_of_client(const struct diag_entry *e, const struct diag_entry *failed)
{
    return diag_entry_worked(e) && diag_same_client(e, failed);
}

/* Else this client may never get through. */
static const struct diag_entry *works_too(struct diag_span service, const struct diag_entry *failed)
{
    for (size_t i = 0; i < service.count; i++)
        if (is_of_client(&service.entry[i], failed))
            return service.entry + i;
    return NULL;
}

void diag_correlate_intermittent(struct diag_engine *engine, struct diag_judgement *judgement,
                                 struct diag_span service)
{
    struct mixture m = mix(service);
    const struct diag_entry *good = m.failed && m.between ? works_too(service, m.first) : NULL;

    if (!good || !m.same || m.failed + m.good < FEWEST || !may_be_chance(m.first->failure->id))
        return;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_intermittent, m.first->failure->frame,
                      (int64_t[DIAG_MAX_VALUES]){m.failed, m.failed + m.good});
    struct diag_finding *f = diag_host_finding(host);

    host->server = service.entry[0].server;
    diag_host_name_service(engine, host);
    diag_cite(f, DIAG_ROLE_good_connection, good->conn->first_frame);
    for (size_t i = 0; i < service.count; i++)
        if (service.entry[i].failure && !service.entry[i].unwanted) {
            diag_cite(f, DIAG_ROLE_failed_connection, service.entry[i].conn->first_frame);
            diag_host_mention(host, service.entry[i].sentence);
        }
}
