/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each record means for the session: history, alerts, data and milestones. Without keys some
 * of it is a question of lengths; the comments say where.
 */
#include "tls/private.h"

#include <string.h>

/* Runs of data leave room in the history for what comes at the end of a connection. */
#define MAX_DATA_MESSAGES (DIAG_TLS_MAX_MESSAGES - 8)
/* No encrypted record with a Finished is shorter: 4 + 32 bytes, type, and the 8-byte tag of CCM_8.
 */
#define SHORTEST_FINISHED 45

/* The ServerHello may be missing from the capture; TLS 1.3 has none of these in clear. */
static bool shows_1_2(const struct diag_tls *tls)
{
    const uint32_t clear = 1u << DIAG_TLS_CERTIFICATE | 1u << DIAG_TLS_SERVER_KEY_EXCHANGE |
                           1u << DIAG_TLS_SERVER_HELLO_DONE | 1u << DIAG_TLS_CLIENT_KEY_EXCHANGE |
                           1u << DIAG_TLS_NEW_SESSION_TICKET;

    return (tls->reader[DIAG_CLIENT].seen | tls->reader[DIAG_SERVER].seen) & clear;
}

bool diag_tls_encrypts(const struct diag_tls_reader *reader)
{
    const struct diag_tls *tls = reader->tls;

    if (!reader->half->ccs || diag_tls_is_1_3(tls))
        return false;
    /* Until the server has chosen, a TLS 1.3 client's may be the meaningless one (RFC 8446 D.4). */
    return tls->facts.version || tls->client_hello.max_version < DIAG_TLS_1_3 || shows_1_2(tls);
}

void diag_tls_add_letter(struct diag_tls_facts *facts, char letter)
{
    size_t n = strlen(facts->history);

    if (n + 1 < sizeof facts->history) {
        facts->history[n] = letter;
        facts->history[n + 1] = '\0';
    }
}

/* Data, and what cannot be told apart, is noted once until something else happens. */
static bool continues_run(const struct diag_tls *tls, const struct diag_tls_message *message)
{
    const struct diag_tls_message *last;

    if ((message->letter != 'D' && message->letter != 'Q') || tls->messages->len == 0)
        return false;
    last = &g_array_index(tls->messages, struct diag_tls_message, tls->messages->len - 1);
    return last->side == message->side &&
           (last->letter == message->letter || last->letter == message->letter + ('a' - 'A'));
}

static void leave_out(const struct diag_tls *tls)
{
    if (tls->dropped)
        ++*tls->dropped;
}

/* In a long session data come and go in more runs than anybody lists; alerts are counted as such.
 */
static bool is_missed(const struct diag_tls_message *message)
{
    return message->letter != 'D' && message->letter != 'L';
}

void diag_tls_note(struct diag_tls_reader *reader, const struct diag_tls_message *message)
{
    struct diag_tls *tls = reader->tls;
    struct diag_tls_facts *facts = &tls->facts;
    guint limit = message->letter == 'D' ? MAX_DATA_MESSAGES : DIAG_TLS_MAX_MESSAGES;
    struct diag_tls_message noted = *message;

    noted.side = reader->side;
    if (continues_run(tls, &noted))
        return;
    if (tls->messages->len >= limit) {
        facts->messages_dropped++;
        if (is_missed(message))
            leave_out(tls);
        return;
    }
    if (!diag_tls_is_client(reader))
        noted.letter = (char)(noted.letter + ('a' - 'A'));
    g_array_append_val(tls->messages, noted);
    facts->messages = &g_array_index(tls->messages, struct diag_tls_message, 0);
    facts->message_count = (uint8_t)tls->messages->len;
    diag_tls_add_letter(facts, noted.letter);
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

static void alert_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                       const struct diag_decrypted *decrypted)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    const uint8_t *said = decrypted ? decrypted->data : reader->alert;
    bool clear = decrypted
                     ? decrypted->length == 2
                     : !reader->opaque && reader->record.length == 2 && reader->alert_have == 2;
    struct diag_tls_alert alert = {.side = reader->side,
                                   .encrypted = !clear,
                                   .frame = chunk->frame,
                                   .time_ns = chunk->time_ns,
                                   .end = reader->record.end};

    if (clear) {
        alert.level = said[0];
        alert.description = said[1];
    }
    if (alert.description == 0 && (clear || reader->opaque))
        diag_tls_happen_once(&facts->close_notify[reader->side], chunk);
    if (facts->alert_count < DIAG_TLS_MAX_ALERTS) {
        facts->alerts[facts->alert_count++] = alert;
    } else {
        facts->alerts_dropped++;
        leave_out(reader->tls);
    }
    note_record(reader, chunk, 'L');
}

