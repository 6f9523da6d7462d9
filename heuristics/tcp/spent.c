/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the seconds of a connection went. The time between two segments belongs to whoever was
 * waited for; a stage (connect, TLS) keeps all of its own. So the parts add up to the duration.
 */
#include "tcp/spent.h"

#include <string.h>

/* A stack may hold back the ACK of something that the application answers (RFC 1122 4.2.3.2 allows
 * 500 ms, all stacks in use take less). */
#define DELAYED_ACK_NS (200 * DIAG_MS_NS)
/* Segments of one transfer follow each other faster than an application pauses. */
#define FLOWING_NS (100 * DIAG_MS_NS)
/* Longer pauses than this, in the middle of what they say, programs do not make for nothing. */
#define NEWS_NS DIAG_SECOND_NS
/* Equal waits in a row, each begun as soon as the one before was over: a timer ends them, and no
 * work. */
#define HOLDS        3
#define EVEN_PERCENT 5
#define AT_ONCE_NS   DIAG_SECOND_NS

static int64_t shorter_known(int64_t a, int64_t b)
{
    if (a == DIAG_UNKNOWN_NS)
        return b;
    return b == DIAG_UNKNOWN_NS ? a : diag_min_ns(a, b);
}

/* Of a SYN that was repeated, the last is taken: at most too short. */
static int64_t way_in_handshake(const struct diag_opening *o, enum diag_side side)
{
    if (!o->established || !o->syns || !o->synack_frame)
        return DIAG_UNKNOWN_NS;
    return diag_max_ns(
        side == DIAG_SERVER ? o->synack_ns - o->last_ns : o->ack_ns - o->synack_last_ns, 0);
}

int64_t diag_way_to(const struct diag_connection *conn, enum diag_side side)
{
    int64_t way =
        shorter_known(way_in_handshake(&conn->opening, side), conn->ack_rtt_ns[diag_peer(side)]);

    return way == DIAG_UNKNOWN_NS ? 0 : way;
}

int64_t diag_round_trip(const struct diag_connection *conn)
{
    return diag_way_to(conn, DIAG_CLIENT) + diag_way_to(conn, DIAG_SERVER);
}

/* When that was sent which this side reacts to: what its peer said last, or, in the middle of its
 * own transfer, the ACK that lets it go on. */
static int64_t cue(const struct diag_step *step)
{
    const struct diag_half *x = step->x;
    const struct diag_half *y = step->y;
    const struct diag_connection *conn = step->conn;
    const struct diag_sent *last = &conn->recent[conn->recent_count - 1];

    if (last->from != step->from && last->payload)
        return last->time_ns; /* sent again, perhaps */
    if (y->fin && y->fin_ns >= x->data_ns)
        return y->fin_ns;
    if (step->from == DIAG_SERVER && conn->request.open)
        return conn->request.last_ns;
    return y->data_frame && y->data_ns >= x->data_ns ? y->data_ns : y->last_ns;
}

/* It cannot have reacted sooner than one way there and back. */
static int64_t on_the_way_to(const struct diag_connection *conn, enum diag_side side,
                             int64_t cue_ns, int64_t gap)
{
    int64_t begun = conn->last_ns - cue_ns;
    int64_t left = diag_way_to(conn, side) - diag_max_ns(begun, 0);

    return diag_min_ns(gap, diag_max_ns(left, 0));
}

static int64_t on_the_way(const struct diag_step *step, int64_t cue_ns, int64_t gap)
{
    return on_the_way_to(step->conn, step->from, cue_ns, gap);
}

static enum diag_part part_of(enum diag_side side)
{
    return side == DIAG_SERVER ? DIAG_PART_server : DIAG_PART_client;
}

/* Who has not closed yet, else who owes an answer; an idle connection waits for its client. */
static enum diag_side awaited(const struct diag_connection *conn)
{
    if (conn->closer != DIAG_NO_SIDE)
        return diag_peer(conn->closer);
    return conn->request.open && !conn->request.patient ? DIAG_SERVER : DIAG_CLIENT;
}

/* After a silence the server speaks, and answers nothing that was asked: until then the connection
 * was idle. Encrypted requests may be answered in any order, so there it takes a longer silence, or
 * a habit, to tell news from the slowest of several answers. */
static bool is_news(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    bool often = conn->pushes >= DIAG_PUSHES;
    int64_t silence = step->seg->time_ns - conn->last_data_ns;

    if (step->from != DIAG_SERVER || !conn->requests || silence < NEWS_NS || (r->due && !r->tls))
        return false;
    if (r->open)
        return r->patient || often;
    return !r->tls || often || silence >= diag_ms(conn->engine->settings.server_silence);
}

static bool is_connecting(const struct diag_connection *conn)
{
    return !conn->midstream && !conn->opening.established && !conn->half[DIAG_CLIENT].bytes &&
           !conn->half[DIAG_SERVER].bytes;
}

static bool is_over(const struct diag_connection *conn)
{
    return conn->half[DIAG_CLIENT].rst_frame || conn->half[DIAG_SERVER].rst_frame ||
           diag_both_fins(conn);
}

/* Nothing but a FIN is sent again: whatever was to be said has arrived. */
static bool only_closes(const struct diag_step *step)
{
    return step->fin && step->again && !step->seg->payload &&
           !diag_outstanding(step->conn, step->from);
}

static bool is_stall(const struct diag_step *step)
{
    return (step->again && !step->keepalive) || step->x->zero_frame || step->y->zero_frame;
}

static bool says(const struct diag_step *step)
{
    return step->seg->payload && !step->keepalive;
}

