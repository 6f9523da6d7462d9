/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A listener whose queue is full drops SYNs while it serves those who are in: attempts that wait
 * beside others that work, more often than packets are lost.
 */
#include "correlate/correlate.h"

/* The first retry of every stack comes after a second; an early one is a fast radio. */
#define WAITED_NS (950 * DIAG_MS_NS)
#define NEAR_NS   (10 * DIAG_SECOND_NS)
/* SYNs are lost so many times as often as data: the path does not tell them apart. */
#define MORE_OFTEN 5
/* A service with many visitors: the first ones tell. */
#define MOST 4096

static bool has_finding(const struct diag_entry *e, enum diag_id id)
{
    for (size_t i = 0; i < e->sentence->count; i++)
        if (e->sentence->findings[i].finding->id == id && !e->sentence->findings[i].finding->benign)
            return true;
    return false;
}

/* Its SYN was dropped, or the last ACK of its handshake. */
static bool had_to_wait(const struct diag_entry *e)
{
    const struct diag_opening *o = &e->conn->opening;

    if (e->unwanted || has_finding(e, DIAG_syn_ecn_blocked) || o->refusals || o->icmp_frame)
        return false;
    if (has_finding(e, DIAG_synack_retx_after_data))
        return true;
    return o->syns > 1 && o->last_ns - o->all_first_ns >= WAITED_NS && !diag_lost_race(e->conn) &&
           (o->established || e->failed);
}

static bool is_let_in(const struct diag_entry *e)
{
    return e->conn->opening.established && e->conn->half[DIAG_SERVER].bytes > 0;
}

/* Attempts that wait, each soon after the one before. */
static struct diag_span crowd(struct diag_span service)
{
    size_t first = service.count;
    size_t last = 0;
    uint32_t waiting = 0;

    for (size_t i = 0; i < service.count; i++) {
        if (!had_to_wait(&service.entry[i]))
            continue;
        bool near = waiting &&
                    service.entry[i].conn->first_ns - service.entry[last].conn->first_ns <= NEAR_NS;

        if (!near && waiting > 1)
            break;
        first = near ? first : i;
        waiting = near ? waiting + 1 : 1;
        last = i;
    }
    return waiting > 1 ? (struct diag_span){service.entry + first, last - first + 1}
                       : (struct diag_span){service.entry, 0};
}

/* What the same server did for others at that time. */
struct meanwhile {
    uint32_t begun;
    uint32_t waiting;
    uint32_t let_in; /* at once, after the first had begun to wait, or in the end */
    uint64_t data;
    uint64_t again;
    int64_t longest_ns;
    const struct diag_connection *good;
};

static bool overlaps(const struct diag_entry *e, int64_t from_ns, int64_t to_ns)
{
    return e->conn->last_ns >= from_ns && e->conn->first_ns <= to_ns;
}

static void note(struct meanwhile *m, const struct diag_entry *e, bool waits)
{
    const struct diag_half *half = e->conn->half;

    m->begun++;
    m->waiting += waits;
    m->data += half[DIAG_CLIENT].data_segments + half[DIAG_SERVER].data_segments;
    if (waits) {
        m->longest_ns =
            diag_max_ns(m->longest_ns, e->conn->opening.last_ns - e->conn->opening.all_first_ns);
        m->let_in += e->conn->opening.established;
        return;
    }
    m->again += half[DIAG_CLIENT].again + half[DIAG_SERVER].again;
    if (is_let_in(e) && !m->good)
        m->good = e->conn;
}

static struct meanwhile look_around(struct diag_span service, struct diag_span crowd)
{
    int64_t from = crowd.entry[0].conn->first_ns;
    int64_t to = crowd.entry[crowd.count - 1].conn->opening.last_ns;
    struct meanwhile m = {0};

    for (size_t i = 0; i < service.count; i++) {
        const struct diag_entry *e = &service.entry[i];
        bool waits = had_to_wait(e);

        if (!overlaps(e, from - NEAR_NS, to + NEAR_NS))
            continue;
        note(&m, e, waits);
        m.let_in += !waits && is_let_in(e) && e->conn->first_ns > from && e->conn->first_ns <= to;
    }
    return m;
}

static bool is_beyond_chance(const struct meanwhile *m)
{
    return m->waiting * (m->data + 1) > MORE_OFTEN * (m->again + 1) * m->begun;
}

/* Every one that waits is of a client that is let in at other times: nobody keeps it out. */
static bool may_come_in(struct diag_span service, struct diag_span crowd)
{
    for (size_t i = 0; i < crowd.count; i++) {
        bool in = !had_to_wait(&crowd.entry[i]);

        for (size_t k = 0; k < service.count && !in; k++)
            in = is_let_in(&service.entry[k]) &&
                 diag_same_client(&service.entry[k], &crowd.entry[i]);
        if (!in)
            return false;
    }
    return true;
}

bool diag_correlate_backlog(struct diag_engine *engine, struct diag_judgement *judgement,
                            struct diag_span service)
{
    service.count = MIN(service.count, MOST);
    struct diag_span waiting = crowd(service);
    struct meanwhile m = waiting.count ? look_around(service, waiting) : (struct meanwhile){0};

    if (!m.good || !m.let_in || !is_beyond_chance(&m) || !may_come_in(service, waiting))
        return false;
    struct diag_host *host = diag_host_add(
        engine, judgement, DIAG_host_listen_overflow, waiting.entry[0].conn->first_frame,
        (int64_t[DIAG_MAX_VALUES]){m.waiting, m.begun, m.longest_ns});
    struct diag_finding *f = diag_host_finding(host);

    host->server = service.entry[0].server;
    diag_host_name_service(engine, host);
    diag_cite(f, DIAG_ROLE_good_connection, m.good->first_frame);
    for (size_t i = 0; i < waiting.count; i++)
        if (had_to_wait(&waiting.entry[i])) {
            diag_cite(f, DIAG_ROLE_syn, waiting.entry[i].conn->first_frame);
            diag_host_fold(host, waiting.entry[i].sentence);
        }
    return true;
}
