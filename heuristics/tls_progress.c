/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each message and record means for the session: history, hellos, alerts and milestones.
 * Without keys some of it is a question of lengths; the comments say where.
 */
#include "tls_private.h"

#include <string.h>

/* Runs of data leave room in the history for what comes at the end of a connection. */
#define MAX_DATA_MESSAGES (DIAG_TLS_MAX_MESSAGES - 8)
/* No encrypted record with a Finished is shorter: 4 + 32 bytes, type, and the 8-byte tag of CCM_8.
 */
#define SHORTEST_FINISHED 45

static struct diag_tls_moment moment(const struct diag_chunk *chunk)
{
    return (struct diag_tls_moment){chunk->frame, chunk->time_ns};
}

static void happen_once(struct diag_tls_moment *what, const struct diag_chunk *chunk)
{
    if (what->frame == 0)
        *what = moment(chunk);
}

static bool is_1_3(const struct diag_tls *tls)
{
    return tls->facts.version >= DIAG_TLS_1_3;
}

bool diag_tls_encrypts(const struct diag_tls_reader *reader)
{
    const struct diag_tls *tls = reader->tls;

    if (!reader->half->ccs)
        return false;
    /* Until the server has chosen, a TLS 1.3 client's may be the meaningless one (RFC 8446 D.4). */
    return (tls->facts.version ? tls->facts.version : tls->client_hello.max_version) < DIAG_TLS_1_3;
}

static void add_letter(struct diag_tls_facts *facts, char letter)
{
    size_t n = strlen(facts->history);

    if (n + 1 < sizeof facts->history) {
        facts->history[n] = letter;
        facts->history[n + 1] = '\0';
    }
}

static bool continues_data(const struct diag_tls *tls, const struct diag_tls_message *message)
{
    const struct diag_tls_message *last;

    if (message->letter != 'D' || tls->messages->len == 0)
        return false;
    last = &g_array_index(tls->messages, struct diag_tls_message, tls->messages->len - 1);
    return last->side == message->side && (last->letter == 'D' || last->letter == 'd');
}

void diag_tls_note(struct diag_tls_reader *reader, const struct diag_tls_message *message)
{
    struct diag_tls *tls = reader->tls;
    struct diag_tls_facts *facts = &tls->facts;
    guint limit = message->letter == 'D' ? MAX_DATA_MESSAGES : DIAG_TLS_MAX_MESSAGES;
    struct diag_tls_message noted = *message;

    noted.side = reader->side;
    if (continues_data(tls, &noted))
        return;
    if (tls->messages->len >= limit) {
        facts->messages_dropped++;
        return;
    }
    if (!diag_tls_is_client(reader))
        noted.letter = (char)(noted.letter + ('a' - 'A'));
    g_array_append_val(tls->messages, noted);
    facts->messages = &g_array_index(tls->messages, struct diag_tls_message, 0);
    facts->message_count = (uint8_t)tls->messages->len;
    add_letter(facts, noted.letter);
}

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
    add_letter(facts, '^');
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
    happen_once(&tls->facts.first_client_hello, chunk);
    tls->facts.last_client_hello = moment(chunk);
    if (hello->length > 0)
        return;
    hello->length = message->length + DIAG_TLS_HANDSHAKE_HEADER;
    hello->segments = message->segments;
    hello->partial = is_partial(message);
    diag_tls_read_client_hello(hello, &tls->session_id, message->body->data, message->body->len);
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
        happen_once(&facts->hello_retry, chunk);
        if (facts->hello_retries < UINT8_MAX)
            facts->hello_retries++;
        return 'J';
    }
    facts->server_hello_at = moment(chunk);
    facts->resumed = is_1_3(tls) && hello.psk;
    return 'S';
}

static void certificate_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_certificates *seen = &reader->tls->facts.certificates;
    const struct diag_tls_assembly *message = &reader->message;

    if (diag_tls_is_client(reader) || seen->frame)
        return;
    seen->frame = chunk->frame;
    seen->length = message->length + DIAG_TLS_HANDSHAKE_HEADER;
    seen->count = message->walk.count;
    seen->compressed = message->type == DIAG_TLS_COMPRESSED_CERTIFICATE;
}

