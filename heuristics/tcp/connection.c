/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection: who is the client, and the questions that several rules ask about it. */
#include "tcp/loss.h"
#include "tcp/spent.h"

#include <string.h>

#define BGP_PORT       179
#define FTP_DATA_PORT  20
#define LONELY_NS      (5 * DIAG_SECOND_NS)
#define GUESSED_RTT_NS (200 * DIAG_MS_NS)
/* Nothing travels longer: beyond it the clock has leapt, and a multiple would overflow. */
#define LONGEST_RTT_NS (3600 * DIAG_SECOND_NS)

static bool begins_with_method(const uint8_t *data, uint32_t n)
{
    static const char *const method[] = {"GET ",     "POST ",   "HEAD ",    "PUT ",
                                         "OPTIONS ", "DELETE ", "CONNECT ", "PATCH "};

    for (size_t i = 0; i < G_N_ELEMENTS(method); i++)
        if (n >= strlen(method[i]) && memcmp(data, method[i], strlen(method[i])) == 0)
            return true;
    return false;
}

bool diag_is_tls_hello(const struct diag_segment *seg, uint8_t type)
{
    if (seg->captured <= 5 || !diag_tls_looks_like(seg->data, seg->captured))
        return false;
    /* A ClientHello in the clothes of SSL 2.0 (RFC 5246 E.2). */
    if (seg->data[0] & 0x80)
        return type == DIAG_TLS_CLIENT_HELLO;
    return seg->data[0] == DIAG_TLS_HANDSHAKE && seg->data[5] == type;
}

static bool is_response(const struct diag_segment *seg)
{
    return (seg->captured >= 7 && memcmp(seg->data, "HTTP/1.", 7) == 0) ||
           diag_is_tls_hello(seg, DIAG_TLS_SERVER_HELLO);
}

static bool is_request(const struct diag_segment *seg)
{
    return begins_with_method(seg->data, seg->captured) ||
           diag_is_tls_hello(seg, DIAG_TLS_CLIENT_HELLO);
}

/* RFC 9293 3.5 first, then what the payload says, then the port: the client's is usually higher. */
static bool from_client(const struct diag_segment *seg, bool *guessed)
{
    *guessed = false;
    if (seg->flags & DIAG_SYN)
        return !(seg->flags & DIAG_ACK);
    if (is_request(seg))
        return true;
    if (is_response(seg))
        return false;
    *guessed = true;
    return seg->source.port > seg->destination.port;
}

struct diag_connection *diag_connection_new(struct diag_engine *engine,
                                            const struct diag_segment *seg)
{
    struct diag_connection *conn = g_new0(struct diag_connection, 1);
    bool client = from_client(seg, &conn->client_guessed);

    conn->engine = engine;
    conn->endpoint[DIAG_CLIENT] = client ? seg->source : seg->destination;
    conn->endpoint[DIAG_SERVER] = client ? seg->destination : seg->source;
    conn->stream = seg->stream;
    conn->first_frame = seg->frame;
    conn->first_ns = seg->time_ns;
    conn->midstream = !(seg->flags & DIAG_SYN);
    conn->closer = DIAG_NO_SIDE;
    conn->min_rtt_ns = DIAG_UNKNOWN_NS;
    conn->opening.rtt_ns = DIAG_UNKNOWN_NS;
    conn->ack_rtt_ns[DIAG_CLIENT] = conn->ack_rtt_ns[DIAG_SERVER] = DIAG_UNKNOWN_NS;
    conn->shortest_answer_ns = DIAG_UNKNOWN_NS;
    return conn;
}

void diag_connection_free(void *connection)
{
    struct diag_connection *conn = connection;

    for (int side = 0; side < 2; side++) {
        g_free(conn->half[side].flight);
        g_free(conn->half[side].hole);
    }
    for (uint32_t i = 0; i < conn->reset_count; i++)
        g_free(conn->reset[i].clues);
    g_free(conn->reset);
    diag_losses_free(conn->losses);
    g_free(conn->marks);
    g_free(conn->recent_space);
    g_free(conn->web_host);
    if (conn->events)
        g_ptr_array_free(conn->events, TRUE);
    if (conn->tls)
        diag_tls_free(conn->tls);
    g_free(conn);
}

