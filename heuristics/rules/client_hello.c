/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of a ClientHello, other than an answer in TLS: a close as the first reaction, trouble
 * because it came in parts, a request for another one; and a client that sent none.
 */
#include "bounded.h"
#include "core.h"

#include <stdio.h>

/* Connections to one server are compared over this time. */
#define COMPARED_NS (600 * DIAG_SECOND_NS)

/* ---- tls_hello_retry */

static void hello_retry(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    const char *group = diag_tls_group_name(tls->server_hello.group);
    bool again = tls->hello_retries > 1;
    char number[16];

    if (!tls->hello_retries || tls->server_hello_at.frame || !step->seg->payload ||
        step->from == tls->client || (!again && tls->hello_retry.frame != step->seg->frame))
        return;
    const struct diag_finding *said = diag_raised_finding(step->conn, DIAG_tls_hello_retry);

    if (said && said->value[1] >= tls->hello_retries)
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_hello_retry, step->from, step->seg->frame,
                   tls->last_client_hello.frame, tls->hello_retries);

    if (!f)
        return;
    snprintf(number, sizeof number, "0x%04x", tls->server_hello.group);
    diag_name_it(step->out, f, group ? group : number);
    diag_cite(f, DIAG_ROLE_client_hello, tls->last_client_hello.frame);
    diag_cite(f, DIAG_ROLE_server_hello, step->seg->frame);
    if (!again)
        return;
    /* RFC 8446 4.1.4: a second one is an error of the server. */
    f->cause = DIAG_CAUSE_again;
    f->severity = DIAG_ERROR;
    f->blame = DIAG_BLAME_SERVER;
    f->benign = false;
}

/* ---- the first reaction is the end */

static const struct diag_tls_message *client_hello(const struct diag_tls_facts *tls)
{
    for (uint32_t i = 0; i < tls->message_count; i++)
        if (tls->messages[i].handshake == DIAG_TLS_CLIENT_HELLO)
            return &tls->messages[i];
    return NULL;
}

/* The server has said nothing in TLS when it closes, and there is a ClientHello, or a part of one.
 */
static bool closes_without_a_word(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    const struct diag_connection *conn = step->conn;

    return (step->fin || step->rst) && step->from == DIAG_SERVER && tls->client == DIAG_CLIENT &&
           conn->close_frame == step->seg->frame && !step->seg->payload && !step->gap &&
           tls->half[DIAG_CLIENT].speech == DIAG_TLS_SPOKEN && !conn->midstream &&
           tls->half[DIAG_SERVER].speech == DIAG_TLS_SILENT && !tls->alert_count &&
           !step->x->hole_count && !step->y->hole_count;
}

/* Where the ClientHello begins, and where it ends as far as it was sent. */
static bool hello_range(const struct diag_connection *conn, const struct diag_tls_facts *tls,
                        uint32_t *start, uint32_t *end)
{
    const struct diag_tls_message *hello = client_hello(tls);

    if (hello) {
        *start = hello->start;
        *end = hello->end;
        return true;
    }
    *start = conn->request.seq;
    *end = conn->half[DIAG_CLIENT].nxt;
    return tls->half[DIAG_CLIENT].incomplete && conn->request.open;
}

/* A close that acknowledges the beginning of the ClientHello and not its end. */
static bool is_cut_short(const struct diag_step *step, uint32_t start, uint32_t end, bool whole)
{
    uint32_t ack = step->seg->ack;

    if (!(step->seg->flags & DIAG_ACK) || !diag_seq_lt(start, ack))
        return false;
    return diag_seq_lt(ack, end) || (!whole && ack == end);
}

static int64_t since_hello(const struct diag_step *step)
{
    return step->seg->time_ns - step->conn->request.first_ns;
}

static void split_failed(const struct diag_step *step, const struct diag_tls_facts *tls,
                         uint32_t bytes)
{
    const struct diag_connection *conn = step->conn;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_ch_split_failed, DIAG_SERVER, step->seg->frame, bytes,
                   conn->half[DIAG_CLIENT].data_segments, conn->request.frame);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_first_part;
    diag_cite(f, DIAG_ROLE_client_hello, conn->request.frame);
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
}

static void hello_reset(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    uint32_t hello = tls->first_client_hello.frame;
    struct diag_finding *f = diag_raise(step->out, DIAG_tls_ch_reset, DIAG_SERVER, step->seg->frame,
                                        since_hello(step), hello);

    if (!f)
        return;
    f->cause = step->rst ? DIAG_CAUSE_rst : DIAG_CAUSE_fin;
    diag_name_it(step->out, f, diag_tls_asked_name(tls->client_hello));
    diag_cite(f, DIAG_ROLE_client_hello, hello);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
}

/* The close shows that the ClientHello had arrived; a reset without ACK answers a segment, and is
 * known by having taken a round trip. */
static bool reacts_to(const struct diag_step *step, uint32_t end)
{
    if (step->seg->flags & DIAG_ACK)
        return diag_seq_le(end, step->seg->ack);
    return since_hello(step) >= diag_rtt(step->conn) / 2;
}

static void close_reaction(const struct diag_step *step, const struct diag_tls_facts *tls)
{
    const struct diag_connection *conn = step->conn;
    bool whole = tls->first_client_hello.frame;
    uint32_t start, end;

    if (!closes_without_a_word(step, tls) || !hello_range(conn, tls, &start, &end))
        return;
    /* Soon: later, the rest may have been lost and not sent again yet. */
    if (is_cut_short(step, start, end, whole) &&
        since_hello(step) <= 2 * diag_rtt(conn) + 50 * DIAG_MS_NS)
        split_failed(step, tls, end - start);
    else if (whole && reacts_to(step, end) && !diag_raised(conn, DIAG_tls_no_server_hello))
        hello_reset(step, tls);
}