static void cipher_changed(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    const uint32_t full = 1u << DIAG_TLS_CERTIFICATE | 1u << DIAG_TLS_SERVER_KEY_EXCHANGE |
                          1u << DIAG_TLS_SERVER_HELLO_DONE;
    struct diag_tls_facts *facts = &reader->tls->facts;

    reader->half->ccs = true;
    /* A full handshake has a ServerHelloDone before, whatever the way to authenticate. */
    if (facts->server_hello_at.frame && !diag_tls_is_1_3(reader->tls) &&
        !diag_tls_is_client(reader) && !(reader->seen & full) && !reader->half->missed)
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
    diag_tls_happen_once(finished, chunk);
    if (facts->client_finished.frame && facts->server_finished.frame)
        diag_tls_happen_once(&facts->established, chunk);
}

/* Behind early data a Finished is known by its exact length only. */
static bool holds_finished(const struct diag_tls_reader *reader)
{
    uint16_t n = reader->record.length;

    if (diag_tls_is_client(reader) && reader->tls->client_hello.early_data)
        return diag_tls_finished_size(n);
    return n >= SHORTEST_FINISHED;
}

/* A client that has a certificate sends that, CertificateVerify and then its Finished: what came
 * before it was no data. */
static bool is_finished_after_all(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;

    if (!diag_tls_is_client(reader) || !reader->finished_unsure ||
        !diag_tls_finished_size(reader->record.length))
        return false;
    reader->finished_unsure = false;
    facts->client_finished = diag_tls_moment_of(chunk);
    facts->first_data[reader->side] = (struct diag_tls_moment){0};
    facts->asked = false;
    return true;
}

/* TLS 1.3 after the ServerHello: true when the record belongs to the handshake. */
static bool is_hidden_handshake(struct diag_tls_reader *reader, const struct diag_chunk *chunk)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    struct diag_tls_moment *finished = finished_of(reader);

    if (!diag_tls_is_1_3(reader->tls) || !facts->server_hello_at.frame)
        return false;
    if (!finished->frame && holds_finished(reader)) {
        *finished = diag_tls_moment_of(chunk);
        /* A client finishes only after the whole flight of the server. */
        if (diag_tls_is_client(reader))
            diag_tls_happen_once(&facts->established, chunk);
        reader->finished_unsure = !diag_tls_finished_size(reader->record.length);
        return true;
    }
    return !facts->client_finished.frame || is_finished_after_all(reader, chunk);
}

/* TLS 1.3 hides alerts among the data: 19 bytes, 35 where the stack pads to 16 (Java). */
static void note_question(const struct diag_tls_reader *reader)
{
    struct diag_tls_facts *facts = &reader->tls->facts;
    const uint16_t longest_alert = 35;

    if (!diag_tls_is_client(reader) || facts->asked ||
        (diag_tls_is_1_3(reader->tls) && reader->record.length <= longest_alert))
        return;
    facts->asked = true;
    facts->asked_seq = reader->start;
}

/* TLS 1.3 hides handshake messages and alerts among the data. */
static bool is_told_by_keys(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                            const struct diag_decrypted *decrypted)
{
    if (!decrypted || !diag_tls_is_1_3(reader->tls))
        return false;
    if (decrypted->type == DIAG_TLS_HANDSHAKE)
        diag_tls_decrypted_handshake(reader, chunk, decrypted);
    else if (decrypted->type == DIAG_TLS_ALERT)
        alert_done(reader, chunk, decrypted);
    else
        return false;
    return true;
}

static void data_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                      const struct diag_decrypted *decrypted)
{
    struct diag_tls_facts *facts = &reader->tls->facts;

    reader->half->data_records++;
    reader->half->data_bytes += reader->record.length;
    if (is_told_by_keys(reader, chunk, decrypted))
        return;
    note_record(reader, chunk, 'D');
    if (is_hidden_handshake(reader, chunk))
        return;
    note_question(reader);
    diag_tls_happen_once(&facts->first_data[reader->side], chunk);
    /* TLS <= 1.2: a server sends data only when both have finished, captured or not. */
    if (facts->server_hello_at.frame && !diag_tls_is_client(reader))
        diag_tls_happen_once(&facts->established, chunk);
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
    const struct diag_decrypted *decrypted = diag_tls_take_decrypted(reader);

    remember_record(reader);
    switch (reader->record.type) {
    case DIAG_TLS_CHANGE_CIPHER_SPEC:
        cipher_changed(reader, chunk);
        break;
    case DIAG_TLS_ALERT:
        alert_done(reader, chunk, decrypted);
        break;
    case DIAG_TLS_HANDSHAKE:
        if (reader->opaque)
            encrypted_handshake_done(reader, chunk);
        break;
    case DIAG_TLS_APPLICATION_DATA:
        data_done(reader, chunk, decrypted);
        break;
    default:
        note_record(reader, chunk, 'B');
        break;
    }
}
