/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody is awaited. One discriminator for every silence: the awaited peer's next sequence number
 * (a pure ACK is enough). As expected: it sent nothing. Higher by N: N bytes were lost on the way.
 * Never heard again: unknown.
 */
#include "tcp/spent.h"
#include "rules/silence.h"

/* The ACK of the request itself proves nothing about an answer; one so much later does. */
#define LATER_NS DIAG_SECOND_NS

/* ---- what the next segment of the awaited side tells */

static uint32_t bytes_missing(const struct diag_half *x, uint32_t expected)
{
    for (uint32_t i = 0; i < x->hole_count; i++)
        if (diag_seq_le(x->hole[i].seq, expected) && diag_seq_lt(expected, x->hole[i].end))
            return x->hole[i].end - expected;
    return 0;
}

/* Only a rejection is small: what is larger than the smallest segment that every path carries, and
 * lost with all its copies, may be lost for its size. */
static bool is_large_answer(const struct diag_wait *wait, uint32_t missing)
{
    return wait->id == DIAG_tls_no_server_hello && missing > 536;
}

static enum diag_cause cause_of(const struct diag_connection *conn, const struct diag_wait *wait,
                                uint32_t *missing)
{
    const struct diag_half *x = &conn->half[wait->who];

    *missing = bytes_missing(x, wait->expected);
    if (*missing)
        return is_large_answer(wait, *missing) ||
                       diag_only_small_ones_pass(conn, wait->who, *missing)
                   ? DIAG_CAUSE_pmtu
                   : DIAG_CAUSE_bytes_lost;
    return x->last_ns - wait->since_ns >= LATER_NS ? DIAG_CAUSE_server_silent : DIAG_CAUSE_unknown;
}

static void refine(struct diag_finding *f, const struct diag_wait *wait, enum diag_cause cause)
{
    f->cause = cause;
    /* Bytes that were lost may also have been sent only at the end, with the close. */
    f->confidence = cause == DIAG_CAUSE_server_silent ||
                            (cause == DIAG_CAUSE_pmtu && wait->id != DIAG_tls_no_server_hello)
                        ? DIAG_HIGH
                        : DIAG_MEDIUM;
    if (cause == DIAG_CAUSE_server_silent)
        f->blame = DIAG_BLAME_SERVER;
    if (cause == DIAG_CAUSE_bytes_lost || cause == DIAG_CAUSE_pmtu) {
        f->blame = DIAG_BLAME_PATH;
        f->layer = DIAG_LAYER_NETWORK;
    }
}

/* ---- who is awaited */

static bool awaits_answer(const struct diag_connection *conn, int64_t now_ns,
                          struct diag_wait *wait)
{
    const struct diag_request *r = &conn->request;

    if (!r->open || !r->acked_frame || diag_in_tls_handshake(conn) ||
        !diag_answer_due(conn, now_ns - r->last_ns))
        return false;
    *wait =
        (struct diag_wait){.id = r->tls && diag_tls_established(conn) ? DIAG_tls_request_no_response
                                                                      : DIAG_server_silent,
                           .who = DIAG_SERVER,
                           .since_ns = r->acked_ns,
                           .frame = r->frame,
                           .role = DIAG_ROLE_request,
                           .expected = conn->half[DIAG_CLIENT].ack,
                           .ack_frame = r->acked_frame};
    return true;
}

static bool is_plain(const struct diag_wait *wait)
{
    return wait->id == DIAG_server_silent || wait->id == DIAG_tls_request_no_response;
}

static int64_t patience(const struct diag_connection *conn, const struct diag_wait *wait)
{
    const struct diag_settings *s = &conn->engine->settings;

    if (wait->id == DIAG_tls_server_flight_gap)
        return diag_ms(s->slow);
    return diag_ms(is_plain(wait) ? s->server_silence : s->tls_silence);
}

