/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose turn it is: what the client asked, when it was acknowledged, when the first byte of the
 * answer came; and the TLS reader, which is fed from here.
 */
#include "tcp/spent.h"
#include "tls/upgrade.h"

#include <string.h>

#define DNS_PORT               53
#define TLS_HOUSEKEEPING_BYTES 64
#define TLS_1_3                0x0304

/* A client that goes on after so many pauses, unanswered, does not wait for an answer. */
#define PAUSES 2

/* Verbs of line protocols in which every request is answered (RFC 9110, 5321, 1939, 959, 3501). No
 * QUIT: to hang up is an answer to that. */
static const char *const verbs[] = {
    "GET ",     "POST ",     "HEAD ",  "PUT ",   "OPTIONS ", "DELETE ", "CONNECT ",
    "PATCH ",   "PROPFIND ", "EHLO ",  "HELO ",  "MAIL ",    "RCPT ",   "DATA\r",
    "USER ",    "PASS ",     "STAT\r", "LIST",   "RETR ",    "CAPA\r",  "PASV\r",
    "STARTTLS", "SELECT ",   "*1\r\n", "*2\r\n", "*3\r\n"};

/* RFC 1035 4.2.2: a length of two bytes, and a header of twelve at least. */
static bool is_dns(const struct diag_segment *seg)
{
    return seg->destination.port == DNS_PORT && seg->captured >= 14 &&
           (uint32_t)(seg->data[0] << 8 | seg->data[1]) + 2 == seg->payload;
}

bool diag_is_request(const struct diag_segment *seg)
{
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        size_t n = strlen(verbs[i]);

        if (seg->captured >= n && memcmp(seg->data, verbs[i], n) == 0)
            return true;
    }
    return is_dns(seg);
}

/* Redis commands that wait for news: "*3\r\n$5\r\nBLPOP\r\n...". */
static bool waits_for_news(const struct diag_segment *seg)
{
    static const char *const words[] = {"\r\nBLPOP",      "\r\nBRPOP",     "\r\nBLM",
                                        "\r\nBZ",         "\r\nXREAD",     "\r\nSUBSCRIBE",
                                        "\r\nPSUBSCRIBE", "\r\nMONITOR\r", "\r\nWAIT\r"};
    char head[33] = "";

    if (!seg->captured || seg->data[0] != '*')
        return false;
    memcpy(head, seg->data, MIN(seg->captured, sizeof head - 1));
    for (char *at = head; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(head, words[i]))
            return true;
    return false;
}

/* The client said something, paused, and goes on without an answer. */
static bool is_pause(const struct diag_request *r, const struct diag_segment *seg)
{
    return r->open && r->acked_frame && seg->time_ns - r->last_ns >= DIAG_SECOND_NS;
}

static void ask(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    struct diag_request *r = &conn->request;
    const struct diag_segment *seg = step->seg;

    r->pauses += is_pause(r, seg);
    r->patient |= r->pauses >= PAUSES;
    if (r->patient)
        diag_spent_unanswered(conn);
    if (!r->open) {
        bool patient = waits_for_news(seg);

        enum diag_upgrade upgrade = conn->tls ? DIAG_UPGRADE_NONE : diag_upgrade_asked(seg);

        *r = (struct diag_request){.open = true,
                                   .upgrade = (uint8_t)upgrade,
                                   .due = conn->tls || (diag_is_request(seg) && !patient),
                                   .patient = patient,
                                   .tls = conn->tls,
                                   .frame = seg->frame,
                                   .first_ns = seg->time_ns,
                                   .seq = seg->seq};
        conn->requests++;
    }
    r->last_frame = seg->frame;
    r->last_ns = seg->time_ns;
    r->end = step->end;
    r->bytes = r->end - r->seq - step->fin;
    r->acked_frame = 0;
}

/* A TLS 1.3 client that rejects something sends its meaningless change of cipher in front. */
static bool is_alert(const struct diag_segment *seg)
{
    static const uint8_t change[] = {DIAG_TLS_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1};
    bool behind = seg->captured > sizeof change && memcmp(seg->data, change, sizeof change) == 0;

    return seg->captured && seg->data[behind ? sizeof change : 0] == DIAG_TLS_ALERT;
}

/* close_notify, or an HTTP/2 SETTINGS acknowledgment: nobody answers those. What little a server
 * sends when the client has closed, or as an alert, answers no request. */
