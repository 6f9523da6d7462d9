/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the order and length of encrypted records tell without a key, at the moment when somebody
 * closes: a rejection in TLS 1.3, an alert after data, a goodbye that is missing.
 */
#include "rules/blame.h"
#include "rules/renegotiation.h"

#define TLS_1_3        0x0304
#define CCM_8          0x1305
#define CERT_EMPTY     25 /* a Certificate message without a certificate, and a tag of 16 bytes */
#define ALERT_AND_END  DIAG_SECOND_NS
#define FINISHED_BYTES 53 /* 4 + 32, type, tag of 16; 8 less with CCM_8 */
#define PADDING        16 /* that Java adds to every record of the handshake */

static bool closes_now(const struct diag_step *step)
{
    return (step->fin || step->rst) && step->conn->close_frame == step->seg->frame;
}

static const struct diag_tls_record *last_record(const struct diag_tls_half *half)
{
    return half->last_count ? &half->last[half->last_count - 1] : NULL;
}

/* Every byte of this side was captured and read. */
static bool is_complete(const struct diag_step *step, const struct diag_tls_facts *tls,
                        enum diag_side side)
{
    const struct diag_tls_half *half = &tls->half[side];

    return !step->conn->midstream && !half->lost && !half->missed && !half->uncaptured &&
           !half->unseen && !half->pending && !step->conn->half[side].hole_count;
}

/* ---- tls13_alert_likely */

static uint16_t tag_less(const struct diag_tls_facts *tls)
{
    return tls->server_hello.cipher == CCM_8 ? 8 : 0;
}

/* An encrypted record too short for a Finished, and not the empty list of a client without a
 * certificate. */
static bool may_be_alert(const struct diag_tls_facts *tls, const struct diag_tls_record *record)
{
    const uint16_t alert = 2 + 1 + 16, empty = CERT_EMPTY, less = tag_less(tls);

    return record && record->type == DIAG_TLS_APPLICATION_DATA && record->length >= alert - less &&
           record->length < FINISHED_BYTES - less && record->length != empty - less &&
           record->length != empty + PADDING - less;
}

/* The close follows at once, and if it is the peer's, the peer had the record. */
static bool ends_with(const struct diag_step *step, enum diag_side side,
                      const struct diag_tls_record *record)
{
    const struct diag_segment *seg = step->seg;

    if (seg->time_ns - record->time_ns > ALERT_AND_END)
        return false;
    return step->from == side || (seg->flags & DIAG_ACK && diag_seq_le(record->end, seg->ack));
}

/* A client that would go on sends its Finished; this is all that it ever encrypted. (Early data
 * would have to be ended by a short record, too.) */
static bool client_rejects(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *half = &tls->half[tls->client];
    const struct diag_tls_record *last = last_record(half);

    return !tls->client_finished.frame && tls->server_finished.frame &&
           !tls->client_hello->early_data && half->data_records == 1 && may_be_alert(tls, last) &&
           ends_with(step, tls->client, last);
}

/* SHA-256 or SHA-384, padded or not. */
static bool has_length_of_finished(const struct diag_tls_facts *tls, uint16_t length)
{
    uint16_t more = (uint16_t)(length + tag_less(tls) - FINISHED_BYTES);

    return more == 0 || more == 16 || more == 16 + PADDING;
}

/* The first thing that the client encrypted was no Finished: the server had asked for a
 * certificate, and this is the answer. */
static const struct diag_tls_record *client_certificate(const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *half = &tls->half[tls->client];

    if (half->records > half->last_count || tls->client_hello->early_data)
        return NULL;
    for (uint8_t i = 0; i < half->last_count; i++)
        if (half->last[i].type == DIAG_TLS_APPLICATION_DATA)
            return has_length_of_finished(tls, half->last[i].length) ? NULL : &half->last[i];
    return NULL;
}

static bool has_length_of_alert(const struct diag_tls_facts *tls,
                                const struct diag_tls_record *record)
{
    const uint16_t alert = 2 + 1 + 16, padded = alert + PADDING, less = tag_less(tls);

    return record->type == DIAG_TLS_APPLICATION_DATA &&
           (record->length == alert - less || record->length == padded - less);
}

