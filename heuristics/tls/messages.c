/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each handshake message in clear means for the session.
 */
#include "tls/private.h"

#include <string.h>

static char letter_of(uint8_t type)
{
    /* Zeek's letters; Z is unassigned. 6 was HelloRetryRequest in drafts of TLS 1.3. */
    static const char letters[] = "HCSVTEJZOZZXKRNYGZZZFWUAPX";

    return type == DIAG_TLS_MESSAGE_HASH ? 'M' : letters[type];
}

static bool is_partial(const struct diag_tls_assembly *message)
{
    return message->holed || message->body->len < message->length;
}

/* The side that sends the first ClientHello is the TLS client, whoever opened the connection. */
static void settle_roles(struct diag_tls_reader *reader)
{
    struct diag_tls_facts *facts = &reader->tls->facts;

    if (facts->client == reader->side || facts->message_count > 0)
        return;
    facts->client = reader->side;
    diag_tls_add_letter(facts, '^');
}

static void client_hello_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls *tls = reader->tls;
    struct diag_tls_reader *peer = &tls->reader[diag_peer(reader->side)];
    const struct diag_tls_assembly *message = &reader->message;
    struct diag_tls_client_hello *hello = &tls->client_hello;

    settle_roles(reader);
    if (!diag_tls_is_client(reader))
        return;
    if (peer->half->speech == DIAG_TLS_SILENT)
        peer->trusted = true;
    if (tls->client_hellos < UINT8_MAX)
        tls->client_hellos++;
    diag_tls_happen_once(&tls->facts.first_client_hello, chunk);
    tls->facts.last_client_hello = diag_tls_moment_of(chunk);
    if (hello->length > 0)
        return;
    hello->length = message->length + DIAG_TLS_HANDSHAKE_HEADER;
    hello->segments = message->segments;
    hello->partial = is_partial(message);
    if (message->v2)
        diag_tls_read_v2_hello(hello, message->body->data, message->body->len);
    else
        diag_tls_read_client_hello(hello, &tls->session_id, message->body->data,
                                   message->body->len);
}

static bool same_id(const struct diag_tls_session_id *a, const struct diag_tls_session_id *b)
{
    return a->length > 0 && a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Returns its letter. */
static char server_hello_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls *tls = reader->tls;
    struct diag_tls_facts *facts = &tls->facts;
    const struct diag_tls_assembly *message = &reader->message;
    struct diag_tls_server_hello hello = {.length = message->length + DIAG_TLS_HANDSHAKE_HEADER,
                                          .partial = is_partial(message)};
    struct diag_tls_session_id id = {0};
    bool retry;

    if (diag_tls_is_client(reader) || facts->server_hello_at.frame)
        return 'S';
    retry = diag_tls_read_server_hello(&hello, &id, message->body->data, message->body->len);
    hello.session_id_echoed = same_id(&id, &tls->session_id);
    facts->server_hello = hello;
    facts->version = hello.version;
    if (retry) {
        facts->hello_retry = diag_tls_moment_of(chunk);
        if (facts->hello_retries < UINT8_MAX)
            facts->hello_retries++;
        return 'J';
    }
    facts->server_hello_at = diag_tls_moment_of(chunk);
    facts->resumed = diag_tls_is_1_3(tls) && hello.psk;
    return 'S';
}

/* Self-signed ones run out on many an appliance, and tell nothing about the file's clock. */
static void doubt_the_clock(struct diag_tls *tls, int64_t now_ns)
{
    const struct diag_certificate_entry *own = tls->facts.certificates.chain[0];

    if (own && !own->facts.self_signed && diag_certificate_out_of_date(&own->facts, now_ns))
        diag_certificates_note_out_of_date(tls->store, own);
}

static void certificate_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_certificates *seen = &reader->tls->facts.certificates;
    const struct diag_tls_assembly *message = &reader->message;

    bool compressed = message->type == DIAG_TLS_COMPRESSED_CERTIFICATE;

    if (diag_tls_is_client(reader) || seen->frame)
        return;
    bool readable = !compressed || diag_tls_certificates_inflate(reader);

    doubt_the_clock(reader->tls, chunk->time_ns);
    seen->frame = chunk->frame;
    seen->time_ns = chunk->time_ns;
    seen->length = message->length + DIAG_TLS_HANDSHAKE_HEADER;
    seen->compressed = compressed;
    seen->count = readable ? message->walk.count : 0;
}

static void key_exchange_done(struct diag_tls_reader *reader)
{
    struct diag_tls_server_hello *hello = &reader->tls->facts.server_hello;
    const GByteArray *body = reader->message.body;

    if (diag_tls_is_client(reader) || hello->group || !diag_tls_cipher_has_curve(hello->cipher))
        return;
    hello->group = diag_tls_read_key_exchange(body->data, body->len);
}

/* In TLS 1.3, and with keys: else its length has to tell. */
static void finished_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    bool client = diag_tls_is_client(reader);

    if (!diag_tls_is_1_3(reader->tls))
        return;
    diag_tls_happen_once(client ? &facts->client_finished : &facts->server_finished, chunk);
    if (client)
        diag_tls_happen_once(&facts->established, chunk);
}

/* What the message tells; returns its letter. */
static char learn(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;

    switch (reader->message.type) {
    case DIAG_TLS_CLIENT_HELLO:
        client_hello_done(reader, chunk);
        break;
    case DIAG_TLS_SERVER_HELLO:
        return server_hello_done(reader, chunk);
    case DIAG_TLS_CERTIFICATE:
    case DIAG_TLS_COMPRESSED_CERTIFICATE:
        certificate_done(reader, chunk);
        break;
    case DIAG_TLS_SERVER_KEY_EXCHANGE:
        key_exchange_done(reader);
        break;
    case DIAG_TLS_CERTIFICATE_REQUEST:
        facts->certificate_requested = true;
        break;
    case DIAG_TLS_SERVER_HELLO_DONE:
        diag_tls_happen_once(&facts->server_hello_done, chunk);
        break;
    case DIAG_TLS_FINISHED:
        finished_done(reader, chunk);
        break;
    default:
        break;
    }
    return letter_of(reader->message.type);
}

void diag_tls_message_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                           uint32_t end)
{
    const struct diag_tls_assembly *message = &reader->message;
    struct diag_tls_message done = {.handshake = message->type,
                                    .holed = message->holed,
                                    .first_frame = message->first_frame,
                                    .frame = chunk->frame,
                                    .time_ns = chunk->time_ns,
                                    .length = message->length + DIAG_TLS_HANDSHAKE_HEADER,
                                    .start = message->start,
                                    .end = end};

    if (message->type < 32)
        reader->seen |= 1u << message->type;
    done.letter = learn(reader, chunk);
    diag_tls_note(reader, &done);
}