bool diag_is_tls_housekeeping(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    bool established = diag_tls_established(step->conn);

    if (seg->payload > TLS_HOUSEKEEPING_BYTES)
        return false;
    bool alert = step->conn->tls && is_alert(seg);

    return step->from == DIAG_CLIENT ? alert || established
                                     : established && (alert || step->conn->closer == DIAG_CLIENT);
}

static void note_upgrade(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;

    conn->upgrade = conn->request.upgrade;
    if (conn->upgrade == DIAG_UPGRADE_EHLO)
        conn->offers_tls = (uint8_t)diag_upgrade_offered(step->seg);
    conn->upgraded = !diag_upgrade_refused(conn->upgrade, step->seg);
    conn->upgrade_end = step->y->nxt;
    conn->upgrade_frame = step->seg->frame;
}

static void answer(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    int64_t took = step->seg->time_ns - conn->request.last_ns;

    if (conn->tls && !conn->tls_answered && diag_tls_established(conn) &&
        diag_tls_facts(conn->tls)->asked) {
        if (diag_only_tickets(step))
            return;
        conn->tls_answered = true;
    }
    if (!conn->request.open)
        return;
    diag_spent_answered(step);
    conn->request.open = false;
    if (conn->request.upgrade)
        note_upgrade(step);
    conn->answers++;
    conn->longest_answer_ns = diag_max_ns(conn->longest_answer_ns, took);
    if (conn->shortest_answer_ns == DIAG_UNKNOWN_NS || took < conn->shortest_answer_ns)
        conn->shortest_answer_ns = took;
}

/* After a silence, and answering nothing: news, or a report. What follows at once belongs to it, up
 * to one segment's worth in flight: more is a transfer, and a transfer is waited for. A greeting is
 * awaited, and so is all that follows a recognised request. */
static void note_unasked(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    bool client = step->from == DIAG_CLIENT;
    bool news = client ? r->patient : conn->requests && !r->open && (r->tls || !r->due);
    bool silence = step->seg->time_ns - conn->last_ns >= DIAG_SECOND_NS;

    step->x->unasked = news && (silence || step->x->unasked) &&
                       diag_outstanding(conn, step->from) <= diag_mss_of(step->y);
    if (client)
        step->y->unasked = false;
    else if (news && silence && !(r->tls && step->seg->payload <= TLS_HOUSEKEEPING_BYTES))
        conn->pushes++;
}

void diag_turns_apply(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;
    struct diag_request *r = &conn->request;
    bool late_answer = step->fills && step->from == DIAG_SERVER;
    bool speaks = step->seg->payload && (step->fresh || late_answer) && !step->keepalive;

    if (r->open && !r->acked_frame && step->from == DIAG_SERVER && step->y->una_valid &&
        diag_seq_le(r->end, step->y->una)) {
        r->acked_frame = step->seg->frame;
        r->acked_ns = step->seg->time_ns;
    }
    if (!speaks || diag_is_tls_housekeeping(step))
        return;
    note_unasked(step);
    if (step->from == DIAG_CLIENT)
        ask(step);
    else
        answer(step);
}

/* ---- TLS */

/* A ClientHello may come at any time (STARTTLS, HTTP CONNECT); a ServerHello alone is enough when
 * the client's direction was not captured. */
static bool begins_tls(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    return diag_is_tls_hello(seg, DIAG_TLS_CLIENT_HELLO) ||
           (diag_is_tls_hello(seg, DIAG_TLS_SERVER_HELLO) && step->x->data_segments <= 1);
}

/* A load balancer puts the client's address in front (PROXY protocol), perhaps in one segment with
 * the ClientHello. */
static bool begins_behind_header(const struct diag_step *step, uint32_t *header)
{
    const struct diag_segment *seg = step->seg;

    if (step->from != DIAG_CLIENT || step->x->data_segments > 1)
        return false;
    *header = diag_upgrade_proxy_header(seg);
    return *header > 0 && *header < seg->captured &&
           diag_tls_looks_like(seg->data + *header, seg->captured - *header);
}

/* The second segment of a large ClientHello arrived, or was captured, before the first: in a new
 * connection, or behind the yes to STARTTLS. */
static bool may_begin_tls(const struct diag_step *step, uint32_t *seq)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_half *x = step->x;
    bool upgraded = conn->upgraded && conn->upgrade != DIAG_UPGRADE_EHLO;

    if (step->from != DIAG_CLIENT || !(upgraded || x->syn))
        return false;
    *seq = upgraded ? conn->upgrade_end : x->isn + 1;
    if (upgraded)
        return x->hole_count > 0 && x->hole[0].seq == *seq;
    return x->data_segments == 1 && step->seg->seq != *seq;
}

