/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a connection looks like from outside: a flat copy of what reports and fields show. */
#include "judge.h"
#include "tcp/loss.h"
#include "tcp/tamper.h"

#include <string.h>

/* Initial TTLs of all stacks in use: a segment with one of them has not been routed yet. */
static bool is_initial_ttl(uint8_t ttl)
{
    return ttl == 64 || ttl == 128 || ttl == 255;
}

/* The half of the handshake that takes no time lies on the capture's side. */
static enum diag_vantage vantage_of(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;
    bool client_near = is_initial_ttl(conn->half[DIAG_CLIENT].ttl);
    bool server_near = is_initial_ttl(conn->half[DIAG_SERVER].ttl);

    if (conn->half[DIAG_SERVER].segments && client_near != server_near)
        return client_near ? DIAG_VANTAGE_CLIENT : DIAG_VANTAGE_SERVER;
    if (o->established && o->rtt_ns != DIAG_UNKNOWN_NS) {
        int64_t out = o->rtt_ns;
        int64_t back = o->ack_ns - o->synack_ns;

        if (back < out / 5)
            return DIAG_VANTAGE_CLIENT;
        if (out < back / 5)
            return DIAG_VANTAGE_SERVER;
    }
    if (!conn->half[DIAG_SERVER].segments && client_near)
        return DIAG_VANTAGE_CLIENT;
    return client_near || server_near || !o->established ? DIAG_VANTAGE_UNKNOWN
                                                         : DIAG_VANTAGE_MIDDLE;
}

static unsigned ruled_out(const struct diag_sentence *s)
{
    const struct diag_connection *conn = s->conn;
    const struct diag_opening *o = &conn->opening;
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_half *v = &conn->half[DIAG_SERVER];
    const struct diag_hole *hole = diag_asked_hole(v);
    bool complete =
        o->established && diag_saw_all(conn) && !diag_raised(conn, DIAG_cap_gap_not_captured);
    unsigned set = 0;

    if (o->synack_frame)
        set |= 1U << DIAG_RULED_OUT_port_closed;
    if (o->synack_frame && o->synack_ack == c->isn + 1)
        set |= 1U << DIAG_RULED_OUT_bad_ack;
    if (o->synack_frame && o->synack_timestamps && o->synack_tsecr && diag_good_echo(conn))
        set |= 1U << DIAG_RULED_OUT_bad_timestamp;
    if (hole && hole->end - hole->seq < (c->mss ? c->mss : 536))
        set |= 1U << DIAG_RULED_OUT_mtu;
    if (complete && !c->again && !v->again && !c->late && !v->late && o->syns <= 1)
        set |= 1U << DIAG_RULED_OUT_network_loss;
    if (complete && !conn->midstream)
        set |= 1U << DIAG_RULED_OUT_capture_loss;
    if (o->established && c->una_valid && diag_seq_lt(c->isn + 1, c->una))
        set |= 1U << DIAG_RULED_OUT_server_down;
    return set;
}

static enum diag_stage stage_of(const struct diag_sentence *s)
{
    const struct diag_connection *conn = s->conn;

    if (s->verdict)
        return diag_catalogue[s->verdict->finding->id].stage;
    if (!diag_connected(conn))
        return DIAG_STAGE_CONNECT;
    if (diag_in_tls_handshake(conn))
        return DIAG_STAGE_TLS_HANDSHAKE;
    return conn->closer == DIAG_NO_SIDE ? DIAG_STAGE_DATA : DIAG_STAGE_CLOSE;
}

/* ---- times */

/* Unknown, too, when the clock was set back between the question and its answer. */
static int64_t name_time(const struct diag_connection *conn)
{
    struct diag_name_origin origin;

    if (!diag_names_origin(conn->engine->names, &conn->endpoint[DIAG_CLIENT].address,
                           &conn->endpoint[DIAG_SERVER].address, &origin) ||
        origin.answer_ns < origin.query_ns || origin.answer_ns > conn->first_ns ||
        conn->first_ns - origin.answer_ns > DIAG_SECOND_NS)
        return DIAG_UNKNOWN_NS;
    return origin.answer_ns - origin.query_ns;
}