bool diag_said_goodbye(const struct diag_connection *conn, enum diag_side side)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    const struct diag_tls_record *last = tls ? last_record(&tls->half[side]) : NULL;

    return last && (tls->close_notify[side].frame ||
                    (tls->version >= TLS_1_3 && has_length_of_alert(tls, last)));
}

/* Index of the first record that came after this one of the peer. */
static uint8_t first_after(const struct diag_tls_half *half, const struct diag_tls_record *record)
{
    uint8_t i = half->last_count;

    while (i > 0 && half->last[i - 1].frame > record->frame)
        i--;
    return i;
}

/* Nothing but an alert came back since then, perhaps with a close_notify (GnuTLS), and not even a
 * ticket: a server that goes on has more to say. */
static bool server_rejects(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    enum diag_side side = diag_peer(tls->client);
    const struct diag_tls_half *half = &tls->half[side];
    const struct diag_tls_record *certificate = client_certificate(tls);
    int64_t soon = diag_max_ns(DIAG_SECOND_NS, 5 * diag_rtt(step->conn));
    uint8_t first = certificate ? first_after(half, certificate) : 0;

    if (first == 0 || half->last_count - first < 1 || half->last_count - first > 2 ||
        half->last[first].time_ns - certificate->time_ns > soon)
        return false;
    for (uint8_t i = first; i < half->last_count; i++)
        if (!has_length_of_alert(tls, &half->last[i]) ||
            half->last[i].length != half->last[first].length)
            return false;
    return ends_with(step, side, last_record(half));
}

/* The server's first encrypted message is EncryptedExtensions (RFC 8446 4.3.1), at least 6 bytes:
 * a record of 2 is no handshake message. One that Java pads can be told only by its close. */
static bool server_refuses_offer(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    enum diag_side side = diag_peer(tls->client);
    const struct diag_tls_half *half = &tls->half[side];
    const struct diag_tls_record *last = last_record(half);

    return !tls->server_finished.frame && half->data_records == 1 && last &&
           has_length_of_alert(tls, last) &&
           (last->length < PADDING + PADDING || step->from == side) && ends_with(step, side, last);
}

static void report_rejection(const struct diag_step *step, const struct diag_tls_facts *tls,
                             enum diag_side side, enum diag_cause cause)
{
    const struct diag_tls_record *record = last_record(&tls->half[side]);
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls13_alert_likely, side, step->seg->frame, record->length,
                   step->seg->time_ns - record->time_ns, record->frame, tls->server_hello_at.frame);

    if (!f)
        return;
    f->blame = DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER;
    f->cause = cause;
    if (cause == DIAG_CAUSE_client_certificate)
        f->blame = diag_blame_side(tls->client);
    diag_name_it(step->out, f, diag_tls_asked_name(tls->client_hello));
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    if (tls->server_hello_at.frame != record->frame)
        diag_cite(f, DIAG_ROLE_server_hello, tls->server_hello_at.frame);
    diag_cite(f, DIAG_ROLE_alert, record->frame);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
}

static void hidden_rejection(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    enum diag_side server = diag_peer(tls->client);

    if (tls->version < TLS_1_3 || tls->alert_count > 0 || !is_complete(step, tls, DIAG_CLIENT) ||
        !is_complete(step, tls, DIAG_SERVER))
        return;
    if (client_rejects(step, tls))
        report_rejection(step, tls, tls->client, DIAG_CAUSE_none);
    else if (server_refuses_offer(step, tls))
        report_rejection(step, tls, server, DIAG_CAUSE_offer);
    else if (server_rejects(step, tls))
        report_rejection(step, tls, server, DIAG_CAUSE_client_certificate);
}

/* ---- tls_alert_after_data: TLS 1.2 and before, where an encrypted alert is seen to be one */

/* An answer may have been sent that was not captured. */
static bool may_have_answered(const struct diag_connection *conn,
                              const struct diag_tls_half *server)
{
    return server->lost || server->unseen || server->pending ||
           conn->half[DIAG_SERVER].hole_count || diag_raised(conn, DIAG_cap_gap_not_captured);
}

