/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS handshakes that a fatal alert in clear ends: who rejected what, and what had been offered.
 */
#include "rules/blame.h"
#include "rules/renegotiation.h"

#include <stdio.h>

#define OFFER_LENGTH 512

/* RFC 8446 6.2, RFC 5246 7.2.2, and the IANA registry: what the description says about the reason.
 */
static const struct {
    uint8_t description;
    enum diag_cause cause;
} reasons[] = {
    {10, DIAG_CAUSE_decode},              /* unexpected_message */
    {20, DIAG_CAUSE_integrity},           /* bad_record_mac */
    {21, DIAG_CAUSE_integrity},           /* decryption_failed */
    {22, DIAG_CAUSE_decode},              /* record_overflow */
    {40, DIAG_CAUSE_cipher},              /* handshake_failure */
    {41, DIAG_CAUSE_client_certificate},  /* no_certificate */
    {42, DIAG_CAUSE_certificate},         /* bad_certificate */
    {43, DIAG_CAUSE_certificate},         /* unsupported_certificate */
    {44, DIAG_CAUSE_certificate_revoked}, /* certificate_revoked */
    {45, DIAG_CAUSE_certificate_expired}, /* certificate_expired */
    {46, DIAG_CAUSE_certificate},         /* certificate_unknown */
    {47, DIAG_CAUSE_decode},              /* illegal_parameter */
    {48, DIAG_CAUSE_unknown_ca},          /* unknown_ca */
    {49, DIAG_CAUSE_prohibited},          /* access_denied */
    {50, DIAG_CAUSE_decode},              /* decode_error */
    {51, DIAG_CAUSE_integrity},           /* decrypt_error */
    {70, DIAG_CAUSE_version},             /* protocol_version */
    {71, DIAG_CAUSE_cipher},              /* insufficient_security */
    {80, DIAG_CAUSE_internal},            /* internal_error */
    {86, DIAG_CAUSE_fallback},            /* inappropriate_fallback */
    {109, DIAG_CAUSE_decode},             /* missing_extension */
    {110, DIAG_CAUSE_decode},             /* unsupported_extension */
    {112, DIAG_CAUSE_server_name},        /* unrecognized_name */
    {113, DIAG_CAUSE_certificate},        /* bad_certificate_status_response */
    {114, DIAG_CAUSE_certificate},        /* bad_certificate_hash_value */
    {115, DIAG_CAUSE_psk},                /* unknown_psk_identity */
    {116, DIAG_CAUSE_client_certificate}, /* certificate_required */
    {120, DIAG_CAUSE_alpn},               /* no_application_protocol */
    {121, DIAG_CAUSE_ech},                /* ech_required */
};

/* RFC 5246 7.4.6: a client without a certificate sends an empty list; the server that insists
 * answers with handshake_failure, or finds fault with the list. */
static bool has_no_certificate(const struct diag_tls_facts *tls)
{
    const uint32_t empty = 4 + 4; /* with its header, in TLS 1.3; one less before */

    for (uint8_t i = 0; i < tls->message_count; i++)
        if (tls->messages[i].side == tls->client &&
            tls->messages[i].handshake == DIAG_TLS_CERTIFICATE)
            return tls->messages[i].length <= empty;
    return false;
}

/* What the server's certificate tells beyond the client's alert. */
static enum diag_cause refine(const struct diag_tls_facts *tls, const struct diag_tls_alert *alert,
                              enum diag_cause cause)
{
    const struct diag_certificate_entry *own = tls->certificates.chain[0];

    /* SSL 3.0: a client that has none says so itself. */
    if (alert->side == tls->client && cause == DIAG_CAUSE_client_certificate)
        return DIAG_CAUSE_none;
    if (!own || alert->side != tls->client)
        return cause;
    if (own->facts.self_signed && cause == DIAG_CAUSE_unknown_ca)
        return DIAG_CAUSE_self_signed;
    return own->facts.weak && cause == DIAG_CAUSE_certificate ? DIAG_CAUSE_weak_certificate : cause;
}

static enum diag_cause reason(const struct diag_tls_facts *tls, const struct diag_tls_alert *alert)
{
    const uint8_t handshake_failure = 40, bad_certificate = 42, decode_error = 50;

    if ((alert->description == handshake_failure || alert->description == bad_certificate ||
         alert->description == decode_error) &&
        alert->side != tls->client && has_no_certificate(tls))
        return DIAG_CAUSE_client_certificate;
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (reasons[i].description == alert->description)
            return refine(tls, alert, reasons[i].cause);
    return DIAG_CAUSE_none;
}

/* Both ends can be configured wrongly, where the alert does not settle it. */
static unsigned suspect(const struct diag_tls_facts *tls, const struct diag_tls_alert *alert,
                        enum diag_cause cause)
{
    const unsigned both = DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER;

    switch (cause) {
    case DIAG_CAUSE_client_certificate:
        return diag_blame_side(tls->client);
    case DIAG_CAUSE_certificate:
    case DIAG_CAUSE_weak_certificate:
    case DIAG_CAUSE_certificate_expired:
    case DIAG_CAUSE_certificate_revoked:
    case DIAG_CAUSE_prohibited:
        return alert->side == tls->client ? both : diag_blame_side(tls->client);
    case DIAG_CAUSE_internal:
        return diag_blame_side(alert->side);
    case DIAG_CAUSE_decode:
    case DIAG_CAUSE_integrity:
        return both | DIAG_BLAME_MIDDLEBOX;
    default:
        return both;
    }
}

