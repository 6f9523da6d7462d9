/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody is awaited. One discriminator for every silence: the awaited peer's next sequence number
 * (a pure ACK is enough). As expected: it sent nothing. Higher by N: N bytes were lost on the way.
 * Never heard again: unknown.
 */
#include "../core.h"

/* An ACK of the request itself proves nothing about an answer that was not computed yet; one that
 * comes this much later does. */
#define LATER_NS DIAG_SECOND_NS

struct wait {
    enum diag_id id;
    int64_t since_ns;
    uint32_t frame;    /* the message that is not answered */
    uint32_t expected; /* the server's next sequence number when the wait began */
    enum diag_role role;
};

/* ---- what the server's next segment tells */

static uint32_t bytes_missing(const struct diag_half *server, uint32_t expected)
{
    for (uint32_t i = 0; i < server->hole_count; i++)
        if (diag_seq_le(server->hole[i].seq, expected) &&
            diag_seq_lt(expected, server->hole[i].end))
            return server->hole[i].end - expected;
    return 0;
}

/* A full-size segment is missing and a smaller one behind it arrived (RFC 2923 2.1). */
static bool only_small_ones_pass(const struct diag_connection *conn, uint32_t missing)
{
    const struct diag_half *s = &conn->half[DIAG_SERVER];
    uint32_t mss = conn->half[DIAG_CLIENT].mss ? conn->half[DIAG_CLIENT].mss : 536;
    bool data_behind = s->hole_count && s->hole[0].frame != s->fin_frame;

    return data_behind && missing + 60 >= mss;
}

static enum diag_cause cause_of(const struct diag_connection *conn, const struct wait *wait,
                                uint32_t *missing)
{
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    *missing = bytes_missing(s, wait->expected);
    if (*missing)
        return only_small_ones_pass(conn, *missing) ? DIAG_CAUSE_pmtu : DIAG_CAUSE_bytes_lost;
    return s->last_ns - wait->since_ns >= LATER_NS ? DIAG_CAUSE_server_silent : DIAG_CAUSE_unknown;
}

static void refine(struct diag_finding *f, enum diag_cause cause)
{
    f->cause = cause;
    /* Bytes that were lost may also have been sent only at the end, with the close. */
    f->confidence =
        cause == DIAG_CAUSE_server_silent || cause == DIAG_CAUSE_pmtu ? DIAG_HIGH : DIAG_MEDIUM;
    if (cause == DIAG_CAUSE_server_silent)
        f->blame = DIAG_BLAME_SERVER;
    if (cause == DIAG_CAUSE_bytes_lost || cause == DIAG_CAUSE_pmtu) {
        f->blame = DIAG_BLAME_PATH;
        f->layer = DIAG_LAYER_NETWORK;
    }
}

/* ---- who is awaited */

static bool awaits_tls(const struct diag_connection *conn, struct wait *wait)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    enum diag_side who = DIAG_NO_SIDE;
    enum diag_tls_expect expect =
        tls ? diag_tls_waiting_for(conn->tls, &who) : DIAG_TLS_EXPECT_nothing;

    if (who != DIAG_SERVER)
        return false;
    if (expect == DIAG_TLS_EXPECT_server_hello) {
        *wait = (struct wait){DIAG_tls_no_server_hello, conn->request.last_ns,
                              tls->last_client_hello.frame, conn->half[DIAG_SERVER].isn + 1,
                              DIAG_ROLE_client_hello};
        wait->expected = conn->half[DIAG_CLIENT].ack;
        return conn->request.open && conn->request.acked_frame;
    }
    if (!tls->server_hello_at.frame || expect == DIAG_TLS_EXPECT_server_finished)
        return false;
    int64_t since = conn->half[DIAG_SERVER].data_frame ? conn->half[DIAG_SERVER].data_ns
                                                       : tls->server_hello_at.time_ns;

    *wait = (struct wait){DIAG_tls_stall_after_server_hello, since, tls->server_hello_at.frame,
                          conn->half[DIAG_CLIENT].ack, DIAG_ROLE_server_hello};
    return conn->half[DIAG_CLIENT].ack_valid;
}

static bool awaits_answer(const struct diag_connection *conn, int64_t now_ns, struct wait *wait)
{
    const struct diag_request *r = &conn->request;

    if (!r->open || !r->acked_frame || diag_in_tls_handshake(conn) ||
        !diag_answer_due(conn, now_ns - r->last_ns))
        return false;
    *wait = (struct wait){DIAG_server_silent, r->acked_ns, r->frame, conn->half[DIAG_CLIENT].ack,
                          DIAG_ROLE_request};
    return true;
}

static int64_t patience(const struct diag_connection *conn, enum diag_id id)
{
    const struct diag_settings *s = &conn->engine->settings;

    return diag_ms(id == DIAG_server_silent ? s->server_silence : s->tls_silence);
}

/* The client closed, and had waited long enough for that to mean something. */
static int64_t patience_at_close(const struct diag_connection *conn)
{
    return diag_max_ns(diag_ms(conn->engine->settings.gave_up), 5 * diag_rtt(conn));
}

