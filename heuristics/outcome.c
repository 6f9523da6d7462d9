/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a connection for its user, and which finding says it best. */
#include "judge.h"

bool diag_is_open(const struct diag_judged *judged)
{
    return !judged->finding->benign && !judged->explained &&
           diag_catalogue[judged->finding->id].stage != DIAG_STAGE_CAPTURE;
}

bool diag_connected(const struct diag_connection *conn)
{
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    return conn->opening.established || (s->bytes > 0 && conn->half[DIAG_CLIENT].bytes > 0);
}

static bool is_explained_by_host(const struct diag_judged *judged)
{
    return judged->explained && !judged->finding->benign &&
           diag_catalogue[judged->explained_by].stage == DIAG_STAGE_HOST;
}

/* Whoever was to be reset ignored it: it took what came after, and answered by no reset. */
static bool survived(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_half *y = &conn->half[diag_peer(side)];
    bool took_more = diag_seq_lt(x->rst_seq, y->ack) || !y->rst_frame;

    return x->rst_frame && y->ack_valid && took_more && y->ack_ns - x->rst_ns > diag_rtt(conn);
}

/* Waits in a handshake that was finished after all cost time, no more. */
static bool is_handshake_wait(enum diag_id id)
{
    return id == DIAG_tls_server_flight_gap || id == DIAG_tls_stall_client_after_cert ||
           id == DIAG_tls_stall_server_finished || id == DIAG_tls_ch_not_acked;
}

/* A failed try to connect is history once the connection came about. */
static bool was_overcome(const struct diag_sentence *s, const struct diag_judged *judged)
{
    enum diag_id id = judged->finding->id;
    bool accepted = judged->finding->cause == DIAG_CAUSE_ect_dropped;

    if (judged->finding->cause == DIAG_CAUSE_smaller_passes)
        return true;
    if (id == DIAG_checksum_drop)
        return s->conn->half[judged->finding->side].mended;
    if (id == DIAG_rst_injected)
        return survived(s->conn, judged->finding->side);
    if (is_handshake_wait(id))
        return diag_tls_established(s->conn);
    /* The client came back, but its server may have believed the reset. */
    if (judged->finding->cause == DIAG_CAUSE_elsewhere)
        return s->conn->half[DIAG_SERVER].bytes > 0;
    return diag_catalogue[id].stage == DIAG_STAGE_CONNECT &&
           (id != DIAG_synack_retx_after_data || accepted) && id != DIAG_accept_then_close &&
           s->conn->opening.established;
}

/* A stall at whose end somebody gave up: the stall is what failed the connection. */
static bool made_it_fail(const struct diag_sentence *s, const struct diag_judged *cause)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct diag_judged *symptom = &s->findings[i];

        if (symptom->explained && symptom->explained_by == cause->finding->id &&
            diag_catalogue[symptom->finding->id].fails && !symptom->finding->benign &&
            symptom->effective >= DIAG_NOTE && !was_overcome(s, symptom))
            return true;
    }
    return false;
}

static bool is_failure(const struct diag_sentence *s, const struct diag_judged *judged)
{
    bool counts = diag_is_open(judged) || is_explained_by_host(judged);

    return counts && judged->effective >= DIAG_NOTE && !was_overcome(s, judged) &&
           (diag_catalogue[judged->finding->id].fails || made_it_fail(s, judged));
}

static bool any(const struct diag_sentence *s,
                bool (*test)(const struct diag_sentence *, const struct diag_judged *))
{
    for (size_t i = 0; i < s->count; i++)
        if (test(s, &s->findings[i]))
            return true;
    return false;
}

static bool has(const struct diag_sentence *s, enum diag_id id)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->findings[i].finding->id == id && !s->findings[i].explained)
            return true;
    return false;
}

