/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TLS session: takes the connection's segments, keeps the facts, and answers who is awaited.
 */
#include "tls/private.h"

struct diag_tls *diag_tls_new(void)
{
    struct diag_tls *tls = g_new0(struct diag_tls, 1);

    tls->facts.client_hello = &tls->client_hello;
    tls->messages = g_array_new(FALSE, FALSE, sizeof(struct diag_tls_message));
    for (int side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        struct diag_tls_reader *reader = &tls->reader[side];

        reader->tls = tls;
        reader->side = (enum diag_side)side;
        reader->half = &tls->facts.half[side];
        diag_stream_init(&reader->stream, diag_tls_consume, reader);
    }
    return tls;
}

void diag_tls_read_certificates(struct diag_tls *tls, struct diag_certificates *store)
{
    tls->store = store;
}

void diag_tls_count_dropped(struct diag_tls *tls, uint64_t *dropped)
{
    tls->dropped = dropped;
}

static void release(struct diag_tls_reader *reader)
{
    diag_stream_close(&reader->stream);
    diag_tls_certificates_end(reader);
    if (reader->message.body)
        g_byte_array_free(reader->message.body, TRUE);
    reader->message.body = NULL;
}

void diag_tls_close(struct diag_tls *tls)
{
    release(&tls->reader[DIAG_CLIENT]);
    release(&tls->reader[DIAG_SERVER]);
}

void diag_tls_free(struct diag_tls *tls)
{
    if (!tls)
        return;
    diag_tls_close(tls);
    g_array_free(tls->messages, TRUE);
    g_free(tls);
}

/* What is not an event but a state: how far the direction has come. */
static void refresh(struct diag_tls_reader *reader)
{
    struct diag_tls_half *half = reader->half;
    bool inside = reader->header_have == DIAG_TLS_HEADER;

    half->begun = reader->stream.started;
    half->next = reader->stream.next;
    half->pending = reader->stream.pending_bytes;
    half->unseen = diag_stream_unseen(&reader->stream);
    half->incomplete = reader->header_have > 0 && half->speech == DIAG_TLS_SPOKEN;
    half->wanting = 0;
    if (half->incomplete)
        half->wanting = inside ? reader->left : (uint32_t)(DIAG_TLS_HEADER - reader->header_have);
}

void diag_tls_start(struct diag_tls *tls, enum diag_side side, uint32_t seq)
{
    struct diag_tls_reader *reader = &tls->reader[side];

    if (reader->stream.touched)
        return;
    diag_stream_start(&reader->stream, seq);
    reader->trusted = true;
    refresh(reader);
}

static void take_payload(struct diag_tls_reader *reader, const struct diag_segment *segment,
                         uint32_t seq)
{
    const struct diag_stream_input input = {.seq = seq,
                                            .payload = segment->payload,
                                            .captured = segment->captured,
                                            .data = segment->data,
                                            .frame = segment->frame,
                                            .time_ns = segment->time_ns};

    diag_stream_segment(&reader->stream, &input);
}

/* Some drivers hand up pure ACKs with their Ethernet padding counted as IP payload. */
static bool is_padding(const struct diag_segment *segment)
{
    const uint32_t most = 6; /* 60 - 14 - 20 - 20 */

    if (segment->flags & DIAG_PSH || segment->payload < 2 || segment->payload > most ||
        segment->captured < segment->payload)
        return false;
    for (uint32_t i = 0; i < segment->payload; i++)
        if (segment->data[i] != 0)
            return false;
    return true;
}

void diag_tls_segment(struct diag_tls *tls, enum diag_side from, const struct diag_segment *segment)
{
    struct diag_tls_reader *reader = &tls->reader[from];
    struct diag_tls_reader *peer = &tls->reader[diag_peer(from)];
    bool syn = segment->flags & DIAG_SYN;
    uint32_t seq = segment->seq + syn;

    tls->frame = segment->frame;
    tls->time_ns = segment->time_ns;
    /* Text in a reset (RFC 9293 3.5.3) is no part of the stream. */
    if (segment->flags & DIAG_RST)
        return;
    if (syn)
        diag_tls_start(tls, from, seq);
    if (segment->payload > 0 && !is_padding(segment)) {
        /* What the sender has acknowledged came before the TLS that its bytes begin (STARTTLS). */
        if ((segment->flags & DIAG_ACK) && !peer->stream.touched) {
            diag_stream_start_near(&peer->stream, segment->ack);
            refresh(peer);
        }
        tls->decrypted = segment->decrypted;
        tls->decrypted_count = segment->decrypted_count;
        take_payload(reader, segment, seq);
        tls->decrypted_count = 0; /* borrowed */
    }
    if (segment->flags & DIAG_FIN)
        diag_stream_finish(&reader->stream, seq + segment->payload, segment->frame,
                           segment->time_ns);
    refresh(reader);
}

void diag_tls_acked(struct diag_tls *tls, enum diag_side sender, uint32_t ack)
{
    struct diag_tls_reader *reader = &tls->reader[sender];

    diag_stream_skip(&reader->stream, ack, tls->frame, tls->time_ns);
    refresh(reader);
}

const struct diag_tls_facts *diag_tls_facts(const struct diag_tls *tls)
{
    return &tls->facts;
}

static bool saw(const struct diag_tls_reader *reader, enum diag_tls_handshake type)
{
    return reader->seen & 1u << type;
}

