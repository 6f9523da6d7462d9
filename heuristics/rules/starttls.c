/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS that was asked for in plain text and did not come about: STARTTLS refused or struck from the
 * list, a proxy that does not connect or drops the tunnel.
 */
#include "bounded.h"
#include "tls/upgrade.h"
#include "rules/blame.h"

#define LINE_LENGTH 64
/* A longer thing than QUIT or an LDAP unbind: the client goes on without TLS. */
#define GOODBYE_BYTES 13
/* EHLO and QUIT; with a third the client went on. */
#define GOODBYE_REQUESTS 2
/* Connections to one server are compared over this time. */
#define COMPARED_NS (600 * DIAG_SECOND_NS)
/* A tunnel that closes sooner than this after it was opened led nowhere. */
#define TUNNEL_NS (5 * DIAG_SECOND_NS)
/* Who is asked for a password comes back with one. */
#define AGAIN_NS (60 * DIAG_SECOND_NS)

/* The first line of the answer, without what is not printable. */
static void first_line(const struct diag_segment *seg, char line[LINE_LENGTH + 1])
{
    uint32_t n = 0;

    while (n < seg->captured && n < LINE_LENGTH && seg->data[n] >= ' ' && seg->data[n] < 127) {
        line[n] = (char)seg->data[n];
        n++;
    }
    line[n] = '\0';
}

static void name_answer(const struct diag_step *step, struct diag_finding *f)
{
    char line[LINE_LENGTH + 1];

    if (step->conn->upgrade == DIAG_UPGRADE_LDAP)
        diag_name_it(step->out, f, "LDAP result other than success");
    else if (first_line(step->seg, line), *line)
        diag_name_it(step->out, f, line);
}

/* ---- starttls_refused */

static void refused(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_request *r = &conn->request;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_starttls_refused, DIAG_SERVER, step->seg->frame,
                   step->seg->time_ns - r->last_ns, r->frame);

    if (!f)
        return;
    if (conn->upgrade == DIAG_UPGRADE_EHLO) {
        f->cause = DIAG_CAUSE_stripped;
        f->blame = DIAG_BLAME_MIDDLEBOX;
    }
    name_answer(step, f);
    diag_cite(f, DIAG_ROLE_request, r->frame);
    diag_cite(f, DIAG_ROLE_response, step->seg->frame);
}

/* ---- the mail server's list lacks STARTTLS here, and has it in another connection */

static bool is_offered_tls(const struct diag_connection *conn, const struct diag_connection *other)
{
    const struct diag_endpoint *a = &conn->endpoint[DIAG_SERVER];
    const struct diag_endpoint *b = &other->endpoint[DIAG_SERVER];

    return other->offers_tls == DIAG_OFFER_MADE && a->port == b->port &&
           diag_same_address(&a->address, &b->address);
}

static bool same_client_is_offered_tls(const struct diag_connection *conn,
                                       const struct diag_connection *other)
{
    return is_offered_tls(conn, other) && diag_same_ends(conn, other);
}

static const struct diag_connection *beside(const struct diag_connection *conn,
                                            bool (*test)(const struct diag_connection *,
                                                         const struct diag_connection *))
{
    const struct diag_connection *earlier = diag_beside(conn, -1, COMPARED_NS, test);

    return earlier ? earlier : diag_beside(conn, 1, COMPARED_NS, test);
}

/* The client asked what there is, and left. */
static bool leaves_without_tls(const struct diag_connection *conn)
{
    return conn->offers_tls == DIAG_OFFER_MISSING && conn->upgrade == DIAG_UPGRADE_EHLO &&
           conn->requests <= GOODBYE_REQUESTS && !conn->tls && conn->closer != DIAG_NO_SIDE &&
           !diag_raised(conn, DIAG_starttls_refused);
}

/* A server may serve other clients by other rules; that the same client gets it now and not then
 * is rarer. */
static void not_offered(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];

    if (!leaves_without_tls(conn))
        return;
    const struct diag_connection *same = beside(conn, same_client_is_offered_tls);
    const struct diag_connection *other = same ? same : beside(conn, is_offered_tls);

    if (!other)
        return;
    struct diag_finding *f = diag_raise(out, DIAG_starttls_refused, DIAG_SERVER,
                                        conn->upgrade_frame, 0, client->first_data_frame);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_not_offered;
    f->confidence = same ? DIAG_MEDIUM : DIAG_LOW;
    diag_cite(f, DIAG_ROLE_request, client->first_data_frame);
    diag_cite(f, DIAG_ROLE_response, conn->upgrade_frame);
    diag_cite(f, DIAG_ROLE_good_connection, other->upgrade_frame);
    if (!same)
        diag_excuse(f);
}