/* Where the sender's TLS begins, if it does. */
static bool tls_begins_at(const struct diag_step *step, uint32_t *seq)
{
    uint32_t header = 0;

    if (!step->seg->payload)
        return false;
    *seq = step->seg->seq;
    if (!step->seg->opaque && begins_tls(step))
        return true;
    if (!step->seg->opaque && begins_behind_header(step, &header)) {
        *seq += header;
        return true;
    }
    return may_begin_tls(step, seq);
}

static void begin_tls(const struct diag_step *step, uint32_t seq)
{
    struct diag_connection *conn = step->conn;

    conn->tls = diag_tls_new();
    diag_tls_read_certificates(conn->tls, conn->engine->certificates);
    diag_tls_count_dropped(conn->tls, &conn->engine->dropped[DIAG_DROPPED_tls_messages]);
    diag_tls_start(conn->tls, step->from, seq);
    if (step->y->segments)
        diag_tls_start(conn->tls, diag_peer(step->from), step->y->nxt);
    conn->request.tls = conn->request.due = true;
}

/* Once the handshake is over, a pure ACK tells the reader nothing. */
static bool concerns_tls(const struct diag_step *step)
{
    return step->seg->payload || step->fin || !diag_tls_established(step->conn);
}

/* Bytes before the ACK number that were not read: they are missing from the capture. */
static bool acknowledges_unread(const struct diag_step *step)
{
    const struct diag_tls_facts *facts = diag_tls_facts(step->conn->tls);
    const struct diag_tls_half *half = &facts->half[diag_peer(step->from)];

    return !facts->established.frame || half->pending || diag_seq_lt(half->next, step->seg->ack);
}

/* Early data (0-RTT) that the server took: only then does the client mark their end before its
 * Finished. A server may answer them at once, behind its own Finished. */
static bool owes_early_answer(const struct diag_tls_facts *facts)
{
    const struct diag_tls_half *client = &facts->half[facts->client];
    const struct diag_tls_half *server = &facts->half[diag_peer(facts->client)];
    const uint16_t end_of_early_data = 4 + 1 + 16; /* message, type, tag */

    return facts->client_hello->early_data && facts->asked &&
           facts->first_data[facts->client].frame && client->last_count > 1 &&
           client->last[client->last_count - 2].length == end_of_early_data && server->last_count &&
           diag_tls_finished_size(server->last[server->last_count - 1].length);
}

static void ask_again(struct diag_request *r, const struct diag_tls_facts *facts)
{
    r->seq = facts->asked_seq;
    r->frame = facts->first_data[facts->client].frame;
    r->bytes = r->end - r->seq;
}

/* TLS 1.3: the client's part ends the handshake, and nobody has to answer it. */
static void close_handshake(const struct diag_step *step)
{
    const struct diag_tls_facts *facts = diag_tls_facts(step->conn->tls);
    const struct diag_tls_half *half = &facts->half[step->from];
    struct diag_request *r = &step->conn->request;

    if (facts->established.frame == step->seg->frame && facts->client == step->from &&
        facts->version >= TLS_1_3 && half->last_count &&
        half->last[half->last_count - 1].type == DIAG_TLS_APPLICATION_DATA &&
        diag_tls_finished_size(half->last[half->last_count - 1].length)) {
        r->open = r->open && owes_early_answer(facts);
        if (r->open)
            ask_again(r, facts);
    }
}

/* Both have closed and have each other's last byte: nothing is left to read. */
static bool is_over(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    return conn->closer != DIAG_NO_SIDE && diag_both_fins(conn) && step->y->una_valid &&
           diag_seq_lt(step->y->fin_seq, step->y->una) && step->x->una_valid &&
           diag_seq_lt(step->x->fin_seq, step->x->una);
}

void diag_tls_apply(const struct diag_step *step)
{
    struct diag_connection *conn = step->conn;

    if (!conn->tls) {
        uint32_t seq;

        if (!tls_begins_at(step, &seq))
            return;
        begin_tls(step, seq);
    }
    if (concerns_tls(step)) {
        diag_tls_segment(conn->tls, step->from, step->seg);
        if (step->seg->payload)
            close_handshake(step);
    }
    if ((step->seg->flags & DIAG_ACK) && !step->rst && acknowledges_unread(step))
        diag_tls_acked(conn->tls, diag_peer(step->from), step->seg->ack);
    if (is_over(step))
        diag_tls_close(conn->tls);
}