/* Who waits closed, and had waited long enough for that to mean something. */
static int64_t patience_at_close(const struct diag_connection *conn)
{
    return diag_max_ns(diag_ms(conn->engine->settings.gave_up), 5 * diag_rtt(conn));
}

/* The message, its ACK, and the end of the wait; a verdict keeps what the event cited. */
static void cite_wait(const struct diag_connection *conn, const struct diag_wait *wait,
                      struct diag_finding *f)
{
    const struct diag_half *waiting = &conn->half[diag_peer(wait->who)];
    const struct diag_finding *said = diag_raised_finding(conn, wait->id);

    if (said && said != f) {
        diag_cite_again(f, said);
        return;
    }
    diag_cite(f, wait->role, wait->frame);
    diag_cite(f, DIAG_ROLE_ack, wait->ack_frame);
    diag_cite(f,
              waiting->fin         ? DIAG_ROLE_fin
              : waiting->rst_frame ? DIAG_ROLE_rst
                                   : DIAG_ROLE_last,
              conn->close_frame);
}

static struct diag_finding *report_server(const struct diag_connection *conn, struct diag_out *out,
                                          const struct diag_wait *wait, uint32_t frame,
                                          int64_t waited)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    uint32_t missing;
    enum diag_cause cause = cause_of(conn, wait, &missing);
    struct diag_finding *f = is_plain(wait) ? diag_raise(out, wait->id, DIAG_SERVER, frame, waited,
                                                         conn->request.bytes, wait->frame, missing)
                                            : diag_raise(out, wait->id, DIAG_SERVER, frame, waited,
                                                         missing, wait->frame);

    if (!f)
        return NULL;
    refine(f, wait, cause);
    if (tls)
        diag_name_it(out, f, diag_tls_asked_name(tls->client_hello));
    diag_name_it(out, f, wait->text);
    return f;
}

/* Captured beside the client, or the client's later segments count no byte more: it sent nothing.
 * Elsewhere what it sent may have been lost before it came here. */
static bool surely_silent(const struct diag_half *client, const struct diag_wait *wait)
{
    return client->ttl == 64 || client->ttl == 128 || client->ttl == 255 ||
           client->last_ns - wait->since_ns >= LATER_NS;
}

/* What a client does while it is awaited is its own affair, but it may be seen asking others. */
static struct diag_finding *report_client(const struct diag_connection *conn, struct diag_out *out,
                                          const struct diag_wait *wait, uint32_t frame,
                                          int64_t waited)
{
    struct diag_lookups lookups = diag_lookups_meanwhile(conn, wait->since_ns);
    struct diag_finding *f =
        diag_raise(out, wait->id, DIAG_CLIENT, frame, waited, lookups.count, wait->frame);

    if (!f)
        return NULL;
    f->cause = lookups.cause;
    if (!surely_silent(&conn->half[DIAG_CLIENT], wait))
        f->blame |= DIAG_BLAME_PATH;
    diag_name_it(out, f, lookups.name);
    if (!lookups.cause && diag_tls_of(conn)->certificate_requested) {
        f->cause = DIAG_CAUSE_prompt;
        f->severity = DIAG_NOTE;
        f->confidence = DIAG_LOW;
    }
    diag_cite(f, DIAG_ROLE_query, lookups.frame);
    return f;
}

static struct diag_finding *report(const struct diag_connection *conn, struct diag_out *out,
                                   const struct diag_wait *wait, uint32_t frame, int64_t now_ns)
{
    const struct diag_half *x = &conn->half[wait->who];
    int64_t waited = now_ns - wait->since_ns;
    bool client = wait->who == DIAG_CLIENT;
    struct diag_finding *f = client ? report_client(conn, out, wait, frame, waited)
                                    : report_server(conn, out, wait, frame, waited);

    if (!f)
        return NULL;
    cite_wait(conn, wait, f);
    if (!client && f->cause != DIAG_CAUSE_unknown)
        diag_cite(f, x->fin ? DIAG_ROLE_fin : DIAG_ROLE_last,
                  x->fin ? x->fin_frame : x->last_frame);
    return f;
}