/* The very first request, taken and not answered. Later ones may say goodbye (LDAP, MySQL). */
static bool refuses_request(const struct diag_connection *conn, const struct diag_tls_facts *tls,
                            const struct diag_tls_alert *alert)
{
    const struct diag_request *r = &conn->request;

    return alert->side == DIAG_SERVER && tls->client == DIAG_CLIENT && r->open && r->acked_frame &&
           tls->first_data[DIAG_CLIENT].frame && !tls->first_data[DIAG_SERVER].frame &&
           r->last_frame < alert->frame && alert->time_ns - r->last_ns <= DIAG_SECOND_NS &&
           !may_have_answered(conn, &tls->half[DIAG_SERVER]);
}

static void report_alert(const struct diag_step *step, const struct diag_tls_alert *alert,
                         uint32_t answers, enum diag_cause cause)
{
    bool anew = cause == DIAG_CAUSE_renegotiation;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_alert_after_data, alert->side, step->seg->frame,
                   step->seg->time_ns - alert->time_ns, alert->frame, answers);

    if (!f)
        return;
    f->cause = cause;
    f->blame = anew ? DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER : diag_blame_side(alert->side);
    diag_cite(f, anew ? DIAG_ROLE_record : DIAG_ROLE_request, answers);
    diag_cite(f, DIAG_ROLE_alert, alert->frame);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
}

static void alert_after_data(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    uint8_t count = tls->alerts_dropped ? 0 : tls->alert_count;
    const struct diag_tls_alert *last = count > 0 ? &tls->alerts[count - 1] : NULL;
    struct diag_refusal refusal;

    if (!last || !last->encrypted || tls->version >= TLS_1_3 || !tls->established.frame ||
        step->seg->time_ns - last->time_ns > ALERT_AND_END)
        return;
    if (diag_refused_renegotiation(tls, &refusal))
        report_alert(step, refusal.alert, refusal.asked, DIAG_CAUSE_renegotiation);
    else if (last->side == step->from && refuses_request(step->conn, tls, last))
        report_alert(step, last, step->conn->request.frame, DIAG_CAUSE_unanswered);
}

/* ---- tls_truncated_close (RFC 8446 6.1) */

static bool said_goodbye(const struct diag_tls_facts *tls, enum diag_side side)
{
    const struct diag_tls_record *last = last_record(&tls->half[side]);

    return tls->close_notify[side].frame || (tls->version >= TLS_1_3 && may_be_alert(tls, last));
}

static bool is_cut(const struct diag_tls_facts *tls, enum diag_side side)
{
    return tls->established.frame && tls->half[side].incomplete;
}

/* The end of an answer is told by the close, so that anybody who can send a FIN can cut it. */
static bool ends_answer(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    const struct diag_connection *conn = step->conn;

    return step->from == DIAG_SERVER && tls->first_data[step->from].frame && conn->answers > 0 &&
           !conn->request.open && step->seg->time_ns - step->x->data_ns <= DIAG_SECOND_NS;
}

static void truncated(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    const struct diag_tls_half *half = &tls->half[step->from];
    bool cut = is_cut(tls, step->from);

    if (!step->fin || step->gap || !is_complete(step, tls, step->from) ||
        said_goodbye(tls, step->from) || (!cut && !ends_answer(step, tls)))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_truncated_close, step->from, step->seg->frame, half->wanting,
                   (int64_t)half->data_bytes, step->x->data_frame);

    if (!f)
        return;
    f->cause = cut ? DIAG_CAUSE_record_cut : DIAG_CAUSE_none;
    f->blame = diag_blame_side(step->from);
    if (!cut)
        diag_excuse(f);
    diag_cite(f, DIAG_ROLE_record, step->x->data_frame);
    diag_cite(f, DIAG_ROLE_fin, step->seg->frame);
}

static void on_applied(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = closes_now(step) ? diag_tls_of(step->conn) : NULL;

    if (!tls || !tls->server_hello_at.frame)
        return;
    hidden_rejection(step, tls);
    alert_after_data(step, tls);
    truncated(step, tls);
}

const struct diag_rule diag_rule_tls_encrypted = {.name = "tls_encrypted",
                                                  .sees_applied = DIAG_SEES_FIN | DIAG_SEES_RST,
                                                  .on_applied = on_applied};
