/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nobody reaches this server: every attempt of every client fails, and all in one way. */
#include "correlate/correlate.h"

/* Connections: the stack of one repeats its SYN by itself, Windows even after a refusal. */
#define ENOUGH 3
/* A restart, or a link that comes back, takes no longer. */
#define ACCIDENT_NS (10 * DIAG_SECOND_NS)
/* Who misses so many servers has lost its own network, or asks peers of which most are gone. */
#define MANY_SERVERS 5
/* DNS over TLS is tried on the off chance, and hardly missed. */
#define DNS_OVER_TLS 853

/* What a machine's attempts have in common. */
struct common {
    enum diag_id kind; /* how all of them failed */
    uint32_t attempts;
    uint32_t clients;
    uint16_t port; /* 0: several */
    unsigned blame;
    const struct diag_connection *first;
    const struct diag_connection *last;
    bool differ; /* they have nothing in common */
};

static bool is_alive(const struct diag_entry *e)
{
    return e->conn->opening.established || e->conn->opening.synacks ||
           e->conn->half[DIAG_SERVER].bytes > 0;
}

/* A capture that shows nothing but first SYNs shows no failure: whoever got an answer that was not
 * captured does not repeat his SYN. */
static bool is_proved(const struct diag_entry *e, const struct diag_finding *failure)
{
    return failure->id != DIAG_syn_no_reply || e->conn->opening.syns > 1;
}

static void add(struct common *c, const struct diag_entry *e, const struct diag_finding *failure)
{
    if (!c->attempts) {
        *c = (struct common){.kind = failure->id, .port = e->server.port, .first = e->conn};
    }
    c->differ = c->differ || failure->id != c->kind || e->failing_servers >= MANY_SERVERS;
    c->port = c->port == e->server.port ? c->port : 0;
    c->attempts++;
    c->blame |= failure->blame;
    c->first = e->conn->index < c->first->index ? e->conn : c->first;
    if (!c->last || e->conn->last_ns > c->last->last_ns)
        c->last = e->conn;
}

static bool is_counted(const struct diag_entry *e)
{
    const struct diag_finding *failure = e->failed ? diag_connect_failure(e->sentence) : NULL;

    return failure && is_proved(e, failure) && e->server.port != DNS_OVER_TLS;
}

static struct common look_at(struct diag_span machine)
{
    struct common c = {0};

    for (size_t i = 0; i < machine.count && !c.differ; i++) {
        const struct diag_entry *e = &machine.entry[i];

        if (is_alive(e))
            c.differ = true;
        else if (is_counted(e))
            add(&c, e, diag_connect_failure(e->sentence));
    }
    c.clients = c.differ ? 0 : diag_span_clients(machine, is_counted);
    return c;
}

static enum diag_cause cause_of(enum diag_id kind)
{
    if (kind == DIAG_connect_refused)
        return DIAG_CAUSE_refused;
    return kind == DIAG_connect_icmp ? DIAG_CAUSE_icmp : DIAG_CAUSE_none;
}

void diag_correlate_machine(struct diag_engine *engine, struct diag_judgement *judgement,
                            struct diag_span machine)
{
    struct common c = look_at(machine);

    if (c.differ || c.attempts < ENOUGH)
        return;
    int64_t span = c.last->last_ns - c.first->first_ns;
    struct diag_host *host =
        diag_host_add(engine, judgement, DIAG_host_server_unreachable, c.first->first_frame,
                      (int64_t[DIAG_MAX_VALUES]){c.attempts, c.clients, span});
    struct diag_finding *f = diag_host_finding(host);

    host->server = (struct diag_endpoint){machine.entry[0].server.address, c.port};
    if (c.clients == 1)
        host->client = c.first->endpoint[DIAG_CLIENT].address;
    diag_host_name_service(engine, host);
    f->cause = cause_of(c.kind);
    f->blame = c.blame;
    /* All at once, and by one client, may be one accident. */
    if (c.clients == 1 && span < ACCIDENT_NS)
        diag_host_weigh(host, DIAG_WARN);
    for (size_t i = 0; i < machine.count; i++)
        if (is_counted(&machine.entry[i])) {
            diag_cite(f, DIAG_ROLE_failed_connection, machine.entry[i].conn->first_frame);
            diag_host_fold(host, machine.entry[i].sentence);
        }
}