/* ---- while reading: at the first segment after too long a wait, or when who waits closes */

static void still_waiting(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t now = step->seg->time_ns;
    struct diag_wait wait;

    if (!conn->tls || !diag_awaits_tls(conn, &wait) ||
        (step->from == wait.who && step->fresh && step->seg->payload))
        return;
    bool closing =
        step->from != wait.who && (step->fin || step->rst) && conn->close_frame == step->seg->frame;
    int64_t limit = closing && wait.id != DIAG_tls_server_flight_gap ? patience_at_close(conn)
                                                                     : patience(conn, &wait);

    if (now - wait.since_ns >= limit && !diag_raised(conn, wait.id))
        report(conn, step->out, &wait, step->seg->frame, now);
}

/* ---- at the end: was it ever answered, and what did the awaited side's next number say? */

static bool said_already(const struct diag_connection *conn, const struct diag_wait *wait,
                         int64_t end_ns)
{
    const struct diag_finding *said = diag_raised_finding(conn, wait->id);
    uint32_t missing;

    return said && said->value[0] == end_ns - wait->since_ns &&
           (wait->who == DIAG_CLIENT || said->cause == cause_of(conn, wait, &missing));
}

static void never_answered(const struct diag_connection *conn, struct diag_out *out)
{
    int64_t end = diag_wait_end(conn);
    struct diag_wait wait;

    if (diag_one_way(conn) || (!diag_awaits_tls(conn, &wait) && !awaits_answer(conn, end, &wait)) ||
        conn->closer == wait.who)
        return;
    bool closed = conn->closer != DIAG_NO_SIDE;
    int64_t limit = closed ? patience_at_close(conn) : patience(conn, &wait);

    if (end - wait.since_ns < limit || said_already(conn, &wait, end))
        return;
    report(conn, out, &wait, closed ? conn->close_frame : wait.frame, end);
}

/* ---- an answer that came late */

/* Acknowledged late, the wait was (also) the network's; where no answer is due, this is a push. */
static bool was_owed(const struct diag_connection *conn, int64_t now_ns)
{
    const struct diag_request *r = &conn->request;
    int64_t waited = now_ns - r->last_ns;

    return r->acked_frame && r->acked_ns - r->last_ns < waited / 2 &&
           diag_answer_expected(conn, waited);
}

/* What this segment of the server answers: the request, or its own flight of TLS that it goes on
 * with. */
static bool ends_wait(const struct diag_step *step, struct diag_wait *wait)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;

    if (r->open) {
        bool hello = diag_is_tls_hello(step->seg, DIAG_TLS_SERVER_HELLO) && diag_tls_of(conn);

        *wait = (struct diag_wait){.id = hello ? DIAG_tls_slow_server_hello : DIAG_slow_response,
                                   .since_ns = r->last_ns,
                                   .frame = r->frame,
                                   .role = hello ? DIAG_ROLE_client_hello : DIAG_ROLE_request};
        return was_owed(conn, step->seg->time_ns);
    }
    if (!conn->tls || !diag_awaits_tls(conn, wait) || wait->id != DIAG_tls_stall_after_server_hello)
        return false;
    wait->id = DIAG_slow_response;
    return true;
}

/* The server had begun, and was not heard again at that number: a loss looks the same from here. */
static void may_be_loss(struct diag_finding *f)
{
    f->cause = DIAG_CAUSE_mid_flight;
    f->blame |= DIAG_BLAME_PATH;
}

