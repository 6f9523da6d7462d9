/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of reset it is, what it answers, and what is lost by it. Kinds after RFC 9293 3.5.2 and
 * the two ways in which a Linux kernel sends one: as a reply to a segment (no ACK flag, seq = that
 * segment's ACK number), or actively (seq = SND.NXT).
 */
#include "rules/reset.h"

/* A TLS close_notify, and what a server may add to it: nobody misses it. */
#define TLS_FAREWELL_BYTES 64
#define RECORD_HEADER      5
/* The line end that a terminal adds to the last command. */
#define LINE_END_BYTES  2
#define LAST_WORD_BYTES 8

const struct diag_sent *diag_last_from(const struct diag_connection *conn, enum diag_side side)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].from == side)
            return &conn->recent[i];
    return NULL;
}

/* A stack resets at once what it does not know; one round trip may lie between it and us. */
static bool is_prompt(const struct diag_step *step, const struct diag_sent *sent)
{
    return step->seg->time_ns - sent->time_ns <=
           diag_max_ns(DIAG_SECOND_NS, 3 * diag_rtt(step->conn));
}

static const struct diag_sent *acknowledging(const struct diag_connection *conn,
                                             enum diag_side side, uint32_t ack)
{
    for (uint32_t i = conn->recent_count; i-- > 0;) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == side && (sent->flags & DIAG_ACK) && !(sent->flags & DIAG_RST) &&
            sent->ack == ack)
            return sent;
    }
    return NULL;
}

/* Before its SYN/ACK, a server has no sequence numbers of its own; a client that acknowledges
 * something has had one, captured or not. */
static bool is_before_synack(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    return step->from == DIAG_SERVER && o->syns && !o->synack_frame && !step->y->ack_valid;
}

static bool answers_syn(const struct diag_step *step)
{
    return is_before_synack(step) && (step->seg->flags & DIAG_ACK) &&
           diag_seq_lt(step->y->isn, step->seg->ack) && diag_seq_le(step->seg->ack, step->y->nxt);
}

static bool at_own_sequence(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    uint32_t seq = step->seg->seq;
    uint32_t low = x->una_valid ? x->una : x->nxt;

    if (!x->segments || is_before_synack(step))
        return false;
    if (step->y->edge_valid && seq == step->y->edge)
        return true;
    return diag_seq_le(low, seq) && diag_seq_le(seq, x->nxt);
}

/*
 * Beyond all that the capture has of its sender, yet by that sender's own stack: it knows what the
 * peer has sent so far (a blind guess does not), stands in the window, comes from as far away, and
 * bears timestamps where they are in use, as an active reset does. The bytes between were lost on
 * the way, or overtaken, or missed by the capture. Of several resets only the first can be one.
 */
static uint32_t missing_before(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const struct diag_half *x = step->x;
    bool knows_peer = (seg->flags & DIAG_ACK) && x->ack_valid && diag_seq_le(x->ack, seg->ack) &&
                      diag_seq_le(seg->ack, step->y->nxt);

    if (!knows_peer || x->rst_frame || !diag_seq_lt(x->nxt, seg->seq) || !step->y->edge_valid ||
        !diag_seq_le(seg->seq, step->y->edge) || diag_foreign_hops(x->ttl, seg->ttl) ||
        x->timestamps != !!(seg->options & DIAG_OPT_TIMESTAMPS))
        return 0;
    return seg->seq - x->nxt;
}

/* Who replied by a reset has no socket left that could act, even when what this one answers lies so
 * far back that it is forgotten. */
static bool replied_before(const struct diag_step *step)
{
    for (uint32_t i = 0; i < step->conn->reset_count; i++)
        if (step->conn->reset[i].side == step->from && step->conn->reset[i].kind == DIAG_RST_REPLY)
            return true;
    return false;
}

static enum diag_reset_kind kind_of(const struct diag_step *step, const struct diag_sent **answers)
{
    enum diag_side peer = diag_peer(step->from);

    *answers = NULL;
    if (answers_syn(step)) {
        *answers = diag_last_from(step->conn, peer);
        return DIAG_RST_REFUSE;
    }
    if (!(step->seg->flags & DIAG_ACK)) {
        *answers = acknowledging(step->conn, peer, step->seg->seq);
        if (*answers && is_prompt(step, *answers))
            return DIAG_RST_REPLY;
        *answers = NULL;
        if (at_own_sequence(step) && replied_before(step))
            return DIAG_RST_REPLY;
    }
    return at_own_sequence(step) ? DIAG_RST_ACTIVE : DIAG_RST_ODD;
}

