/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is awaited in a TLS handshake, for what, since when. The reader says which message is due
 * next; here its absence becomes one of the waits of the catalogue, if the packets leave no doubt
 * whose turn it is.
 */
#include "rules/silence.h"

/* ---- bytes that are missing inside a flight */

const struct diag_hole *diag_flight_gap(const struct diag_connection *conn, enum diag_side sender)
{
    const struct diag_half *x = &conn->half[sender];
    const struct diag_hole *hole = diag_asked_hole(x);

    /* Behind the hole there is more than a FIN. */
    return hole && hole->frame != x->fin_frame ? hole : NULL;
}

static uint32_t segment_size(const struct diag_half *receiver)
{
    const uint32_t least = 536; /* RFC 9293 3.7.1 */

    return receiver->mss ? receiver->mss : least;
}

/* A segment of full size that arrived shows that size is not what keeps the others back. */
static bool large_one_arrived(const struct diag_half *x, uint32_t behind, uint32_t mss)
{
    for (uint32_t i = 0; i < x->flight_count; i++)
        if (diag_seq_le(behind, x->flight[i].seq) &&
            x->flight[i].end - x->flight[i].seq + 60 >= mss)
            return true;
    return false;
}

bool diag_only_small_ones_pass(const struct diag_connection *conn, enum diag_side sender,
                               uint32_t missing)
{
    const struct diag_half *x = &conn->half[sender];
    uint32_t mss = segment_size(&conn->half[diag_peer(sender)]);

    return x->hole_count && x->hole[0].frame != x->fin_frame && missing + 60 >= mss &&
           !large_one_arrived(x, x->hole[0].end, mss);
}

/* ---- the server is awaited */

static void expect_from(const struct diag_connection *conn, enum diag_side who,
                        struct diag_wait *wait)
{
    wait->who = who;
    wait->expected = conn->half[diag_peer(who)].ack;
}

static bool awaits_lost_bytes(const struct diag_connection *conn, struct diag_wait *wait)
{
    const struct diag_hole *hole = diag_flight_gap(conn, DIAG_SERVER);

    if (!hole)
        return false;
    *wait = (struct diag_wait){.id = DIAG_tls_server_flight_gap,
                               .who = DIAG_SERVER,
                               .since_ns = hole->time_ns,
                               .frame = hole->frame,
                               .role = DIAG_ROLE_data,
                               .expected = hole->seq,
                               .ack_frame = hole->asked_frame};
    return true;
}

static bool awaits_server_hello(const struct diag_connection *conn,
                                const struct diag_tls_facts *tls, struct diag_wait *wait)
{
    if (awaits_lost_bytes(conn, wait))
        return true;
    *wait = (struct diag_wait){.id = DIAG_tls_no_server_hello,
                               .since_ns = conn->request.last_ns,
                               .frame = tls->last_client_hello.frame,
                               .role = DIAG_ROLE_client_hello,
                               .ack_frame = conn->request.acked_frame};
    expect_from(conn, DIAG_SERVER, wait);
    return conn->request.open && conn->request.acked_frame;
}

/* Seen beside the server: it has sent, and sends again what the client does not acknowledge. Then
 * it is not the one that is silent. */
static bool sent_in_vain(const struct diag_connection *conn)
{
    const struct diag_half *server = &conn->half[DIAG_SERVER];

    return diag_outstanding(conn, DIAG_SERVER) > 0 && server->again > 0;
}

/* The server has said its hello, and must say more without being asked. */
static bool awaits_flight(const struct diag_connection *conn, const struct diag_tls_facts *tls,
                          struct diag_wait *wait)
{
    const struct diag_half *server = &conn->half[DIAG_SERVER];
    const struct diag_half *client = &conn->half[DIAG_CLIENT];
    const struct diag_hole *hole = diag_flight_gap(conn, DIAG_SERVER);

    if (!tls->server_hello_at.frame || !client->ack_valid || sent_in_vain(conn))
        return false;
    if (hole && !diag_only_small_ones_pass(conn, DIAG_SERVER, hole->end - hole->seq))
        return awaits_lost_bytes(conn, wait);
    *wait = (struct diag_wait){.id = DIAG_tls_stall_after_server_hello,
                               .since_ns = server->data_frame ? server->data_ns
                                                              : tls->server_hello_at.time_ns,
                               .frame = tls->server_hello_at.frame,
                               .role = DIAG_ROLE_server_hello,
                               .ack_frame = client->ack_frame};
    expect_from(conn, DIAG_SERVER, wait);
    return true;
}

/* The capture holds all that the server has said. */
static bool has_all_of_server(const struct diag_connection *conn, const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *half = &tls->half[DIAG_SERVER];

    return !half->lost && !half->missed && !half->uncaptured && !half->unseen && !half->pending &&
           !conn->half[DIAG_SERVER].hole_count && !diag_raised(conn, DIAG_cap_gap_not_captured);
}

