/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client, or the translator in front of it, that runs out of source ports to one server: it has
 * to take those again that were used a moment ago.
 */
#include "correlate/correlate.h"

#include <stdio.h>

/* A client's own TIME-WAIT keeps a port for 60 s (Linux) to 240 s (older Windows). */
#define SOON_NS      (60 * DIAG_SECOND_NS)
#define TIME_WAIT_NS (240 * DIAG_SECOND_NS)
/* Ports, not times: who binds himself to one port uses it again and again by choice. */
#define MANY_PORTS  10
#define ALL_PERCENT 80
#define PORTS       65536
/* Fewer connections fill no range. */
#define FILLS_RANGE 3000

/* What systems assign from. */
static const struct {
    uint32_t first;
    uint32_t last;
} range[] = {{1025, 5000} /* Windows to 2003 */, {32768, 60999} /* Linux */, {49152, 65535}};

#define RANGES (sizeof range / sizeof range[0])

struct used {
    uint32_t *times; /* by port, within the last TIME_WAIT_NS */
    uint32_t ports[RANGES];
    uint32_t percent; /* of a range, the most at any time */
    uint8_t *again;   /* by port: taken again soon */
    uint32_t again_ports;
    int64_t soonest_ns;
    const struct diag_connection *first; /* that took a port again */
    bool harm;                           /* and was not let in */
};

static uint16_t port_of(const struct diag_entry *e)
{
    return e->conn->endpoint[DIAG_CLIENT].port;
}

static void count_port(struct used *used, uint16_t port, bool add)
{
    bool changes = add ? used->times[port]++ == 0 : --used->times[port] == 0;

    for (size_t i = 0; i < RANGES && changes; i++) {
        if (port < range[i].first || port > range[i].last)
            continue;
        used->ports[i] = add ? used->ports[i] + 1 : used->ports[i] - 1;
        used->percent =
            MAX(used->percent, used->ports[i] * 100 / (range[i].last - range[i].first + 1));
    }
}

static void fill_window(struct used *used, struct diag_span port)
{
    size_t oldest = 0;

    for (size_t i = 0; i < port.count; i++) {
        while (port.entry[i].conn->first_ns - port.entry[oldest].conn->first_ns > TIME_WAIT_NS)
            count_port(used, port_of(&port.entry[oldest++]), false);
        count_port(used, port_of(&port.entry[i]), true);
    }
}

static void take_again(struct used *used, const struct diag_entry *e)
{
    const struct diag_connection *old = e->conn->previous;
    int64_t apart = old ? e->conn->first_ns - old->last_ns : SOON_NS;

    if (apart < 0 || apart >= SOON_NS || !old->opening.established || !e->conn->opening.syns)
        return;
    used->again_ports += !used->again[port_of(e)];
    used->again[port_of(e)] = 1;
    used->soonest_ns = used->first ? diag_min_ns(used->soonest_ns, apart) : apart;
    used->first = used->first ? used->first : e->conn;
    used->harm = used->harm || e->failed;
}

static void report(struct diag_engine *engine, struct diag_judgement *judgement,
                   struct diag_span port, const struct used *used)
{
    bool full = used->percent >= ALL_PERCENT;
    const struct diag_connection *at = used->first ? used->first : port.entry[0].conn;
    struct diag_out out = {.engine = engine};
    struct diag_host *host = diag_host_add(
        engine, judgement, DIAG_host_port_exhaustion, at->first_frame,
        (int64_t[DIAG_MAX_VALUES]){used->again_ports, used->soonest_ns, used->percent});
    char client[64];
    char server[80];
    char text[160];

    host->client = port.entry[0].client;
    host->server = port.entry[0].server;
    diag_render_address(&host->client, client, sizeof client);
    diag_render_endpoint(&host->server, server, sizeof server);
    snprintf(text, sizeof text, "%s to %s", client, server);
    diag_name_it(&out, diag_host_finding(host), text);
    if (full)
        diag_host_finding(host)->cause = DIAG_CAUSE_all;
    if (!full && !used->harm)
        diag_host_weigh(host, DIAG_NOTE);
    if (at->previous)
        diag_cite(diag_host_finding(host), DIAG_ROLE_old_connection, at->previous->last_frame);
    diag_cite(diag_host_finding(host), DIAG_ROLE_syn, at->first_frame);
    for (size_t i = 0; i < port.count; i++)
        if (port.entry[i].failed)
            diag_host_mention(host, port.entry[i].sentence);
}

static void look_at(struct diag_engine *engine, struct diag_judgement *judgement,
                    struct diag_span port)
{
    struct used used = {.again = g_new0(uint8_t, PORTS)};

    if (port.count >= FILLS_RANGE) {
        used.times = g_new0(uint32_t, PORTS);
        fill_window(&used, port);
    }
    for (size_t i = 0; i < port.count; i++)
        take_again(&used, &port.entry[i]);
    if (used.again_ports >= MANY_PORTS || used.percent >= ALL_PERCENT)
        report(engine, judgement, port, &used);
    g_free(used.times);
    g_free(used.again);
}

void diag_correlate_ports(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all)
{
    struct diag_span port;

    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, port)) {
        port = diag_span_run(rest, diag_same_port);
        if (port.count >= (size_t)2 * MANY_PORTS && !port.entry[0].unwanted)
            look_at(engine, judgement, port);
    }
}