static void on_applied(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);

    if (!tls)
        return;
    hello_retry(step, tls);
    close_reaction(step, tls);
}

/* ---- other connections to the same server */

static const struct diag_connection *other_one(const struct diag_connection *conn,
                                               bool (*test)(const struct diag_connection *,
                                                            const struct diag_connection *))
{
    const struct diag_connection *later = diag_beside(conn, 1, COMPARED_NS, test);

    return later ? later : diag_beside(conn, -1, COMPARED_NS, test);
}

static bool same_server(const struct diag_connection *a, const struct diag_connection *b)
{
    const struct diag_endpoint *x = &a->endpoint[DIAG_SERVER];
    const struct diag_endpoint *y = &b->endpoint[DIAG_SERVER];

    return x->port == y->port && diag_same_address(&x->address, &y->address);
}

static bool works_with(const struct diag_connection *conn, const struct diag_connection *other,
                       bool small)
{
    const struct diag_tls_facts *tls = diag_tls_of(other);

    return tls && same_server(conn, other) && tls->established.frame && tls->client_hello->length &&
           (tls->client_hello->segments == 1) == small;
}

static bool works_small(const struct diag_connection *conn, const struct diag_connection *other)
{
    return works_with(conn, other, true);
}

static bool works_large(const struct diag_connection *conn, const struct diag_connection *other)
{
    return works_with(conn, other, false);
}

/* In parts, acknowledged or not, and the server never said a word of TLS. */
static bool large_hello_failed(const struct diag_connection *conn, const struct diag_tls_facts *tls)
{
    return tls->client_hello->segments > 1 && tls->half[DIAG_SERVER].speech == DIAG_TLS_SILENT &&
           (diag_raised(conn, DIAG_tls_ch_reset) || diag_raised(conn, DIAG_tls_no_server_hello) ||
            diag_raised(conn, DIAG_tls_ch_not_acked));
}

static void compare_sizes(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    if (!tls || !large_hello_failed(conn, tls) || diag_raised(conn, DIAG_tls_ch_split_failed) ||
        diag_any_beside(conn, COMPARED_NS, works_large))
        return;
    const struct diag_connection *good = other_one(conn, works_small);

    if (!good)
        return;
    const struct diag_tls_facts *small = diag_tls_of(good);
    struct diag_finding *f =
        diag_raise(out, DIAG_tls_ch_split_failed, DIAG_SERVER, tls->first_client_hello.frame,
                   tls->client_hello->length, tls->client_hello->segments,
                   tls->first_client_hello.frame, small->client_hello->length);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_compared;
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_failed_connection, conn->close_frame);
    diag_cite(f, DIAG_ROLE_good_connection, small->first_client_hello.frame);
}

/* ---- tls_no_client_hello */

static bool speaks_tls(const struct diag_connection *conn, const struct diag_connection *other)
{
    const struct diag_tls_facts *tls = diag_tls_of(other);

    /* From the first byte: before STARTTLS other words were said, mostly a greeting of the server.
     */
    return tls && same_server(conn, other) && tls->established.frame && !other->upgraded &&
           other->half[DIAG_CLIENT].first_data_frame <= tls->first_client_hello.frame &&
           other->half[DIAG_CLIENT].first_data_frame < other->half[DIAG_SERVER].first_data_frame;
}

/* A browser keeps connections in reserve, and knows well what is spoken there. */
static bool same_client_does(const struct diag_connection *conn,
                             const struct diag_connection *other)
{
    return speaks_tls(conn, other) && diag_same_address(&conn->endpoint[DIAG_CLIENT].address,
                                                        &other->endpoint[DIAG_CLIENT].address);
}

static bool is_mute(const struct diag_connection *conn)
{
    return conn->opening.established && !conn->half[DIAG_CLIENT].bytes &&
           !conn->half[DIAG_SERVER].bytes && !conn->half[DIAG_CLIENT].hole_count &&
           !diag_unseen(conn, DIAG_CLIENT) && !diag_one_way(conn);
}

static void said_nothing(const struct diag_connection *conn, struct diag_out *out)
{
    int64_t waited = diag_wait_end(conn) - conn->opening.ack_ns;

    if (!is_mute(conn) || waited < diag_ms(conn->engine->settings.tls_silence))
        return;
    const struct diag_connection *other = other_one(conn, speaks_tls);

    if (!other)
        return;
    uint32_t hello = diag_tls_of(other)->first_client_hello.frame;
    struct diag_finding *f =
        diag_raise(out, DIAG_tls_no_client_hello, DIAG_CLIENT, conn->opening.ack_frame, waited,
                   conn->opening.synack_frame, hello);

    if (diag_any_beside(conn, COMPARED_NS, same_client_does))
        diag_excuse(f);
    diag_cite(f, DIAG_ROLE_synack, conn->opening.synack_frame);
    diag_cite(f, DIAG_ROLE_ack, conn->opening.ack_frame);
    diag_cite(f, DIAG_ROLE_good_connection, hello);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    compare_sizes(conn, out);
    said_nothing(conn, out);
}

const struct diag_rule diag_rule_client_hello = {.name = "client_hello",
                                                 .sees_applied = DIAG_SEES_HANDSHAKE,
                                                 .on_applied = on_applied,
                                                 .on_end = on_end};