/* The first thing that the client said after the refusal, if it is still remembered. */
static const struct diag_sent *next_words(const struct diag_connection *conn)
{
    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == DIAG_CLIENT && sent->payload && sent->seq == conn->upgrade_end)
            return sent;
    }
    return NULL;
}

/* The client did not insist on TLS. */
static bool goes_on(const struct diag_connection *conn, const struct diag_finding *event)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];

    if (conn->tls)
        return true;
    if (event->cause == DIAG_CAUSE_stripped)
        return conn->requests > GOODBYE_REQUESTS;
    const struct diag_sent *words = next_words(conn);

    if (words && diag_upgrade_says_goodbye(words->head, words->head_length))
        return false;
    return diag_seq_lt(conn->upgrade_end + GOODBYE_BYTES, client->nxt - client->fin);
}

/* ---- proxy_connect_failed */

static enum diag_cause cause_of_status(uint16_t status)
{
    switch (status) {
    case 407:
        return DIAG_CAUSE_proxy_authentication;
    case 403:
        return DIAG_CAUSE_prohibited;
    case 502:
    case 503:
    case 504:
        return DIAG_CAUSE_upstream;
    default:
        return DIAG_CAUSE_none;
    }
}

static unsigned suspect(enum diag_cause cause)
{
    if (cause == DIAG_CAUSE_proxy_authentication)
        return DIAG_BLAME_CLIENT | DIAG_BLAME_PROXY;
    return cause == DIAG_CAUSE_upstream ? DIAG_BLAME_PROXY | DIAG_BLAME_SERVER : DIAG_BLAME_PROXY;
}

static void not_connected(const struct diag_step *step)
{
    const struct diag_request *r = &step->conn->request;
    uint16_t status = diag_upgrade_status(step->seg);
    struct diag_finding *f =
        diag_raise(step->out, DIAG_proxy_connect_failed, DIAG_SERVER, step->seg->frame, status,
                   step->seg->time_ns - r->last_ns, r->frame);

    if (!f)
        return;
    f->cause = cause_of_status(status);
    f->blame = suspect(f->cause);
    name_answer(step, f);
    diag_cite(f, DIAG_ROLE_request, r->frame);
    diag_cite(f, DIAG_ROLE_response, step->seg->frame);
}

/* The proxy said yes, and then closed before a byte came through. */
static void tunnel_closed(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    bool silent = conn->half[DIAG_SERVER].data_frame == conn->upgrade_frame;
    int64_t opened = conn->half[DIAG_SERVER].data_ns;

    if (step->from != DIAG_SERVER || conn->close_frame != step->seg->frame || !silent ||
        step->seg->payload || step->gap || step->x->hole_count ||
        (!conn->request.open && step->seg->time_ns - opened > TUNNEL_NS))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_proxy_connect_failed, DIAG_SERVER, step->seg->frame, 200,
                   step->seg->time_ns - opened, conn->upgrade_frame);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_tunnel_closed;
    f->blame = DIAG_BLAME_PROXY | DIAG_BLAME_SERVER;
    diag_cite(f, DIAG_ROLE_response, conn->upgrade_frame);
    diag_cite(f, DIAG_ROLE_data, conn->half[DIAG_CLIENT].data_frame);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
}

static bool is_tunnel(const struct diag_connection *conn)
{
    return conn->upgrade == DIAG_UPGRADE_CONNECT && conn->upgraded;
}

static bool connects_later(const struct diag_connection *conn, const struct diag_connection *other)
{
    return diag_same_ends(conn, other) && is_tunnel(other);
}

/* A password was asked for, and given: on this connection or on the next. */
static bool is_let_in(const struct diag_connection *conn, const struct diag_finding *event)
{
    return event->cause == DIAG_CAUSE_proxy_authentication &&
           (is_tunnel(conn) || diag_beside(conn, 1, AGAIN_NS, connects_later));
}

/* ---- the family */

static void on_applied(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    if (!conn->upgrade)
        return;
    if (is_tunnel(conn) && (step->fin || step->rst))
        tunnel_closed(step);
    if (conn->upgraded || conn->upgrade_frame != step->seg->frame)
        return;
    if (conn->upgrade == DIAG_UPGRADE_CONNECT)
        not_connected(step);
    else
        refused(step);
}

static bool overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    if (event->id == DIAG_starttls_refused)
        return goes_on(conn, event);
    return event->id == DIAG_proxy_connect_failed && is_let_in(conn, event);
}

const struct diag_rule diag_rule_starttls = {.name = "starttls",
                                             .sees_applied =
                                                 DIAG_SEES_DATA | DIAG_SEES_FIN | DIAG_SEES_RST,
                                             .on_applied = on_applied,
                                             .on_end = not_offered,
                                             .overtaken = overtaken};
