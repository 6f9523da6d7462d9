/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS handshakes that end: a fatal alert, an answer that is no TLS, a close without a word. Silence
 * in a handshake is told with the other silences (silence.c).
 */
#include "../core.h"

#include <string.h>

/* Shorter than this, the answer may be anything; a protocol's greeting is longer. */
#define WORD_LENGTH 4

/* ---- tls_alert_fatal */

/* RFC 8446 6.2, RFC 5246 7.2.2: what the description says about the reason. */
static enum diag_cause reason(uint8_t description)
{
    switch (description) {
    case 70: /* protocol_version */
    case 86: /* inappropriate_fallback */
        return DIAG_CAUSE_version;
    case 40: /* handshake_failure */
    case 47: /* illegal_parameter */
    case 71: /* insufficient_security */
        return DIAG_CAUSE_cipher;
    case 42:
    case 43:
    case 44:
    case 45:
    case 46:
    case 48: /* unknown_ca */
        return DIAG_CAUSE_certificate;
    case 41:
    case 116: /* certificate_required */
        return DIAG_CAUSE_client_certificate;
    case 112: /* unrecognized_name */
        return DIAG_CAUSE_server_name;
    case 120:
        return DIAG_CAUSE_alpn;
    default:
        return DIAG_CAUSE_none;
    }
}

/* Both ends can be configured wrongly; a certificate is its owner's affair. */
static unsigned suspect(enum diag_side sender, enum diag_cause cause)
{
    if (cause == DIAG_CAUSE_certificate)
        return sender == DIAG_CLIENT ? DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER : DIAG_BLAME_CLIENT;
    if (cause == DIAG_CAUSE_client_certificate)
        return DIAG_BLAME_CLIENT;
    return DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER;
}

static bool peer_had_closed(const struct diag_connection *conn, const struct diag_tls_alert *alert)
{
    const struct diag_half *peer = &conn->half[diag_peer(alert->side)];

    return (peer->fin && peer->fin_frame < alert->frame) ||
           (peer->rst_frame && peer->rst_frame < alert->frame);
}

static void report_alert(const struct diag_step *step, const struct diag_tls_alert *alert)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    const struct diag_half *peer = &conn->half[diag_peer(alert->side)];
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_alert_fatal, alert->side, step->seg->frame,
                   alert->description, peer->data_frame, tls->client_hello->max_version);

    if (!f)
        return;
    f->cause = reason(alert->description);
    f->blame = suspect(alert->side, f->cause);
    if (peer_had_closed(conn, alert)) {
        f->cause = DIAG_CAUSE_reaction;
        diag_excuse(f);
    }
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_server_hello, tls->server_hello_at.frame);
    diag_cite(f, DIAG_ROLE_data, peer->data_frame);
    diag_cite(f, DIAG_ROLE_alert, alert->frame);
}

/* close_notify and user_canceled end things in order; warnings are no end. */
static bool is_fatal(const struct diag_tls_alert *alert)
{
    return !alert->encrypted && alert->level == 2 && alert->description != 0 &&
           alert->description != 90;
}

static void fatal_alert(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);

    if (!tls || !step->seg->payload || diag_raised(step->conn, DIAG_tls_alert_fatal))
        return;
    for (uint32_t i = 0; i < tls->alert_count; i++) {
        if (tls->alerts[i].frame == step->seg->frame && is_fatal(&tls->alerts[i])) {
            report_alert(step, &tls->alerts[i]);
            return;
        }
    }
}

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
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {{DIAG_TLS_CLIENT_HELLO, "ClientHello"},
                 {DIAG_TLS_SERVER_HELLO, "ServerHello"},
                 {DIAG_TLS_CERTIFICATE, "the Certificate"},
                 {DIAG_TLS_COMPRESSED_CERTIFICATE, "the Certificate"},
                 {DIAG_TLS_SERVER_KEY_EXCHANGE, "ServerKeyExchange"},
                 {DIAG_TLS_CERTIFICATE_REQUEST, "CertificateRequest"},
                 {DIAG_TLS_SERVER_HELLO_DONE, "ServerHelloDone"},
                 {DIAG_TLS_CLIENT_KEY_EXCHANGE, "ClientKeyExchange"},
                 {DIAG_TLS_FINISHED, "Finished"}};
    const struct diag_tls_message *last =
        tls->message_count ? &tls->messages[tls->message_count - 1] : NULL;

    for (size_t i = 0; last && i < G_N_ELEMENTS(names); i++)
        if (names[i].type == last->handshake)
            return names[i].name;
    return "an encrypted message";
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
    fatal_alert(step);
    plain_answer(step);
    closed_in_handshake(step);
}

const struct diag_rule diag_rule_tls = {.name = "tls",
                                        .sees_applied =
                                            DIAG_SEES_HANDSHAKE | DIAG_SEES_FIN | DIAG_SEES_RST,
                                        .on_applied = on_applied};