enum diag_side diag_side_of(const struct diag_connection *conn, const struct diag_segment *seg)
{
    const struct diag_endpoint *client = &conn->endpoint[DIAG_CLIENT];

    return seg->source.port == client->port &&
                   memcmp(&seg->source.address, &client->address, sizeof client->address) == 0
               ? DIAG_CLIENT
               : DIAG_SERVER;
}

int64_t diag_rtt(const struct diag_connection *conn)
{
    int64_t rtt = conn->min_rtt_ns;

    for (int side = 0; rtt == DIAG_UNKNOWN_NS && side < 2; side++)
        rtt = conn->ack_rtt_ns[side];
    if (rtt == DIAG_UNKNOWN_NS)
        return GUESSED_RTT_NS;
    return CLAMP(rtt, DIAG_MS_NS, LONGEST_RTT_NS);
}

bool diag_both_fins(const struct diag_connection *conn)
{
    return conn->half[DIAG_CLIENT].fin && conn->half[DIAG_SERVER].fin;
}

const struct diag_sent *diag_sent_in(const struct diag_connection *conn, uint32_t frame)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].frame == frame)
            return &conn->recent[i];
    return NULL;
}

uint32_t diag_outstanding(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    uint32_t end = x->fin ? x->fin_seq : x->nxt;

    if (!x->segments || !x->una_valid || !diag_seq_lt(x->una, end))
        return 0;
    return end - x->una;
}

bool diag_spoke(const struct diag_connection *conn, enum diag_side side)
{
    return conn->half[side].bytes > 0;
}

/* A client that acknowledges anything has its SYN/ACK; a server that sends data, or acknowledges
 * some, has the client's ACK. The data in a SYN (Fast Open) prove nothing. */
static bool past_handshake(const struct diag_connection *conn, const struct diag_half *seen)
{
    if (seen == &conn->half[DIAG_CLIENT])
        return seen->ack_valid;
    return seen->data_segments > 0 || seen->acked_bytes > 0;
}

/*
 * The visible side's own segments show that it received answers: it got past the handshake, its ACK
 * numbers advanced (over more than the peer's SYN and FIN), or it sent several segments of data and
 * repeated none.
 */
bool diag_one_way(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_half *s = &conn->half[DIAG_SERVER];
    const struct diag_half *seen = c->segments ? c : s;

    if ((c->segments && s->segments) || (seen->syn && !past_handshake(conn, seen)))
        return false;
    return seen->acked_bytes > 2 || (seen->data_segments >= 3 && seen->again == 0) ||
           (seen->syn && seen->again < 3);
}

bool diag_near_end(const struct diag_connection *conn, int64_t since_ns)
{
    int64_t tail = diag_ms(conn->engine->settings.capture_tail);

    return conn->engine->last_ns - since_ns < tail;
}

/* Connection collisions and data channels close like this by design. */
bool diag_closes_by_design(const struct diag_connection *conn)
{
    uint16_t c = conn->endpoint[DIAG_CLIENT].port;
    uint16_t s = conn->endpoint[DIAG_SERVER].port;

    return c == BGP_PORT || s == BGP_PORT || c == FTP_DATA_PORT || s == FTP_DATA_PORT;
}

bool diag_tls_established(const struct diag_connection *conn)
{
    return conn->tls && diag_tls_facts(conn->tls)->established.frame;
}

const struct diag_tls_facts *diag_tls_of(const struct diag_connection *conn)
{
    const struct diag_tls_facts *facts = conn->tls ? diag_tls_facts(conn->tls) : NULL;

    if (!facts || facts->half[DIAG_CLIENT].speech == DIAG_TLS_NOT_TLS)
        return NULL;
    return facts->half[DIAG_CLIENT].speech == DIAG_TLS_SPOKEN ||
                   facts->half[DIAG_SERVER].speech == DIAG_TLS_SPOKEN
               ? facts
               : NULL;
}