/* RFC 8446 6.2: in TLS 1.3 every alert ends the session but these; before, the level decides. */
static bool ends_session(const struct diag_tls_facts *facts, const struct diag_tls_alert *alert)
{
    const uint8_t close_notify = 0, user_canceled = 90;

    if (alert->encrypted || alert->level == 2 || alert->description == close_notify)
        return true;
    return facts->version >= DIAG_TLS_1_3 && alert->description != user_canceled;
}

static bool is_over(const struct diag_tls_facts *facts)
{
    for (size_t side = 0; side < 2; side++)
        if (facts->half[side].speech == DIAG_TLS_NOT_TLS)
            return true;
    for (size_t i = 0; i < facts->alert_count; i++)
        if (ends_session(facts, &facts->alerts[i]))
            return true;
    /* The capture may lack the handshake that the server's data prove. */
    return facts->established.frame || facts->first_data[diag_peer(facts->client)].frame;
}

/* TLS 1.3 after the ServerHello (RFC 8446 2). */
static enum diag_tls_expect next_of_1_3(const struct diag_tls_facts *facts)
{
    return facts->server_finished.frame ? DIAG_TLS_EXPECT_client_finished
                                        : DIAG_TLS_EXPECT_server_flight;
}

/* An abbreviated handshake of TLS <= 1.2 (RFC 5246 7.3, figure 2). */
static enum diag_tls_expect next_of_resumption(const struct diag_tls_facts *facts)
{
    return facts->server_finished.frame ? DIAG_TLS_EXPECT_client_finished
                                        : DIAG_TLS_EXPECT_server_finished;
}

/* A full handshake of TLS <= 1.2 (RFC 5246 7.3, figure 1). The furthest message seen decides. */
static enum diag_tls_expect next_of_1_2(const struct diag_tls_facts *facts,
                                        const struct diag_tls_reader *client,
                                        const struct diag_tls_reader *server)
{
    uint16_t cipher = facts->server_hello.cipher;

    if (facts->client_finished.frame)
        return DIAG_TLS_EXPECT_server_finished;
    if (client->half->ccs || saw(client, DIAG_TLS_CLIENT_KEY_EXCHANGE))
        return DIAG_TLS_EXPECT_client_finished;
    if (facts->server_hello_done.frame)
        return DIAG_TLS_EXPECT_client_key_exchange;
    if (saw(server, DIAG_TLS_SERVER_KEY_EXCHANGE) || saw(server, DIAG_TLS_CERTIFICATE_REQUEST))
        return DIAG_TLS_EXPECT_server_hello_done;
    if (!facts->certificates.frame && diag_tls_cipher_certifies(cipher))
        return DIAG_TLS_EXPECT_server_certificate;
    return diag_tls_cipher_exchanges(cipher) ? DIAG_TLS_EXPECT_server_key_exchange
                                             : DIAG_TLS_EXPECT_server_hello_done;
}

static bool resumes(const struct diag_tls_facts *facts, const struct diag_tls_reader *server)
{
    if (facts->certificates.frame || facts->server_hello_done.frame ||
        saw(server, DIAG_TLS_SERVER_KEY_EXCHANGE))
        return false;
    return facts->resumed || facts->server_hello.session_id_echoed;
}

static enum diag_tls_expect next_message(const struct diag_tls *tls)
{
    const uint32_t behind_hello = 1u << DIAG_TLS_CERTIFICATE | 1u << DIAG_TLS_SERVER_KEY_EXCHANGE |
                                  1u << DIAG_TLS_SERVER_HELLO_DONE;
    const struct diag_tls_facts *facts = &tls->facts;
    const struct diag_tls_reader *server = diag_tls_reader_of(tls, false);

    if (!facts->server_hello_at.frame && !(server->seen & behind_hello)) {
        if (facts->hello_retries >= tls->client_hellos)
            return DIAG_TLS_EXPECT_client_hello;
        return DIAG_TLS_EXPECT_server_hello;
    }
    if (facts->version >= DIAG_TLS_1_3)
        return next_of_1_3(facts);
    if (resumes(facts, server))
        return next_of_resumption(facts);
    return next_of_1_2(facts, diag_tls_reader_of(tls, true), server);
}

static bool comes_from_client(enum diag_tls_expect expect)
{
    return expect == DIAG_TLS_EXPECT_client_hello || expect == DIAG_TLS_EXPECT_client_finished ||
           expect == DIAG_TLS_EXPECT_client_key_exchange;
}

enum diag_tls_expect diag_tls_waiting_for(const struct diag_tls *tls, enum diag_side *who)
{
    *who = DIAG_NO_SIDE;
    if (is_over(&tls->facts))
        return DIAG_TLS_EXPECT_nothing;
    enum diag_tls_expect expect = next_message(tls);
    const struct diag_tls_reader *awaited = diag_tls_reader_of(tls, comes_from_client(expect));

    /* What was not captured may have been it, and data show that a hello came before. */
    if (awaited->half->missed ||
        (expect == DIAG_TLS_EXPECT_client_hello && awaited->half->data_records > 0))
        return DIAG_TLS_EXPECT_nothing;
    *who = awaited->side;
    return expect;
}

const char *diag_tls_expect_name(enum diag_tls_expect expect)
{
    static const char *const names[] = {
#define EXPECTATION(name) #name,
        DIAG_TLS_EXPECTATIONS(EXPECTATION)
#undef EXPECTATION
    };

    return names[expect];
}