/* TLS <= 1.2: the client has finished, and its Finished was acknowledged. A session ticket may have
 * come in between (RFC 5077 3.3). */
static bool awaits_server_finished(const struct diag_connection *conn,
                                   const struct diag_tls_facts *tls, struct diag_wait *wait)
{
    if (awaits_lost_bytes(conn, wait))
        return true;
    *wait = (struct diag_wait){.id = DIAG_tls_stall_server_finished,
                               .since_ns = conn->request.last_ns,
                               .frame = tls->client_finished.frame,
                               .role = DIAG_ROLE_record,
                               .ack_frame = conn->request.acked_frame};
    expect_from(conn, DIAG_SERVER, wait);
    return conn->request.acked_frame && (conn->request.open || has_all_of_server(conn, tls));
}

/* ---- the client is awaited */

/* TLS 1.3 does not show where the flight ends. One record holds all of it, or the last of several
 * can be a Finished; anything else may be the beginning of a flight whose rest the server owes. */
static bool flight_ended(const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *server = &tls->half[DIAG_SERVER];
    uint32_t hidden = 0;
    uint16_t last = 0;

    if (server->incomplete)
        return false;
    if (tls->version < 0x0304)
        return true;
    for (uint32_t i = 0; i < server->last_count; i++) {
        hidden += server->last[i].type == DIAG_TLS_APPLICATION_DATA;
        last = server->last[i].length;
    }
    return hidden == 1 || diag_tls_finished_size(last);
}

static bool nothing_under_way(const struct diag_connection *conn)
{
    const struct diag_half *server = &conn->half[DIAG_SERVER];

    return server->una_valid && !diag_outstanding(conn, DIAG_SERVER) &&
           !diag_outstanding(conn, DIAG_CLIENT) && !server->hole_count &&
           !conn->half[DIAG_CLIENT].hole_count && !diag_unseen(conn, DIAG_CLIENT);
}

/* The last word was a message of the server's handshake: who answers a heartbeat in between, or is
 * asked something else, has another talk. */
static bool ends_in_handshake(const struct diag_connection *conn, const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *server = &tls->half[DIAG_SERVER];
    uint8_t type = server->last_count ? server->last[server->last_count - 1].type : 0;

    return conn->half[DIAG_SERVER].data_frame > conn->half[DIAG_CLIENT].data_frame &&
           (type == DIAG_TLS_HANDSHAKE ||
            (type == DIAG_TLS_APPLICATION_DATA && tls->version >= 0x0304));
}

/* All of the server's flight was acknowledged, and it is complete. Until then it may have been
 * lost. */
static bool awaits_client(const struct diag_connection *conn, const struct diag_tls_facts *tls,
                          struct diag_wait *wait)
{
    const struct diag_half *server = &conn->half[DIAG_SERVER];
    const struct diag_half *client = &conn->half[DIAG_CLIENT];

    if (!tls->server_hello_at.frame || !nothing_under_way(conn) || !flight_ended(tls) ||
        !ends_in_handshake(conn, tls))
        return false;
    *wait = (struct diag_wait){.id = DIAG_tls_stall_client_after_cert,
                               .since_ns = diag_max_ns(conn->last_data_ns, client->ack_ns),
                               .frame = server->data_frame,
                               .role = DIAG_ROLE_last,
                               .ack_frame = client->ack_frame};
    expect_from(conn, DIAG_CLIENT, wait);
    return true;
}

/* What the client misses, in the words of the summary. */
static const char *words_for(enum diag_tls_expect expect)
{
    switch (expect) {
    case DIAG_TLS_EXPECT_server_certificate:
        return "certificate";
    case DIAG_TLS_EXPECT_server_key_exchange:
        return "ServerKeyExchange";
    case DIAG_TLS_EXPECT_server_hello_done:
        return "ServerHelloDone";
    case DIAG_TLS_EXPECT_server_finished:
        return "Finished";
    default:
        return "encrypted record";
    }
}

bool diag_awaits_tls(const struct diag_connection *conn, struct diag_wait *wait)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    enum diag_side who = DIAG_NO_SIDE;
    enum diag_tls_expect expect =
        tls ? diag_tls_waiting_for(conn->tls, &who) : DIAG_TLS_EXPECT_nothing;
    bool awaited = false;

    /* FTP in active mode turns the roles around. What its peer acknowledged and the capture does
     * not hold may be what is awaited. */
    if (who == DIAG_NO_SIDE || tls->client != DIAG_CLIENT || tls->half[who].unseen)
        return false;
    if (expect == DIAG_TLS_EXPECT_server_hello)
        return awaits_server_hello(conn, tls, wait);
    if (who == DIAG_SERVER && tls->client_finished.frame)
        return awaits_server_finished(conn, tls, wait);
    awaited = who == DIAG_SERVER ? awaits_flight(conn, tls, wait) : awaits_client(conn, tls, wait);
    if (awaited && wait->id == DIAG_tls_stall_after_server_hello)
        wait->text = words_for(expect);
    return awaited;
}