bool diag_in_tls_handshake(const struct diag_connection *conn)
{
    enum diag_side who;

    return diag_tls_of(conn) && diag_tls_waiting_for(conn->tls, &who) != DIAG_TLS_EXPECT_nothing;
}

uint32_t diag_unseen(const struct diag_connection *conn, enum diag_side sender)
{
    const struct diag_half *x = &conn->half[sender];

    /* A reset alone tells no number of its sender's. */
    return x->segments && x->first_frame != x->rst_frame && x->una_valid &&
                   diag_seq_lt(x->nxt, x->una)
               ? x->una - x->nxt
               : 0;
}

bool diag_saw_all(const struct diag_connection *conn)
{
    return !conn->half[DIAG_CLIENT].hole_count && !conn->half[DIAG_SERVER].hole_count &&
           !diag_unseen(conn, DIAG_CLIENT) && !diag_unseen(conn, DIAG_SERVER);
}

/* At least two answers, each much faster than this, and hardly a word unasked: the protocol is
 * question and answer. In TLS a Finished asks for nothing. */
bool diag_answer_expected(const struct diag_connection *conn, int64_t waited_ns)
{
    const struct diag_request *r = &conn->request;
    bool habit =
        conn->answers >= 2 && conn->longest_answer_ns < waited_ns / 4 && conn->pushes < DIAG_PUSHES;

    if (!r->open || diag_unseen(conn, DIAG_SERVER))
        return false;
    if (r->tls && diag_tls_established(conn))
        return !r->patient && diag_tls_facts(conn->tls)->asked && (habit || !conn->tls_answered);
    return r->due || (habit && !r->patient);
}

/* Or the only thing ever said on the connection, and then a long silence. */
bool diag_answer_due(const struct diag_connection *conn, int64_t waited_ns)
{
    bool lonely = !conn->half[DIAG_SERVER].bytes && conn->requests == 1 &&
                  conn->half[DIAG_CLIENT].data_segments <= 2 && waited_ns >= LONELY_NS;

    return diag_answer_expected(conn, waited_ns) ||
           (lonely && conn->request.open && !conn->request.patient &&
            !diag_unseen(conn, DIAG_SERVER));
}

uint32_t diag_unanswered(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_half *y = &conn->half[diag_peer(side)];
    uint32_t end = y->fin ? y->fin_seq : y->nxt;

    if (!y->bytes)
        return 0;
    if (!x->mark_valid)
        return (uint32_t)(y->bytes < UINT32_MAX ? y->bytes : UINT32_MAX);
    return diag_seq_lt(x->peer_mark, end) ? end - x->peer_mark : 0;
}

const struct diag_hole *diag_asked_hole(const struct diag_half *sender)
{
    for (uint32_t i = 0; i < sender->hole_count; i++)
        if (sender->hole[i].duplicate_acked)
            return &sender->hole[i];
    return NULL;
}

bool diag_nobody_waits(const struct diag_connection *conn, enum diag_side sender, int64_t late_ns)
{
    const struct diag_half *x = &conn->half[sender];

    return x->unasked && !x->fin && late_ns < diag_ms(conn->engine->settings.slow_warn);
}

int64_t diag_kept_closed(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_half *x = &conn->half[side];
    int64_t end = conn->closer == DIAG_NO_SIDE ? conn->last_ns : conn->close_ns;
    bool wanted = diag_outstanding(conn, diag_peer(side)) || conn->half[diag_peer(side)].probe_run;

    return x->zero_frame && wanted && end > x->zero_ns ? end - x->zero_ns : 0;
}

int64_t diag_wait_end(const struct diag_connection *conn)
{
    return conn->closer == DIAG_NO_SIDE ? conn->engine->last_ns : conn->close_ns;
}

/* RFC 7323 3.2: on only when both SYN and SYN/ACK carry the option. */
const char *diag_timestamp_state(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    if (!c->syn)
        return c->timestamps || s->timestamps ? "on" : "unknown";
    if (!(c->options & DIAG_OPT_TIMESTAMPS))
        return "off";
    if (!s->syn)
        return "offered";
    if (s->options & DIAG_OPT_TIMESTAMPS)
        return "on";
    return conn->opening.timestamps ? "refused" : "fallback";
}
