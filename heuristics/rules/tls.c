/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS handshakes that end: an answer that is no TLS, a close without a word. Silence
 * in a handshake is told with the other silences (silence.c).
 */
#include "../core.h"

#include <string.h>

/* Shorter than this, the answer may be anything; a protocol's greeting is longer. */
#define WORD_LENGTH 4

/* ---- tls_not_tls */

static void printable(const struct diag_tls_half *half, char text[DIAG_TLS_FIRST_BYTES + 1])
{
    uint8_t n = 0;

    while (n < half->first_count && half->first[n] >= ' ' && half->first[n] < 127) {
        text[n] = (char)half->first[n];
        n++;
    }
    text[n] = '\0';
}

static void plain_answer(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);
    char text[DIAG_TLS_FIRST_BYTES + 1];

    if (!tls || step->from != DIAG_SERVER || !step->seg->payload ||
        tls->half[DIAG_SERVER].speech != DIAG_TLS_NOT_TLS ||
        tls->half[DIAG_CLIENT].speech != DIAG_TLS_SPOKEN || !tls->first_client_hello.frame ||
        diag_raised(step->conn, DIAG_tls_not_tls))
        return;
    printable(&tls->half[DIAG_SERVER], text);
    if (strlen(text) < WORD_LENGTH)
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_tls_not_tls, DIAG_SERVER, step->seg->frame,
                                        tls->first_client_hello.frame);

    diag_name_it(step->out, f, text);
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_response, step->seg->frame);
}

/* ---- tls_closed_in_handshake */

static const char *last_message(const struct diag_tls_facts *tls)
{
    return diag_tls_message_name(&tls->messages[tls->message_count - 1]);
}

/* Inside the handshake, at the first close, with something said before and no reason in clear. */
static bool breaks_handshake_off(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return (step->fin || step->rst) && tls && conn->close_frame == step->seg->frame &&
           !step->seg->payload && !tls->established.frame && tls->message_count > 0 &&
           tls->alert_count == 0 && diag_in_tls_handshake(conn) && !conn->midstream;
}

static void closed_in_handshake(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    if (!breaks_handshake_off(step) || diag_raised(conn, DIAG_close_gave_up) ||
        step->x->hole_count || step->y->hole_count)
        return;
    int64_t waited = step->seg->time_ns - conn->last_data_ns;
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    uint32_t last = tls->messages[tls->message_count - 1].frame;
    struct diag_finding *f = diag_raise(step->out, DIAG_tls_closed_in_handshake, step->from,
                                        step->seg->frame, waited, last);

    if (!f)
        return;
    f->blame = DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER;
    diag_name_it(step->out, f, last_message(tls));
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_server_hello, tls->server_hello_at.frame);
    diag_cite(f, DIAG_ROLE_last, last);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
    /* A client that sends its hello and leaves at once: a navigation, a race, a probe. */
    if (step->from == DIAG_CLIENT && !tls->server_hello_at.frame)
        diag_excuse(f);
}

static void on_applied(const struct diag_step *step)
{
    plain_answer(step);
    closed_in_handshake(step);
}

const struct diag_rule diag_rule_tls = {.name = "tls",
                                        .sees_applied =
                                            DIAG_SEES_HANDSHAKE | DIAG_SEES_FIN | DIAG_SEES_RST,
                                        .on_applied = on_applied};