/* It goes on with what it was sending, held back by nothing but the path. */
static bool flows_on(const struct diag_step *step, int64_t gap)
{
    return step->seg->payload && step->x->last_frame == step->conn->last_frame &&
           step->x->data_frame == step->x->last_frame && gap <= FLOWING_NS;
}

/* What the peer sent last that needs an ACK: data, perhaps sent again, or what opens and closes. */
static int64_t last_said(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].from != step->from && conn->recent[i].end != conn->recent[i].seq)
            return conn->recent[i].time_ns;
    return step->y->last_ns;
}

/* A stack acknowledges at once, or a moment later: what takes longer is the path. */
static int64_t share_of_ack(const struct diag_step *step, int64_t gap)
{
    int64_t way = on_the_way(step, step->advances ? last_said(step) : step->y->last_ns, gap);

    if (!step->advances)
        return way;
    return gap > way + DELAYED_ACK_NS ? gap : way;
}

/* While the server owes an answer, what the client acknowledges meanwhile takes nobody's time: the
 * request is on its way, or it is with the server. */
static int64_t share_of_request(const struct diag_step *step, int64_t gap)
{
    return step->from == DIAG_CLIENT && step->conn->request.open
               ? on_the_way_to(step->conn, DIAG_SERVER, step->conn->request.last_ns, gap)
               : share_of_ack(step, gap);
}

static int64_t network_share(const struct diag_step *step, int64_t gap)
{
    if (flows_on(step, gap))
        return gap;
    if (says(step) || step->fin || step->rst)
        return on_the_way(step, cue(step), gap);
    return share_of_request(step, gap);
}

static void split(const struct diag_step *step, int64_t gap)
{
    struct diag_connection *conn = step->conn;
    bool news = says(step) && is_news(step);
    int64_t network = news ? 0 : network_share(step, gap);
    enum diag_side whose = news ? DIAG_CLIENT : says(step) ? step->from : awaited(conn);

    diag_add_ns(&conn->spent_ns[DIAG_PART_network], network);
    diag_add_ns(&conn->spent_ns[part_of(whose)], gap - network);
    if (whose == DIAG_SERVER && conn->request.open && conn->closer == DIAG_NO_SIDE)
        diag_add_ns(&conn->request.served_ns, gap - network);
}

void diag_spent_add(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    int64_t gap = step->seg->time_ns - conn->last_ns;
    enum diag_part part = DIAG_PART_COUNT;

    if (!conn->last_frame || gap <= 0)
        return;
    if (is_connecting(conn))
        part = DIAG_PART_connect;
    else if (is_over(conn) || only_closes(step))
        part = step->advances ? DIAG_PART_network : DIAG_PART_other;
    else if (diag_in_tls_handshake(conn))
        part = DIAG_PART_tls;
    else if (is_stall(step))
        part = DIAG_PART_stalls;
    if (part == DIAG_PART_COUNT)
        split(step, gap);
    else
        diag_add_ns(&conn->spent_ns[part], gap);
}

/* ---- what turns out later */

static void give_back(struct diag_connection *conn, int64_t ns)
{
    int64_t part = diag_min_ns(ns, conn->spent_ns[DIAG_PART_server]);

    conn->spent_ns[DIAG_PART_server] -= part;
    diag_add_ns(&conn->spent_ns[DIAG_PART_client], part);
}

void diag_spent_unanswered(struct diag_connection *conn)
{
    give_back(conn, conn->request.served_ns);
    conn->request.served_ns = 0;
}

static bool is_even(int64_t a, int64_t b)
{
    return a >= b - b / (100 / EVEN_PERCENT) && a <= b + b / (100 / EVEN_PERCENT);
}

bool diag_was_held(const struct diag_connection *conn, int64_t server_ns)
{
    return conn->timer_ns && is_even(server_ns + diag_rtt(conn), conn->timer_ns);
}

/* The same wait as before; once that is known for a habit, news may end it sooner. */
static bool is_held(const struct diag_step *step, int64_t took)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    bool at_once = r->first_ns - conn->hold_end_ns <= AT_ONCE_NS;
    bool early = conn->holds >= HOLDS && took < conn->hold_ns;

    return conn->holds && at_once && (early || is_even(took, conn->hold_ns));
}

/* A gateway that gives up on what is behind it also uses a timer, and says so. */
static bool is_error(const struct diag_segment *seg)
{
    return seg->captured > 9 && memcmp(seg->data, "HTTP/1.", 7) == 0 && seg->data[9] == '5';
}

static void begin_holds(struct diag_connection *conn, int64_t took)
{
    conn->holds = took >= diag_ms(conn->engine->settings.server_silence);
    conn->hold_ns = took;
    conn->held_ns = conn->held_slow_ns = 0;
}

void diag_spent_answered(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    int64_t took = step->seg->time_ns - r->last_ns;

    if (is_error(step->seg))
        conn->holds = 0;
    else if (!is_held(step, took))
        begin_holds(conn, took);
    else if (conn->holds < HOLDS)
        conn->holds++;
    conn->hold_end_ns = step->seg->time_ns;
    diag_add_ns(&conn->held_ns, r->served_ns);
    diag_add_ns(&conn->held_slow_ns, r->slow_ns);
    if (conn->holds < HOLDS)
        return;
    conn->timer_ns = conn->hold_ns;
    give_back(conn, conn->held_ns);
    conn->slow_ns -= diag_min_ns(conn->held_slow_ns, conn->slow_ns);
    conn->held_ns = conn->held_slow_ns = 0;
}
