/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who closed, and why then. The one who closes is rarely the one who is guilty: a side that gave up
 * waiting, an idle timeout, a server that closes instead of answering, a receiver that breaks off.
 */
#include "rules/blame.h"

/* A transfer is under way when this many segments of data came within the last second. */
#define TRANSFER_SEGMENTS 3
/* What a server may add after the client's close without anybody missing it: TLS close_notify, a
 * last ticket, an HTTP/2 GOAWAY. */
#define FAREWELL_BYTES 300
/* Hellos, a long chain of certificates and a few tickets. */
#define HANDSHAKE_BYTES 20000
/* With so many copies of the same bytes, their loss is no accident, and no silence of who sent. */
#define COPIES 2
/* Every path carries this much payload (RFC 791 576 bytes, RFC 8200 1280 bytes, less headers). */
#define SURE_V4 536
#define SURE_V6 1220
/* One program wrote and closed; a person, or another thread, is slower. */
#define TOGETHER_NS (2 * DIAG_MS_NS)

static bool closes_now(const struct diag_step *step)
{
    return (step->fin || step->rst) && step->conn->closer == DIAG_NO_SIDE;
}

static enum diag_role closing_role(const struct diag_step *step)
{
    return step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin;
}

/* ---- close_gave_up */

/* Since when this side has been waiting for its peer; 0 if it has not. */
static int64_t waiting_since(const struct diag_step *step, uint32_t *frame)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    const struct diag_hole *hole = diag_asked_hole(step->y);
    enum diag_side who = DIAG_NO_SIDE;

    if (hole) {
        *frame = hole->asked_frame;
        return hole->time_ns;
    }
    /* It acknowledges what the capture does not hold: that may be what it was waiting for. */
    if ((step->seg->flags & DIAG_ACK) && diag_seq_lt(step->y->nxt, step->seg->ack))
        return 0;
    if (diag_tls_of(conn) && diag_tls_waiting_for(conn->tls, &who) != DIAG_TLS_EXPECT_nothing) {
        *frame = conn->last_frame;
        return who == diag_peer(step->from) ? conn->last_data_ns : 0;
    }
    if (step->from != DIAG_CLIENT || !diag_answer_due(conn, step->seg->time_ns - r->last_ns))
        return 0;
    *frame = r->frame;
    return r->last_ns;
}

/* The peer did speak, again and again, and this side has not received it. */
static const struct diag_range *sent_in_vain(const struct diag_step *step)
{
    const struct diag_half *y = step->y;
    const struct diag_range *first = y->flight_count ? &y->flight[0] : NULL;

    return first && first->again >= COPIES && (step->seg->flags & DIAG_ACK) &&
                   diag_seq_le(step->seg->ack, first->seq) && y->fin_seq != first->seq
               ? first
               : NULL;
}

/* All of it is large, nothing of that size ever passed, and small segments do: what this side sent
 * was acknowledged, and it knows, for it did not send it again. */
static bool only_small_ones_pass(const struct diag_step *step)
{
    const struct diag_half *y = step->y;
    bool v6 = step->conn->endpoint[step->from].address.length == 16;
    uint16_t sure = v6 ? SURE_V6 : SURE_V4;

    for (uint32_t i = 0; i < y->flight_count; i++)
        if (y->flight[i].size <= sure || y->flight[i].size <= y->passed)
            return false;
    return step->x->bytes > 0 && step->x->again == 0 &&
           diag_outstanding(step->conn, step->from) == 0;
}

/* Who gave up waited for what the path lost. */
static void lost_on_the_way(const struct diag_step *step, const struct diag_range *range,
                            struct diag_finding *f)
{
    if (!f)
        return;
    f->cause = only_small_ones_pass(step) ? DIAG_CAUSE_pmtu : DIAG_CAUSE_bytes_lost;
    f->blame = DIAG_BLAME_PATH;
    f->layer = DIAG_LAYER_NETWORK;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
}

static bool gave_up(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t limit = diag_max_ns(diag_ms(conn->engine->settings.gave_up), 5 * diag_rtt(conn));
    uint32_t frame = 0;
    int64_t since = waiting_since(step, &frame);
    int64_t waited = step->seg->time_ns - since;

    if (!since || waited < limit || (step->rst && !(step->seg->flags & DIAG_ACK)))
        return false;
    const struct diag_range *lost = sent_in_vain(step);
    struct diag_finding *f = diag_raise(
        step->out, DIAG_close_gave_up, step->from, step->seg->frame, waited, frame,
        lost ? diag_outstanding(conn, diag_peer(step->from)) : 0, lost ? lost->again + 1 : 0);

    if (f)
        f->blame = DIAG_BLAME_PATH | diag_blame_side(diag_peer(step->from));
    if (lost)
        lost_on_the_way(step, lost, f);
    else
        diag_cite(f, DIAG_ROLE_request, frame);
    diag_cite(f, closing_role(step), step->seg->frame);
    return true;
}

/* ---- closed_without_response */

static bool request_was_taken(const struct diag_step *step)
{
    const struct diag_request *r = &step->conn->request;

    return r->open && (step->seg->flags & DIAG_ACK) && diag_seq_le(r->end, step->seg->ack);
}