/* The message, its ACK, and the end of the wait; a verdict keeps what the event cited. */
static void cite_wait(const struct diag_connection *conn, const struct wait *wait,
                      struct diag_finding *f)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_finding *said = diag_raised_finding(conn, wait->id);

    if (said && said != f) {
        diag_cite_again(f, said);
        return;
    }
    diag_cite(f, wait->role, wait->frame);
    diag_cite(f, DIAG_ROLE_ack,
              wait->id == DIAG_tls_stall_after_server_hello ? c->ack_frame
                                                            : conn->request.acked_frame);
    diag_cite(f,
              c->fin         ? DIAG_ROLE_fin
              : c->rst_frame ? DIAG_ROLE_rst
                             : DIAG_ROLE_last,
              conn->close_frame);
}

static void report(const struct diag_connection *conn, struct diag_out *out,
                   const struct wait *wait, uint32_t frame, int64_t now_ns)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    const struct diag_half *s = &conn->half[DIAG_SERVER];
    uint32_t missing;
    enum diag_cause cause = cause_of(conn, wait, &missing);
    int64_t waited = now_ns - wait->since_ns;
    struct diag_finding *f =
        wait->id == DIAG_server_silent
            ? diag_raise(out, wait->id, DIAG_SERVER, frame, waited, conn->request.bytes,
                         wait->frame, missing)
            : diag_raise(out, wait->id, DIAG_SERVER, frame, waited, missing, wait->frame);

    if (!f)
        return;
    refine(f, cause);
    if (tls && tls->client_hello->has_server_name)
        diag_name_it(out, f, tls->client_hello->server_name);
    cite_wait(conn, wait, f);
    if (cause != DIAG_CAUSE_unknown)
        diag_cite(f, s->fin ? DIAG_ROLE_fin : DIAG_ROLE_last,
                  s->fin ? s->fin_frame : s->last_frame);
}

/* ---- while reading: at the first segment after too long a wait, or at the client's close */

static void still_waiting(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t now = step->seg->time_ns;
    bool closing = step->from == DIAG_CLIENT && (step->fin || step->rst) &&
                   conn->close_frame == step->seg->frame;
    struct wait wait;

    if (!conn->tls || (step->from == DIAG_SERVER && step->fresh && step->seg->payload))
        return;
    if (!awaits_tls(conn, &wait))
        return;
    int64_t limit = closing ? patience_at_close(conn) : patience(conn, wait.id);

    if (now - wait.since_ns < limit || diag_raised(conn, wait.id))
        return;
    report(conn, step->out, &wait, step->seg->frame, now);
}

/* ---- at the end: was it ever answered, and what did the server's next number say? */

static bool said_already(const struct diag_connection *conn, const struct wait *wait,
                         int64_t end_ns)
{
    const struct diag_finding *said = diag_raised_finding(conn, wait->id);
    uint32_t missing;

    return said && said->value[0] == end_ns - wait->since_ns &&
           said->cause == cause_of(conn, wait, &missing);
}

static void never_answered(const struct diag_connection *conn, struct diag_out *out)
{
    int64_t end = diag_wait_end(conn);
    struct wait wait;

    if (conn->closer == DIAG_SERVER || diag_one_way(conn))
        return;
    if (!awaits_tls(conn, &wait) && !awaits_answer(conn, end, &wait))
        return;
    int64_t limit = conn->closer == DIAG_CLIENT ? patience_at_close(conn) : patience(conn, wait.id);

    if (end - wait.since_ns < limit || said_already(conn, &wait, end))
        return;
    report(conn, out, &wait, conn->closer == DIAG_CLIENT ? conn->close_frame : wait.frame, end);
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
static bool ends_wait(const struct diag_step *step, struct wait *wait)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;

    if (r->open) {
        *wait = (struct wait){DIAG_slow_response, r->last_ns, r->frame, 0, DIAG_ROLE_request};
        return was_owed(conn, step->seg->time_ns);
    }
    return conn->tls && awaits_tls(conn, wait) && wait->id == DIAG_tls_stall_after_server_hello;
}

static void answered_late(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_settings *s = &conn->engine->settings;
    int64_t network = diag_rtt(conn);
    struct wait wait;

    if (step->from != DIAG_SERVER || !step->seg->payload || !step->fresh || step->gap ||
        diag_is_tls_housekeeping(step) || !ends_wait(step, &wait))
        return;
    int64_t waited = step->seg->time_ns - wait.since_ns;

    if (waited - network < diag_ms(s->slow))
        return;
    step->conn->slow_ns += waited;
    if (diag_raised(conn, DIAG_slow_response))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_slow_response, DIAG_SERVER,
                                        step->seg->frame, waited - network, network, wait.frame);

    if (f && waited >= diag_ms(s->slow_warn) && !conn->request.tls)
        f->severity = DIAG_WARN;
    diag_cite(f, wait.role, wait.frame);
    if (conn->request.open)
        diag_cite(f, DIAG_ROLE_ack, conn->request.acked_frame);
    diag_cite(f, DIAG_ROLE_response, step->seg->frame);
}

/* The awaited message came after all. */
static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    return (event->id == DIAG_tls_no_server_hello ||
            event->id == DIAG_tls_stall_after_server_hello) &&
           conn->half[DIAG_SERVER].data_frame > event->frame;
}

const struct diag_rule diag_rule_silence = {.name = "silence",
                                            .sees = DIAG_SEES_ASKED | DIAG_SEES_HANDSHAKE,
                                            .sees_applied = DIAG_SEES_HANDSHAKE,
                                            .on_segment = answered_late,
                                            .on_applied = still_waiting,
                                            .on_end = never_answered,
                                            .overtaken = overtaken};