static int64_t first_byte_time(const struct diag_connection *conn)
{
    const struct diag_half *c = &conn->half[DIAG_CLIENT];
    const struct diag_half *s = &conn->half[DIAG_SERVER];

    if (!s->first_data_frame || !c->first_data_frame || s->first_data_ns < c->first_data_ns)
        return DIAG_UNKNOWN_NS;
    return s->first_data_ns - c->first_data_ns;
}

/* A stage that was none keeps no time, but the parts add up all the same. */
static void hide_part(struct diag_view *view, enum diag_part part, enum diag_part instead)
{
    diag_add_ns(&view->spent_ns[instead], view->spent_ns[part]);
    view->spent_ns[part] = DIAG_UNKNOWN_NS;
}

/* Whatever the server was thought to work on, nobody waits for it. */
static void idle_after_all(const struct diag_connection *conn, struct diag_view *view)
{
    const struct diag_request *r = &conn->request;
    int64_t served = diag_min_ns(r->served_ns, view->spent_ns[DIAG_PART_server]);

    if (!r->open || diag_answer_due(conn, diag_wait_end(conn) - r->last_ns))
        return;
    view->spent_ns[DIAG_PART_server] -= served;
    diag_add_ns(&view->spent_ns[DIAG_PART_client], served);
}

static void fill_times(const struct diag_connection *conn, struct diag_view *view)
{
    const struct diag_opening *o = &conn->opening;
    int64_t name_ns = name_time(conn);

    memcpy(view->spent_ns, conn->spent_ns, sizeof view->spent_ns);
    view->spent_ns[DIAG_PART_name] = name_ns;
    idle_after_all(conn, view);
    if (conn->midstream)
        hide_part(view, DIAG_PART_connect, DIAG_PART_network);
    /* Only the server spoke what looked like TLS, and its client was waited for. */
    if (!diag_tls_of(conn))
        hide_part(view, DIAG_PART_tls, DIAG_PART_client);
    view->total_ns = conn->last_ns - conn->first_ns + (name_ns == DIAG_UNKNOWN_NS ? 0 : name_ns);
    view->first_byte_ns = first_byte_time(conn);
    view->syn_rtt_ns = o->rtt_ns;
    view->syn_retries = o->syns ? o->syns - 1 : 0;
}

/* ---- parts */

static void fill_certificate(const struct diag_connection *conn, struct diag_view *view)
{
    const struct diag_tls_certificates *seen = &diag_tls_of(conn)->certificates;

    if (!seen->frame || !seen->chain[0])
        return;
    view->tls_certificate = &seen->chain[0]->facts;
    view->tls_certificate_frame = seen->frame;
    view->tls_certificate_ns = seen->time_ns;
    view->tls_certificates = seen->count;
    view->tls_certificate_covers = diag_certificate_fits(conn);
}

static void fill_offer(const struct diag_tls_client_hello *hello, struct diag_view *view)
{
    view->tls_has_offer = hello->length > 0;
    view->tls_offered_min = hello->min_version;
    view->tls_offered_max = hello->max_version;
    view->tls_offered_ciphers = hello->ciphers;
    view->tls_offered_groups = hello->groups;
    view->tls_offered_group_count = hello->group_count;
    view->tls_offered_alpn = hello->alpn[0] ? hello->alpn : NULL;
}

static void fill_tls(const struct diag_connection *conn, struct diag_view *view)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    enum diag_side who;

    view->tls_waited_ns = DIAG_UNKNOWN_NS;
    if (!tls)
        return;
    enum diag_tls_expect expect = diag_tls_waiting_for(conn->tls, &who);

    view->tls_history = tls->history;
    view->tls_waiting_for = diag_tls_expect_name(expect);
    if (expect != DIAG_TLS_EXPECT_nothing)
        view->tls_waited_ns = diag_max_ns(diag_wait_end(conn) - conn->last_data_ns, 0);
    view->tls_version = tls->version;
    view->tls_cipher = tls->server_hello.cipher;
    view->tls_group = tls->server_hello.group;
    view->tls_resumed = tls->resumed;
    fill_offer(tls->client_hello, view);
    if (tls->client_hello->has_server_name)
        view->tls_server_name = tls->client_hello->server_name;
    if (tls->server_hello.alpn[0])
        view->tls_alpn = tls->server_hello.alpn;
    fill_certificate(conn, view);
}