static void answered_late(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_settings *s = &conn->engine->settings;
    int64_t network = diag_rtt(conn);
    struct diag_wait wait;

    if (step->from != DIAG_SERVER || !step->seg->payload || !step->fresh || step->gap ||
        diag_is_tls_housekeeping(step) || !ends_wait(step, &wait))
        return;
    int64_t waited = step->seg->time_ns - wait.since_ns;

    if (waited - network < diag_ms(s->slow))
        return;
    diag_add_ns(&step->conn->slow_ns, waited);
    step->conn->request.slow_ns = waited;
    if (diag_raised(conn, wait.id))
        return;
    struct diag_finding *f = diag_raise(step->out, wait.id, DIAG_SERVER, step->seg->frame,
                                        waited - network, network, wait.frame);

    if (f && waited >= diag_ms(s->slow_warn) &&
        (!conn->request.tls || wait.id == DIAG_tls_slow_server_hello))
        f->severity = DIAG_WARN;
    if (f && !conn->request.open && step->x->last_ns - wait.since_ns < LATER_NS)
        may_be_loss(f);
    diag_cite(f, wait.role, wait.frame);
    if (conn->request.open)
        diag_cite(f, DIAG_ROLE_ack, conn->request.acked_frame);
    diag_cite(f, DIAG_ROLE_response, step->seg->frame);
}

/* The client goes on with the handshake after all. */
static void client_went_on(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    struct diag_wait wait;

    if (!conn->tls || step->from != DIAG_CLIENT || !step->seg->payload || !step->fresh ||
        conn->closer != DIAG_NO_SIDE || !diag_awaits_tls(conn, &wait) || wait.who != DIAG_CLIENT ||
        step->seg->time_ns - wait.since_ns < patience(conn, &wait))
        return;
    diag_add_ns(&step->conn->slow_ns, step->seg->time_ns - wait.since_ns);
    diag_cite(report(conn, step->out, &wait, step->seg->frame, step->seg->time_ns),
              DIAG_ROLE_response, step->seg->frame);
}

/* Bytes of the server's flight that were lost arrive: the handshake stood still until now. */
static void gap_closed_late(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_hole *hole = conn->tls ? diag_flight_gap(conn, DIAG_SERVER) : NULL;
    struct diag_wait wait;

    if (!hole || step->from != DIAG_SERVER || !step->fills || hole->seq != step->seg->seq ||
        !diag_awaits_tls(conn, &wait) || wait.who != DIAG_SERVER)
        return;
    int64_t waited = step->seg->time_ns - hole->time_ns;

    if (waited < diag_ms(conn->engine->settings.slow))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_server_flight_gap, DIAG_SERVER, step->seg->frame, waited,
                   hole->end - hole->seq, hole->frame);

    diag_cite_late(f, hole, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    answered_late(step);
    client_went_on(step);
    gap_closed_late(step);
}

/* It was said when the wait was over. */
static bool tells_the_end(const struct diag_finding *event)
{
    for (size_t i = 0; i < event->evidence_count; i++)
        if (event->evidence[i].role == DIAG_ROLE_response)
            return true;
    return false;
}

/* The awaited message came after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    enum diag_side who = event->side;

    if (event->id == DIAG_slow_response && event->cause == DIAG_CAUSE_none)
        return diag_was_held(conn, event->value[0]);
    /* After the close it came too late. */
    if (event->verdict || tells_the_end(event) ||
        (conn->closer != DIAG_NO_SIDE && conn->close_frame <= event->frame))
        return false;
    switch (event->id) {
    case DIAG_tls_no_server_hello:
    case DIAG_tls_stall_after_server_hello:
    case DIAG_tls_stall_client_after_cert:
    case DIAG_tls_stall_server_finished:
        return conn->half[who].data_frame > event->frame;
    case DIAG_tls_server_flight_gap:
        return event->cause != DIAG_CAUSE_late && !diag_flight_gap(conn, who);
    default:
        return false;
    }
}

const struct diag_rule diag_rule_silence = {.name = "silence",
                                            .sees = DIAG_SEES_ASKED | DIAG_SEES_HANDSHAKE,
                                            .sees_applied = DIAG_SEES_HANDSHAKE,
                                            .on_segment = on_segment,
                                            .on_applied = still_waiting,
                                            .on_end = never_answered,
                                            .overtaken = overtaken};