static bool closed_instead_of_answering(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    int64_t waited = step->seg->time_ns - r->last_ns;

    /* A close beyond all that came of the server: the answer may be what is missing. */
    if (step->from != DIAG_SERVER || step->seg->payload || diag_ends_subflow(step) ||
        diag_seq_lt(step->x->nxt, step->seg->seq) || step->x->hole_count ||
        !request_was_taken(step) || diag_in_tls_handshake(conn) || !diag_answer_due(conn, waited) ||
        !r->due)
        return false;
    struct diag_finding *f = diag_raise(step->out, DIAG_closed_without_response, DIAG_SERVER,
                                        step->seg->frame, waited, r->bytes, r->frame);

    if (!f)
        return false;
    f->cause = waited < DIAG_SECOND_NS ? DIAG_CAUSE_at_once : DIAG_CAUSE_after_wait;
    diag_cite(f, DIAG_ROLE_request, r->frame);
    diag_cite(f, DIAG_ROLE_ack, r->acked_frame);
    diag_cite(f, closing_role(step), step->seg->frame);
    return true;
}

/* The client had closed its sending side together with the request: it cannot have given up, nor
 * cancelled it. */
static bool answers_half_close(const struct diag_step *step)
{
    const struct diag_half *client = step->y;

    return step->from == DIAG_SERVER && (step->fin || step->rst) && !step->x->fin && client->fin &&
           client->fin_ns - step->conn->request.last_ns <= TOGETHER_NS;
}

/* ---- idle_timeout_close */

/* The last bytes of data that nobody acknowledged, or a hole, mean that something is due. */
static bool nothing_due(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    bool asked = r->open && (r->due || !r->acked_frame);

    return !asked && !step->gap && !step->x->hole_count && !step->y->hole_count &&
           diag_outstanding(conn, DIAG_CLIENT) == 0 && diag_outstanding(conn, DIAG_SERVER) == 0 &&
           !diag_in_tls_handshake(conn) && step->x->probes == 0;
}

static void idle_too_long(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    int64_t idle = step->seg->time_ns - conn->last_ns;

    if (idle < diag_ms(conn->engine->settings.idle_close) || !nothing_due(step) ||
        step->seg->payload || conn->first_frame == step->seg->frame)
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_idle_timeout_close, step->from,
                                        step->seg->frame, idle, conn->last_frame);

    diag_cite(f, DIAG_ROLE_last, conn->last_frame);
    diag_cite(f, closing_role(step), step->seg->frame);
}

/* ---- abort_mid_transfer */

/* Before the close, data poured in. */
static bool transfer_at_close(const struct diag_connection *conn, enum diag_side sender)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *sent = &conn->recent[i];

        n += sent->from == sender && sent->payload > 0 && sent->frame <= conn->close_frame &&
             conn->close_ns - sent->time_ns < DIAG_SECOND_NS;
    }
    return n >= TRANSFER_SEGMENTS;
}

/* Proof that more was coming: data sent after the receiver had closed, which it had not received.
 * (A card with several queues writes frames of the same millisecond in any order.) */
static bool more_was_coming(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    enum diag_side receiver = conn->closer;

    return receiver != DIAG_NO_SIDE && step->from == diag_peer(receiver) && step->fresh &&
           step->seg->payload > FAREWELL_BYTES && diag_seq_lt(conn->close_ack, step->end) &&
           step->seg->time_ns - conn->close_ns < DIAG_SECOND_NS;
}

/* A TLS handshake is no part of the transfer. */
static int64_t first_data_of(const struct diag_connection *conn, enum diag_side sender)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return tls && tls->first_data[sender].frame ? tls->first_data[sender].time_ns
                                                : conn->half[sender].first_data_ns;
}

/* TLS 1.3: the receiver asked for nothing; what comes is the end of the server's handshake. */
static bool only_tickets_come(const struct diag_connection *conn, enum diag_side receiver)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    return tls && receiver == tls->client && !tls->asked && tls->server_hello_at.frame &&
           conn->half[diag_peer(receiver)].bytes < HANDSHAKE_BYTES;
}

static void receiver_breaks_off(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    enum diag_side receiver = conn->closer;

    if (!more_was_coming(step) || diag_raised(conn, DIAG_abort_mid_transfer) ||
        !transfer_at_close(conn, step->from) || diag_said_goodbye(conn, receiver) ||
        diag_in_tls_handshake(conn) || only_tickets_come(conn, receiver))
        return;
    const struct diag_half *sender = step->x;
    uint32_t received = conn->close_ack - (sender->syn ? sender->isn + 1 : sender->una);
    struct diag_finding *f =
        diag_raise(step->out, DIAG_abort_mid_transfer, receiver, step->seg->frame, received,
                   conn->close_ns - first_data_of(conn, step->from), sender->data_frame);

    if (f)
        f->blame = diag_blame_side(receiver);
    diag_cite(f, DIAG_ROLE_data, sender->data_frame);
    diag_cite(f, conn->half[receiver].fin ? DIAG_ROLE_fin : DIAG_ROLE_rst, conn->close_frame);
    diag_cite(f, DIAG_ROLE_data, step->seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    receiver_breaks_off(step);
    if (closes_now(step) && !gave_up(step) && !closed_instead_of_answering(step))
        idle_too_long(step);
    else if (answers_half_close(step))
        closed_instead_of_answering(step);
}

const struct diag_rule diag_rule_close = {.name = "close",
                                          .sees = DIAG_SEES_FIN | DIAG_SEES_RST | DIAG_SEES_CLOSED,
                                          .on_segment = on_segment};
