/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The request to connect and what became of it: silence, an ICMP error, an old connection in the
 * way, success after retries, or a server that accepts and closes. Refusals are resets and live
 * with them (reset.c).
 */
#include "rules/blame.h"
#include "rules/connect.h"
#include "rules/path_mtu.h"

#include <string.h>

static void cite_syns(struct diag_finding *f, const struct diag_opening *o)
{
    for (uint32_t i = 0; i < DIAG_SYN_FRAMES; i++)
        diag_cite(f, DIAG_ROLE_syn, o->frame[i]);
}

/* ---- syn_no_reply */

static bool continues_series(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;

    return o->series && !o->answered && !o->icmp_frame && step->x->isn == step->seg->seq;
}

/* The third SYN, or the second when it comes late; never a test on doubling: Linux and macOS retry
 * every second at first. */
static void unanswered_syn(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    int64_t elapsed = step->seg->time_ns - o->first_ns;
    uint32_t count = o->series + 1;

    if (!step->syn || !continues_series(step) || diag_raised(step->conn, DIAG_syn_no_reply))
        return;
    if (count == 2 && elapsed <= diag_ms(step->out->engine->settings.syn_silence))
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_syn_no_reply, DIAG_CLIENT, step->seg->frame,
                                        count, elapsed, o->frame[0]);

    cite_syns(f, o);
    diag_cite(f, DIAG_ROLE_syn, step->seg->frame);
}

static bool is_silent(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;

    return !o->answered && !o->icmp_frame && !conn->half[DIAG_SERVER].segments &&
           !diag_one_way(conn);
}

static void never_answered(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_finding *event = diag_raised_finding(conn, DIAG_syn_no_reply);

    if (!is_silent(conn))
        return;
    bool beaten = diag_lost_race(conn);

    if (event ? event->value[0] == o->series && !beaten : diag_near_end(conn, o->last_ns))
        return;
    int64_t until = o->series > 1 ? o->last_ns : conn->engine->last_ns;
    struct diag_finding *f = diag_raise(out, DIAG_syn_no_reply, DIAG_CLIENT, o->last_frame,
                                        o->series, until - o->first_ns, o->frame[0]);

    cite_syns(f, o);
    if (beaten)
        diag_excuse(f);
}

/* ---- connect_refused: how often, once the capture is over */

static void refused_in_all(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_connect_refused);
    bool beaten = said && diag_lost_race(conn);

    if (!said || (said->value[4] == conn->opening.refusals && !beaten))
        return;
    struct diag_finding *f =
        diag_raise(out, said->id, said->side, said->frame, said->value[0], said->value[1],
                   said->value[2], said->value[3], conn->opening.refusals);

    diag_cite_again(f, said);
    for (uint32_t i = 0; i < conn->reset_count; i++)
        diag_cite(f, DIAG_ROLE_rst, conn->reset[i].frame);
    if (beaten)
        diag_excuse(f);
}

/* ---- syn_recovered */

static void connected_after_retries(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    uint32_t retries = o->syns - 1 > o->synack_repeats ? o->syns - 1 : o->synack_repeats;

    if (o->ack_frame != step->seg->frame || retries == 0)
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_syn_recovered, DIAG_CLIENT, step->seg->frame, retries,
                   step->seg->time_ns - o->all_first_ns, o->all_first_frame);

    diag_cite(f, DIAG_ROLE_syn, o->all_first_frame);
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_last_frame);
}

/* ---- syn_hits_old_connection, when the client answers by repeating its SYN (its reset has the
 * class of the same name) */

static bool is_challenge(const struct diag_sent *sent, uint32_t expected)
{
    return (sent->flags & (DIAG_SYN | DIAG_ACK | DIAG_RST)) == DIAG_ACK && sent->ack != expected;
}

/* It has a connection of its own to open, and no old one (RFC 9293 3.5, simultaneous open). */
static bool calls_back(const struct diag_connection *conn)
{
    for (uint32_t i = conn->recent_count; i-- > 0;)
        if (conn->recent[i].from == DIAG_SERVER &&
            (conn->recent[i].flags & (DIAG_SYN | DIAG_ACK)) == DIAG_SYN)
            return true;
    return false;
}

const struct diag_sent *diag_challenge_ack(const struct diag_connection *conn)
{
    uint32_t expected = conn->half[DIAG_CLIENT].isn + 1;

    if (!conn->opening.syns || conn->opening.synack_frame)
        return NULL;
    const struct diag_sent *last = &conn->recent[conn->recent_count - 1];

    return last->from == DIAG_SERVER && is_challenge(last, expected) && !calls_back(conn) ? last
                                                                                          : NULL;
}

struct diag_finding *diag_report_old_connection(const struct diag_step *step,
                                                const struct diag_sent *challenge)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_opening *o = &conn->opening;
    bool closed = conn->previous && diag_both_fins(conn->previous);
    struct diag_finding *f = diag_raise(
        step->out, DIAG_syn_hits_old_connection, step->from, step->seg->frame, challenge->ack,
        step->seg->time_ns - o->all_first_ns, o->last_frame, challenge->frame);

    if (!f)
        return NULL;
    f->cause = closed ? DIAG_CAUSE_time_wait : DIAG_CAUSE_half_open;
    /* Who still has a connection may never have received its end. */
    if (!closed)
        f->blame |= DIAG_BLAME_PATH;
    if (conn->previous)
        diag_cite(f, DIAG_ROLE_old_connection, conn->previous->last_frame);
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_challenge_ack, challenge->frame);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_syn, step->seg->frame);
    return f;
}

