/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One side speaks TLS and the other does not: the wrong port, the wrong scheme, a proxy.
 */
#include "core.h"

#include <stdio.h>
#include <string.h>

/* Shorter than this, text may be anything; a protocol's greeting is longer. */
#define WORD_LENGTH 4
#define NAME_LENGTH 72
/* Bytes that are shown when they are no text. */
#define BYTES_SHOWN 8

/* Text as far as it is text, else the first bytes in hexadecimal. */
static void describe(const uint8_t *data, uint32_t length, char text[NAME_LENGTH])
{
    uint32_t n = 0;

    while (n < length && n < NAME_LENGTH - 1 && data[n] >= ' ' && data[n] < 127) {
        text[n] = (char)data[n];
        n++;
    }
    text[n] = '\0';
    if (n >= WORD_LENGTH)
        return;
    n = 0;
    for (uint32_t i = 0; i < length && i < BYTES_SHOWN; i++)
        n += (uint32_t)snprintf(text + n, NAME_LENGTH - n, i ? " %02x" : "%02x", data[i]);
}

static bool is_text(const uint8_t *data, uint32_t length)
{
    uint32_t n = 0;

    while (n < length && data[n] >= ' ' && data[n] < 127)
        n++;
    return n >= WORD_LENGTH;
}

static void report(const struct diag_step *step, enum diag_side side, enum diag_cause cause,
                   uint32_t hello, const char *name, uint32_t said)
{
    struct diag_finding *f = diag_raise(step->out, DIAG_tls_not_tls, side, step->seg->frame, hello);

    if (!f)
        return;
    f->cause = cause;
    diag_name_it(step->out, f, name);
    diag_cite(f, cause == DIAG_CAUSE_plain_request ? DIAG_ROLE_request : DIAG_ROLE_client_hello,
              hello);
    diag_cite(f, DIAG_ROLE_response, said);
}

/* ---- a ClientHello is answered by something else */

/* It left before the ClientHello had arrived: both began to speak at once. */
static bool crossed(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    return step->x->first_data_frame == step->seg->frame &&
           diag_seq_le(step->seg->ack, tls->messages[0].start);
}

static void plain_answer(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);
    const struct diag_tls_half *half = &tls->half[DIAG_SERVER];
    char text[NAME_LENGTH];

    if (!tls->first_client_hello.frame || half->speech != DIAG_TLS_NOT_TLS ||
        tls->half[DIAG_CLIENT].speech != DIAG_TLS_SPOKEN || half->first_count < WORD_LENGTH)
        return;
    describe(half->first, half->first_count, text);
    report(step, DIAG_SERVER, crossed(step, tls) ? DIAG_CAUSE_greeting : DIAG_CAUSE_none,
           tls->first_client_hello.frame, text, step->seg->frame);
}

/* ---- the server had greeted in plain text, as SMTP, FTP, SSH and MySQL do, and the client begins
 * with TLS at once */

static const struct diag_sent *first_words(const struct diag_connection *conn, enum diag_side side)
{
    for (uint32_t i = 0; i < conn->recent_count; i++)
        if (conn->recent[i].frame == conn->half[side].first_data_frame)
            return &conn->recent[i];
    return NULL;
}

/* Length of three bytes, number 0, protocol 10. */
static bool is_mysql(const struct diag_sent *sent)
{
    const uint8_t *head = sent->head;

    return sent->head_length > 5 && head[3] == 0 && head[4] == 10 &&
           (uint32_t)(head[0] | head[1] << 8 | head[2] << 16) + 4 == sent->payload;
}

static void greeted_before(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_sent *greeting;
    char text[NAME_LENGTH];

    if (conn->midstream || !step->y->bytes || step->x->first_data_frame != step->seg->frame ||
        !diag_is_tls_hello(step->seg, DIAG_TLS_CLIENT_HELLO))
        return;
    greeting = first_words(conn, DIAG_SERVER);
    if (!greeting || !(is_text(greeting->head, greeting->head_length) || is_mysql(greeting)))
        return;
    if (is_mysql(greeting))
        snprintf(text, sizeof text, "MySQL");
    else
        describe(greeting->head, greeting->head_length, text);
    report(step, DIAG_SERVER, DIAG_CAUSE_greeting, step->seg->frame, text, greeting->frame);
}

/* ---- plain text for a TLS server */

/* RFC 8446 5.1: an alert in clear, the only thing that a TLS server can say to that. */
static bool is_plain_alert(const struct diag_segment *seg)
{
    const uint8_t *p = seg->data;

    return seg->captured >= 7 && p[0] == DIAG_TLS_ALERT && p[1] == 3 && p[2] < 4 && p[3] == 0 &&
           p[4] == 2 && p[5] == 2;
}

static bool holds(const struct diag_segment *seg, const char *words)
{
    size_t n = strlen(words);

    for (uint32_t i = 0; i + n <= seg->captured; i++)
        if (memcmp(seg->data + i, words, n) == 0)
            return true;
    return false;
}

/* nginx, Apache, Go and others that recognise HTTP and answer in it. */
static bool says_so(const struct diag_segment *seg)
{
    return seg->captured > 12 && memcmp(seg->data, "HTTP/1.", 7) == 0 &&
           memcmp(seg->data + 8, " 400", 4) == 0 &&
           (holds(seg, "to HTTPS port") || holds(seg, "SSL-enabled server port") ||
            holds(seg, "to an HTTPS server"));
}

/* An SSL 2.0 ClientHello that offers nothing newer is no plain text. */
static bool is_ssl2(const struct diag_sent *sent)
{
    return sent->head_length > 4 && sent->head[0] & 0x80 && sent->head[2] == DIAG_TLS_CLIENT_HELLO;
}

static void plain_request(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_sent *request;
    char text[NAME_LENGTH];

    if (conn->midstream || step->x->first_data_frame != step->seg->frame || !step->y->bytes ||
        (!is_plain_alert(step->seg) && !says_so(step->seg)))
        return;
    request = first_words(conn, DIAG_CLIENT);
    if (!request || request->head_length < WORD_LENGTH || is_ssl2(request) ||
        diag_tls_looks_like(request->head, request->head_length))
        return;
    describe(request->head, request->head_length, text);
    report(step, DIAG_CLIENT, DIAG_CAUSE_plain_request, request->frame, text, step->seg->frame);
}

/* ---- the family */

static void on_applied(const struct diag_step *step)
{
    if (!step->seg->payload || diag_raised(step->conn, DIAG_tls_not_tls))
        return;
    if (step->from == DIAG_CLIENT)
        greeted_before(step);
    else if (diag_tls_of(step->conn))
        plain_answer(step);
    else
        plain_request(step);
}

/* Whatever was said before, the server took the ClientHello. */
static bool speaks_tls(const struct diag_connection *conn, const struct diag_finding *event)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return event->id == DIAG_tls_not_tls && tls && tls->server_hello_at.frame;
}

const struct diag_rule diag_rule_tls_plain = {.name = "tls_plain",
                                              .sees_applied =
                                                  DIAG_SEES_HANDSHAKE | DIAG_SEES_FIRST_DATA,
                                              .on_applied = on_applied,
                                              .overtaken = speaks_tls};