static void key_exchange_done(struct diag_tls_reader *reader)
{
    struct diag_tls_server_hello *hello = &reader->tls->facts.server_hello;
    const GByteArray *body = reader->message.body;

    if (diag_tls_is_client(reader) || hello->group || !diag_tls_cipher_has_curve(hello->cipher))
        return;
    hello->group = diag_tls_read_key_exchange(body->data, body->len);
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
        happen_once(&facts->server_hello_done, chunk);
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

static void note_record(struct diag_tls_reader *reader, const struct diag_chunk *chunk, char letter)
{
    const struct diag_tls_message message = {.letter = letter,
                                             .handshake = DIAG_TLS_NO_HANDSHAKE,
                                             .holed = reader->holed,
                                             .first_frame = reader->first_frame,
                                             .frame = chunk->frame,
                                             .time_ns = chunk->time_ns,
                                             .length = reader->record.length,
                                             .start = reader->start,
                                             .end = reader->record.end};

    diag_tls_note(reader, &message);
}

static void alert_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    bool clear = !reader->opaque && reader->record.length == 2 && reader->alert_have == 2;
    struct diag_tls_alert alert = {.side = reader->side,
                                   .encrypted = !clear,
                                   .frame = chunk->frame,
                                   .time_ns = chunk->time_ns,
                                   .end = reader->record.end};

    if (clear) {
        alert.level = reader->alert[0];
        alert.description = reader->alert[1];
    }
    if (reader->opaque || (clear && alert.description == 0))
        happen_once(&facts->close_notify[reader->side], chunk);
    if (facts->alert_count < DIAG_TLS_MAX_ALERTS)
        facts->alerts[facts->alert_count++] = alert;
    else
        facts->alerts_dropped++;
    note_record(reader, chunk, 'L');
}

static void cipher_changed(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    const uint32_t full = 1u << DIAG_TLS_CERTIFICATE | 1u << DIAG_TLS_SERVER_KEY_EXCHANGE |
                          1u << DIAG_TLS_SERVER_HELLO_DONE;
    struct diag_tls_facts *facts = &reader->tls->facts;

    reader->half->ccs = true;
    /* A full handshake has a ServerHelloDone before, whatever the way to authenticate. */
    if (facts->server_hello_at.frame && !is_1_3(reader->tls) && !diag_tls_is_client(reader) &&
        !(reader->seen & full) && !reader->half->missed)
        facts->resumed = true;
    note_record(reader, chunk, 'I');
}

static struct diag_tls_moment *finished_of(struct diag_tls_reader *reader)
{
    struct diag_tls_facts *facts = &reader->tls->facts;

    return diag_tls_is_client(reader) ? &facts->client_finished : &facts->server_finished;
}

/* TLS <= 1.2: the first handshake record behind the ChangeCipherSpec; others renegotiate. */
static void encrypted_handshake_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    struct diag_tls_moment *finished = finished_of(reader);

    note_record(reader, chunk, finished->frame ? 'Q' : 'F');
    happen_once(finished, chunk);
    if (facts->client_finished.frame && facts->server_finished.frame)
        happen_once(&facts->established, chunk);
}

/* Behind early data a Finished is known by its exact length only: SHA-256 or SHA-384, tag of 8 or
 * 16 bytes. */
static bool holds_finished(const struct diag_tls_reader *reader)
{
    uint16_t n = reader->record.length;

    if (diag_tls_is_client(reader) && reader->tls->client_hello.early_data)
        return n == 45 || n == 53 || n == 61 || n == 69;
    return n >= SHORTEST_FINISHED;
}

/* TLS 1.3 after the ServerHello: true when the record belongs to the handshake. */
static bool is_hidden_handshake(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    struct diag_tls_moment *finished = finished_of(reader);

    if (!is_1_3(reader->tls) || !facts->server_hello_at.frame)
        return false;
    if (!finished->frame && holds_finished(reader)) {
        *finished = moment(chunk);
        /* A client finishes only after the whole flight of the server. */
        if (diag_tls_is_client(reader))
            happen_once(&facts->established, chunk);
        return true;
    }
    return !facts->client_finished.frame;
}

static void data_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;

    reader->half->data_records++;
    reader->half->data_bytes += reader->record.length;
    note_record(reader, chunk, 'D');
    if (is_hidden_handshake(reader, chunk))
        return;
    happen_once(&facts->first_data[reader->side], chunk);
    /* TLS <= 1.2: a server sends data only when both have finished, captured or not. */
    if (facts->server_hello_at.frame && !diag_tls_is_client(reader))
        happen_once(&facts->established, chunk);
}

static void remember_record(struct diag_tls_reader *reader)
{
    struct diag_tls_half *half = reader->half;

    if (half->last_count == DIAG_TLS_MAX_RECORDS)
        memmove(half->last, half->last + 1, sizeof half->last - sizeof half->last[0]);
    else
        half->last_count++;
    half->last[half->last_count - 1] = reader->record;
    half->records++;
    half->end_of_last_message = reader->record.end;
}

void diag_tls_record_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    remember_record(reader);
    switch (reader->record.type) {
    case DIAG_TLS_CHANGE_CIPHER_SPEC:
        cipher_changed(reader, chunk);
        break;
    case DIAG_TLS_ALERT:
        alert_done(reader, chunk);
        break;
    case DIAG_TLS_HANDSHAKE:
        if (reader->opaque)
            encrypted_handshake_done(reader, chunk);
        break;
    case DIAG_TLS_APPLICATION_DATA:
        data_done(reader, chunk);
        break;
    default:
        note_record(reader, chunk, 'B');
        break;
    }
}