static void syn_after_challenge(const struct diag_step *step)
{
    const struct diag_sent *challenge = step->syn ? diag_challenge_ack(step->conn) : NULL;

    if (challenge && !diag_raised(step->conn, DIAG_syn_hits_old_connection))
        diag_report_old_connection(step, challenge);
}

/* ---- accept_then_close */

/* The server's FIN, or its own reset; a reset that merely answers the client's segment is another
 * story (rst_no_socket), and one with another number is ignored. */
static bool server_turns_away(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    bool active = step->rst && (step->seg->flags & DIAG_ACK) && step->seg->seq == step->x->nxt;

    return step->from == DIAG_SERVER && (step->fin || active) && !step->seg->payload &&
           !diag_ends_subflow(step) && conn->closer == DIAG_NO_SIDE && step->x->bytes == 0;
}

static bool took_client_data(const struct diag_step *step)
{
    return diag_seq_lt(step->y->isn + 1, step->seg->ack);
}

static void accepted_and_closed(const struct diag_step *step)
{
    const struct diag_opening *o = &step->conn->opening;
    int64_t delay = step->seg->time_ns - o->ack_ns;
    int64_t limit = diag_max_ns(3 * diag_rtt(step->conn), 200 * DIAG_MS_NS);

    if (!server_turns_away(step) || took_client_data(step) || delay > limit || step->gap)
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_accept_then_close, DIAG_SERVER,
                                        step->seg->frame, delay, o->ack_frame);

    diag_cite(f, DIAG_ROLE_ack, o->ack_frame);
    diag_cite(f, step->rst ? DIAG_ROLE_rst : DIAG_ROLE_fin, step->seg->frame);
    if (diag_closes_by_design(step->conn))
        diag_excuse(f);
}

/* ---- connect_icmp */

/* RFC 792, RFC 1812 5.2.7: which of the many codes mean the same to a user. */
static enum diag_cause meaning_v4(const struct diag_icmp *icmp)
{
    if (icmp->type == 11)
        return DIAG_CAUSE_ttl;
    switch (icmp->code) {
    case 0:
    case 6:
    case 11:
        return DIAG_CAUSE_net;
    case 2:
    case 3:
        return DIAG_CAUSE_port;
    case 4:
        return DIAG_CAUSE_too_big;
    case 9:
    case 10:
    case 13:
        return DIAG_CAUSE_prohibited;
    default:
        return DIAG_CAUSE_host;
    }
}

/* RFC 4443 3. */
static enum diag_cause meaning_v6(const struct diag_icmp *icmp)
{
    if (icmp->type == 3)
        return DIAG_CAUSE_ttl;
    if (icmp->type == 2)
        return DIAG_CAUSE_too_big;
    switch (icmp->code) {
    case 0:
        return DIAG_CAUSE_net;
    case 1:
    case 5:
    case 6:
        return DIAG_CAUSE_prohibited;
    case 4:
        return DIAG_CAUSE_port;
    default:
        return DIAG_CAUSE_host;
    }
}

static bool is_unreachable(const struct diag_icmp *icmp)
{
    return icmp->v6 ? icmp->type == 1 || icmp->type == 3 : icmp->type == 3 || icmp->type == 11;
}

void diag_icmp_answers(struct diag_out *out, const struct diag_icmp *icmp)
{
    struct diag_connection *conn = out->conn;
    struct diag_opening *o = &conn->opening;
    enum diag_cause cause = icmp->v6 ? meaning_v6(icmp) : meaning_v4(icmp);
    char sender[64];

    if (cause == DIAG_CAUSE_too_big)
        diag_icmp_too_big(out, icmp);
    if (o->answered || !is_unreachable(icmp) || cause == DIAG_CAUSE_too_big ||
        icmp->seq != conn->half[DIAG_CLIENT].isn || diag_raised(conn, DIAG_connect_icmp))
        return;
    int64_t error = icmp->type << 8 | icmp->code | (icmp->v6 ? 1 << 16 : 0);
    struct diag_finding *f = diag_raise(out, DIAG_connect_icmp, DIAG_SERVER, icmp->frame, error,
                                        o->last_frame, icmp->time_ns - o->last_ns);

    if (!f)
        return;
    o->icmp_frame = icmp->frame;
    f->cause = cause;
    f->blame = cause == DIAG_CAUSE_prohibited || cause == DIAG_CAUSE_port ? DIAG_BLAME_MIDDLEBOX
                                                                          : DIAG_BLAME_PATH;
    if (memcmp(&icmp->sender, &conn->endpoint[DIAG_SERVER].address, sizeof icmp->sender) == 0)
        f->blame = DIAG_BLAME_SERVER;
    diag_render_address(&icmp->sender, sender, sizeof sender);
    diag_name_it(out, f, sender);
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_icmp, icmp->frame);
}

static void on_segment(const struct diag_step *step)
{
    unanswered_syn(step);
    syn_after_challenge(step);
    accepted_and_closed(step);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    never_answered(conn, out);
    refused_in_all(conn, out);
}

const struct diag_rule diag_rule_connect = {.name = "connect",
                                            .sees = DIAG_SEES_SYN | DIAG_SEES_FIN | DIAG_SEES_RST,
                                            .sees_applied = DIAG_SEES_OPENING,
                                            .on_segment = on_segment,
                                            .on_applied = connected_after_retries,
                                            .on_end = on_end};