void diag_rst_recognise(struct diag_rst *r)
{
    r->kind = kind_of(r->step, &r->answers);
    r->missing = r->kind == DIAG_RST_ODD ? missing_before(r->step) : 0;
    if (r->missing)
        r->kind = DIAG_RST_ACTIVE;
}

struct diag_finding *diag_rst_cite(const struct diag_rst *r, struct diag_finding *f)
{
    if (r->answers)
        diag_cite(f, r->answers->payload ? DIAG_ROLE_data : DIAG_ROLE_ack, r->answers->frame);
    diag_cite(f, DIAG_ROLE_rst, r->step->seg->frame);
    return f;
}

bool diag_rst_in_opening(const struct diag_rst *r)
{
    return r->conn->opening.syns && !r->conn->opening.ack_frame;
}

/* ---- what is lost by it */

/* As long as a client connects, the ACK that it met may be another connection's (RFC 5961 4.2) and
 * tells nothing about its bytes: it has sent none. */
uint32_t diag_rst_own_lost(const struct diag_rst *r)
{
    bool none =
        diag_rst_in_opening(r) && r->step->from == DIAG_CLIENT && !diag_spoke(r->conn, DIAG_CLIENT);

    return (none ? 0 : diag_outstanding(r->conn, r->step->from)) + r->missing;
}

/* The reset's own ACK number counts: what it acknowledges has arrived. */
uint32_t diag_rst_peer_lost(const struct diag_rst *r)
{
    const struct diag_segment *seg = r->step->seg;
    uint32_t lost = diag_outstanding(r->conn, diag_peer(r->step->from));
    uint32_t end = r->y->fin ? r->y->fin_seq : r->y->nxt;

    if (!(seg->flags & DIAG_ACK) || lost == 0)
        return lost;
    return diag_seq_lt(seg->ack, end) ? end - seg->ack : 0;
}

/* A server that accepts early data may answer and close at once. What crosses its close is the end
 * of the client's handshake: EndOfEarlyData, Finished, a close_notify. */
static bool is_late_end_of_handshake(const struct diag_rst *r, uint32_t bytes)
{
    const uint32_t most = 26 + 74 + 24;
    const struct diag_tls_facts *tls = diag_tls_of(r->conn);

    return tls && tls->client_hello->early_data && r->conn->closer == DIAG_SERVER && bytes <= most;
}

static const struct diag_sent *last_data(const struct diag_connection *conn, enum diag_side side)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].from == side && conn->recent[i].payload)
            return &conn->recent[i];
    return NULL;
}

/* Where the handshake is not in the capture, or its bytes were cut away, what a side said last may
 * be a small record of TLS all the same: its beginning looks like one, or was cut away too. */
static bool may_be_farewell(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    const struct diag_sent *last = last_data(conn, side);
    bool read = tls && !conn->midstream && tls->established.frame && !tls->half[side].lost &&
                !tls->half[side].uncaptured;

    if (read || !last || last->payload > TLS_FAREWELL_BYTES)
        return false;
    if (last->head_length < RECORD_HEADER)
        return last->head_length < last->payload;
    return (last->head[0] == DIAG_TLS_ALERT || last->head[0] == DIAG_TLS_APPLICATION_DATA) &&
           last->head[1] == 3;
}

bool diag_may_have_said_goodbye(const struct diag_connection *conn, enum diag_side side)
{
    return diag_said_goodbye(conn, side) || may_be_farewell(conn, side);
}

/* Only the farewell of TLS was on the way: nobody misses it. */
bool diag_rst_only_farewell(const struct diag_rst *r, uint32_t bytes)
{
    if (bytes <= LINE_END_BYTES)
        return true;
    return (bytes <= TLS_FAREWELL_BYTES && (diag_tls_established(r->conn) ||
                                            may_be_farewell(r->conn, diag_peer(r->step->from)))) ||
           is_late_end_of_handshake(r, bytes);
}

bool diag_rst_lost_nothing(const struct diag_rst *r)
{
    uint32_t own = diag_rst_own_lost(r);
    uint32_t peers = diag_rst_peer_lost(r);

    return diag_rst_only_farewell(r, own) && diag_rst_only_farewell(r, peers);
}

/* "exit", "quit", "unbind", the close frame of a WebSocket: they are answered by the end. */
bool diag_rst_is_last_word(const struct diag_rst *r, uint32_t bytes)
{
    return bytes <= LAST_WORD_BYTES && r->step->from == DIAG_SERVER && r->conn->answers >= 1 &&
           !r->conn->request.due;
}