static enum diag_layer layer(enum diag_cause cause)
{
    if (cause == DIAG_CAUSE_internal)
        return DIAG_LAYER_APP;
    return cause == DIAG_CAUSE_decode || cause == DIAG_CAUSE_integrity ? DIAG_LAYER_STACK
                                                                       : DIAG_LAYER_CONFIG;
}

/* The message that the alert answers, as far as it shows. */
static const char *answered_message(const struct diag_tls_facts *tls,
                                    const struct diag_tls_alert *alert)
{
    for (uint8_t i = tls->message_count; i-- > 0;)
        if (tls->messages[i].side != alert->side)
            return diag_tls_message_name(&tls->messages[i]);
    return "what came before";
}

/* What the rejecting side was offered: the part of it that the alert is about. */
static void offer(const struct diag_tls_facts *tls, const struct diag_tls_alert *alert,
                  enum diag_cause cause, char text[OFFER_LENGTH])
{
    const struct diag_tls_client_hello *hello = tls->client_hello;
    const char *asked = diag_tls_asked_name(hello);
    bool by_client = alert->side == tls->client;

    *text = '\0';
    switch (cause) {
    case DIAG_CAUSE_version:
    case DIAG_CAUSE_cipher:
        if (by_client)
            diag_tls_chosen_parameters(&tls->server_hello, text, OFFER_LENGTH);
        else if (cause == DIAG_CAUSE_version)
            diag_tls_offered_versions(hello, text, OFFER_LENGTH);
        else
            diag_tls_offered_parameters(hello, text, OFFER_LENGTH);
        break;
    case DIAG_CAUSE_fallback:
        diag_tls_offered_versions(hello, text, OFFER_LENGTH);
        break;
    case DIAG_CAUSE_alpn:
        snprintf(text, OFFER_LENGTH, "%s", hello->alpn);
        break;
    case DIAG_CAUSE_certificate:
    case DIAG_CAUSE_certificate_expired:
    case DIAG_CAUSE_certificate_revoked:
    case DIAG_CAUSE_unknown_ca:
    case DIAG_CAUSE_self_signed:
    case DIAG_CAUSE_weak_certificate:
        diag_tls_offered_certificate(tls, diag_peer(alert->side), text, OFFER_LENGTH);
        break;
    case DIAG_CAUSE_server_name:
        snprintf(text, OFFER_LENGTH, "%s", asked ? asked : "");
        break;
    default:
        snprintf(text, OFFER_LENGTH, "%s", answered_message(tls, alert));
        break;
    }
}

/* It acknowledges the peer's FIN: the sender knew. Whoever was reset sends nothing any more, but
 * the peer had left without it. */
static bool is_reaction(const struct diag_step *step)
{
    const struct diag_half *peer = step->y;
    const struct diag_segment *seg = step->seg;

    if (peer->rst_frame && peer->rst_frame < seg->frame)
        return true;
    return peer->fin && peer->fin_frame < seg->frame && seg->flags & DIAG_ACK &&
           diag_seq_lt(peer->fin_seq, seg->ack);
}

static void cite(const struct diag_step *step, const struct diag_tls_facts *tls,
                 const struct diag_tls_alert *alert, struct diag_finding *f)
{
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_server_hello, tls->server_hello_at.frame);
    if (step->y->data_frame != alert->frame)
        diag_cite(f, DIAG_ROLE_data, step->y->data_frame);
    diag_cite(f, DIAG_ROLE_alert, alert->frame);
}

/* A client whose wish to negotiate anew is refused with a mere warning ends the session itself. */
static const struct diag_tls_alert *said_first(const struct diag_tls_facts *tls,
                                               const struct diag_tls_alert *alert)
{
    struct diag_refusal refusal;

    return diag_refused_renegotiation(tls, &refusal) ? refusal.alert : alert;
}

static void report(const struct diag_step *step, const struct diag_tls_alert *alert)
{
    struct diag_refusal refusal;
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_alert_fatal, alert->side, step->seg->frame,
                   alert->description, step->y->data_frame, tls->client_hello->max_version);
    char text[OFFER_LENGTH];

    if (!f)
        return;
    f->cause =
        diag_refused_renegotiation(tls, &refusal) ? DIAG_CAUSE_renegotiation : reason(tls, alert);
    f->blame = suspect(tls, alert, f->cause);
    f->layer = layer(f->cause);
    offer(tls, alert, f->cause, text);
    if (*text)
        diag_name_it(step->out, f, text);
    cite(step, tls, alert, f);
    if (diag_is_heartbeat_scan(tls))
        diag_excuse(f);
    if (!is_reaction(step))
        return;
    f->cause = DIAG_CAUSE_reaction;
    diag_excuse(f);
}

/* close_notify and user_canceled end things in order; warnings are no end, but TLS 1.3 knows no
 * warnings (RFC 8446 6). */
static bool is_fatal(const struct diag_tls_facts *tls, const struct diag_tls_alert *alert)
{
    const uint8_t close_notify = 0, user_canceled = 90;

    return !alert->encrypted && (alert->level == 2 || tls->version >= 0x0304) &&
           alert->description != close_notify && alert->description != user_canceled;
}

static void on_applied(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);

    if (!tls || !step->seg->payload || !tls->alert_count ||
        diag_raised(step->conn, DIAG_tls_alert_fatal))
        return;
    for (uint32_t i = 0; i < tls->alert_count; i++) {
        const struct diag_tls_alert *alert = &tls->alerts[i];

        if (alert->frame == step->seg->frame && alert->side == step->from && is_fatal(tls, alert)) {
            report(step, said_first(tls, alert));
            return;
        }
    }
}

const struct diag_rule diag_rule_tls_alert = {
    .name = "tls_alert", .sees_applied = DIAG_SEES_HANDSHAKE, .on_applied = on_applied};