/* Seconds that the user waited for anything but the work itself. */
static int64_t waited(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;
    bool retried = diag_raised(conn, DIAG_syn_recovered);
    int64_t connect = o->established && retried ? o->ack_ns - o->all_first_ns : 0;
    const struct diag_finding *jump = diag_raised_finding(conn, DIAG_cap_clock_backwards);

    if (jump && jump->value[0] >= DIAG_NO_CLOCK_NS)
        return 0;
    return connect + conn->stalled_ns + conn->slow_ns + diag_kept_closed(conn, DIAG_CLIENT) +
           diag_kept_closed(conn, DIAG_SERVER);
}

static bool lossy(const struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if ((s->findings[i].finding->id == DIAG_loss_recovered ||
             s->findings[i].finding->id == DIAG_retx_spurious) &&
            s->findings[i].finding->severity >= DIAG_WARN && !s->findings[i].explained)
            return true;
    return false;
}

static bool one_side(const struct diag_connection *conn)
{
    return !conn->half[DIAG_CLIENT].segments || !conn->half[DIAG_SERVER].segments;
}

/* It would be a failure, but the capture itself may be what it rests on. */
static bool rests_on_the_capture(const struct diag_sentence *s, const struct diag_judged *judged)
{
    const struct diag_finding *f = judged->finding;

    if (f->id == DIAG_rst_unexplained)
        return f->benign && diag_unseen(s->conn, f->side) > 0;
    return judged->explained && !f->benign && diag_catalogue[f->id].fails &&
           judged->effective >= DIAG_NOTE && !was_overcome(s, judged) &&
           diag_catalogue[judged->explained_by].stage == DIAG_STAGE_CAPTURE;
}

/* A client speaks TLS, and all that its server said is in what the capture has lost. */
static bool is_unread_handshake(const struct diag_sentence *s)
{
    const struct diag_tls_facts *tls = diag_tls_of(s->conn);

    return tls && !tls->half[DIAG_SERVER].records &&
           diag_raised(s->conn, DIAG_cap_gap_not_captured);
}

/* Nobody waits any more for the silent address of a name that has been reached at another one. */
static bool is_pending(const struct diag_sentence *s)
{
    bool alone = one_side(s->conn) && !has(s, DIAG_name_fallback_address);

    return has(s, DIAG_cap_ends_early) || alone || is_unread_handshake(s) ||
           (s->conn->midstream && s->conn->closer == DIAG_NO_SIDE);
}

/* Of whole seconds, any wait may be one too long. */
static int64_t slow_enough(const struct diag_engine *engine)
{
    return diag_ms(engine->settings.slow) + (engine->fine_clock ? 0 : DIAG_SECOND_NS);
}

static enum diag_outcome outcome_of(const struct diag_sentence *s)
{
    if (diag_one_way(s->conn))
        return DIAG_UNDECIDABLE;
    if (any(s, is_failure))
        return DIAG_FAILED;
    if (waited(s->conn) >= slow_enough(s->conn->engine) || lossy(s))
        return DIAG_DEGRADED;
    return is_pending(s) || any(s, rests_on_the_capture) ? DIAG_UNDECIDABLE : DIAG_HEALTHY;
}

/* Among equals the earliest, then the catalogue's order. */
static bool outranks(const struct diag_judged *a, const struct diag_judged *b)
{
    if (!b)
        return true;
    if (a->effective != b->effective)
        return a->effective > b->effective;
    if (a->finding->frame != b->finding->frame)
        return a->finding->frame < b->finding->frame;
    return a->finding->id < b->finding->id;
}

static bool may_be_verdict(const struct diag_sentence *s, const struct diag_judged *judged)
{
    if (s->outcome == DIAG_UNDECIDABLE)
        return diag_catalogue[judged->finding->id].stage == DIAG_STAGE_CAPTURE;
    if (s->outcome == DIAG_FAILED)
        return is_failure(s, judged);
    return diag_is_open(judged);
}

void diag_decide(struct diag_sentence *s)
{
    s->outcome = outcome_of(s);
    s->verdict = NULL;
    if (s->outcome == DIAG_HEALTHY)
        return;
    for (size_t i = 0; i < s->count; i++)
        if (may_be_verdict(s, &s->findings[i]) && outranks(&s->findings[i], s->verdict))
            s->verdict = &s->findings[i];
}