static void fill_sides(const struct diag_connection *conn, struct diag_view *view)
{
    for (int side = 0; side < 2; side++) {
        const struct diag_half *x = &conn->half[side];

        view->segments[side] = x->segments;
        view->bytes[side] = x->bytes;
        view->has_syn[side] = x->syn;
        view->options[side] = x->options;
        view->mss[side] = x->mss;
        view->wscale[side] = x->wscale;
        view->stripped[side] = x->stripped;
        view->clamped_mss[side] = x->clamped_mss;
    }
}

static void fill_losses(const struct diag_connection *conn, struct diag_view *view)
{
    if (conn->losses)
        memcpy(view->lost, conn->losses->sum, sizeof view->lost);
}

static void fill_view(const struct diag_sentence *s, struct diag_view *view)
{
    const struct diag_connection *conn = s->conn;

    *view = (struct diag_view){.stream = conn->stream,
                               .client = conn->endpoint[DIAG_CLIENT],
                               .server = conn->endpoint[DIAG_SERVER],
                               .client_guessed = conn->client_guessed,
                               .attempts = s->attempts,
                               .attempt = conn->opening.attempts ? s->attempt : 0,
                               .success = s->success ? s->success->first_frame : 0,
                               .first_frame = conn->first_frame,
                               .last_frame = conn->last_frame,
                               .start_ns = conn->first_ns,
                               .end_ns = conn->last_ns,
                               .outcome = s->outcome,
                               .stage = stage_of(s),
                               .closer = conn->closer,
                               .vantage = vantage_of(conn),
                               .tamper_signature = diag_tamper_signature(s, vantage_of(conn)),
                               .tcp_history = conn->history,
                               .ecn = diag_ecn_state(conn),
                               .timestamps = diag_timestamp_state(conn),
                               .resets = conn->reset,
                               .reset_count = conn->reset_count,
                               .ruled_out = ruled_out(s),
                               .findings = s->findings,
                               .finding_count = s->count,
                               .verdict = s->verdict,
                               .connection = conn};
    fill_sides(conn, view);
    fill_losses(conn, view);
    fill_times(conn, view);
    fill_tls(conn, view);
}

/* ---- the interface */

size_t diag_view_count(struct diag_engine *engine)
{
    return diag_judge(engine)->sentences->len;
}

void diag_view_get(struct diag_engine *engine, size_t index, struct diag_view *view)
{
    fill_view(g_ptr_array_index(diag_judge(engine)->sentences, index), view);
}

const struct diag_judged *diag_view_findings(struct diag_engine *engine, size_t index,
                                             size_t *count)
{
    const struct diag_sentence *s = g_ptr_array_index(diag_judge(engine)->sentences, index);

    *count = s->count;
    return s->findings;
}

void diag_view_label(struct diag_engine *engine, size_t index, struct diag_view *view)
{
    const struct diag_connection *conn = engine->connections->pdata[index];

    view->stream = conn->stream;
    view->client = conn->endpoint[DIAG_CLIENT];
    view->server = conn->endpoint[DIAG_SERVER];
}

bool diag_view_of_stream(struct diag_engine *engine, uint32_t stream, struct diag_view *view)
{
    const struct diag_connection *conn = diag_connection_of_stream(engine, stream);

    if (!conn || conn->index >= diag_view_count(engine))
        return false;
    diag_view_get(engine, conn->index, view);
    return true;
}

size_t diag_host_count(struct diag_engine *engine)
{
    return diag_judge(engine)->hosts->len;
}

void diag_host_get(struct diag_engine *engine, size_t index, struct diag_host_view *view)
{
    const struct diag_host *host = g_ptr_array_index(diag_judge(engine)->hosts, index);

    *view = (struct diag_host_view){.judged = host->judged,
                                    .server = host->server,
                                    .client = host->client,
                                    .streams = (const uint32_t *)(const void *)host->streams->data,
                                    .stream_count = host->streams->len};
}

size_t diag_capture_findings(struct diag_engine *engine, const struct diag_judged **findings)
{
    const GArray *capture = diag_judge(engine)->capture;

    *findings = (const struct diag_judged *)(const void *)capture->data;
    return capture->len;
}
