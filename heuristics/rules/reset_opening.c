/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets that answer a SYN, a SYN/ACK, or a bare ACK in its place. */
#include "rules/clues.h"
#include "rules/connect.h"
#include "rules/reset.h"

/* ---- answers to a SYN */

static bool refuses(const struct diag_rst *r)
{
    return r->kind == DIAG_RST_REFUSE;
}

/* A client that is refused again and again is refused once for all that a reader needs. */
static void report_refused(const struct diag_rst *r)
{
    const struct diag_opening *o = &r->conn->opening;
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_connect_refused, DIAG_SERVER, r->step->seg->frame,
                   diag_rst_since(r, o->last_ns), r->conn->endpoint[DIAG_SERVER].port,
                   r->step->seg->ttl, o->last_frame, o->refusals + 1);

    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_rst_cite(r, f);
}

/* ---- answers to a SYN/ACK, or to a bare ACK in its place */

static bool rejects_synack(const struct diag_rst *r)
{
    const struct diag_opening *o = &r->conn->opening;

    return diag_rst_in_opening(r) && r->step->from == DIAG_CLIENT && o->synack_frame &&
           (r->step->seg->seq == o->synack_ack || r->step->seg->seq == r->x->nxt);
}

static bool rejects_echo(const struct diag_rst *r)
{
    return rejects_synack(r) && r->kind == DIAG_RST_REPLY && !diag_good_echo(r->conn) &&
           r->conn->opening.synack_ack == r->x->isn + 1;
}

static void report_echo(const struct diag_rst *r)
{
    diag_report_bad_echo(r->step);
}

/* The reset bears the ACK number of what it answers (RFC 9293 3.5.2), and that can only be the
 * SYN/ACK: it had another number there than here. With a connection before on the same ports, it
 * may also be late. */
static bool saw_another_number(const struct diag_rst *r)
{
    const struct diag_opening *o = &r->conn->opening;
    const struct diag_segment *seg = r->step->seg;

    return diag_rst_in_opening(r) && r->step->from == DIAG_CLIENT && o->synack_frame &&
           !(seg->flags & DIAG_ACK) && seg->seq != 0 && o->synack_ack == r->x->isn + 1 &&
           r->x->nxt == r->x->isn + 1 && seg->seq != r->x->nxt && seg->seq != r->x->isn &&
           !r->conn->previous;
}

static bool rejects_ack_number(const struct diag_rst *r)
{
    return (rejects_synack(r) && r->conn->opening.synack_ack != r->x->isn + 1) ||
           saw_another_number(r);
}

/* A late answer to the connection before, from the same ports: the client's own SYN is untouched.
 */
static bool answers_previous(const struct diag_connection *conn)
{
    const struct diag_connection *previous = conn->previous;

    return previous && previous->half[DIAG_CLIENT].syn &&
           conn->opening.synack_ack == previous->half[DIAG_CLIENT].isn + 1;
}

static void report_ack_number(const struct diag_rst *r)
{
    const struct diag_opening *o = &r->conn->opening;
    bool rewritten = saw_another_number(r);
    struct diag_finding *f =
        diag_raise(r->step->out, DIAG_synack_bad_ack, DIAG_SERVER, r->step->seg->frame,
                   rewritten ? r->step->seg->seq : o->synack_ack, r->x->isn + 1, o->synack_frame);

    if (f && rewritten) {
        f->cause = DIAG_CAUSE_rewritten;
        f->blame = DIAG_BLAME_MIDDLEBOX;
    }

    if (f && answers_previous(r->conn))
        f->severity = DIAG_NOTE;
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    diag_rst_cite(r, f);
}

static bool rejects_old_connection(const struct diag_rst *r)
{
    const struct diag_sent *challenge = diag_challenge_ack(r->conn);

    return r->step->from == DIAG_CLIENT && challenge && r->step->seg->seq == challenge->ack;
}

static void report_old(const struct diag_rst *r)
{
    diag_report_old_connection(r->step, diag_challenge_ack(r->conn));
}

static void report_good_synack(const struct diag_rst *r)
{
    const struct diag_opening *o = &r->conn->opening;
    int64_t delay = diag_rst_since(r, o->first_ns);
    struct diag_finding *f = diag_raise(r->step->out, DIAG_rst_after_good_synack, DIAG_CLIENT,
                                        r->step->seg->frame, delay, o->synack_frame);

    if (!f)
        return;
    /* A scanner that makes its SYNs itself draws their TTL by lot, and the kernel below it does
     * not: distance alone accuses nobody. */
    bool kernel = r->x->options & DIAG_OPT_SACK_PERMITTED;

    f->cause = kernel && diag_elsewhere(r->x->ttl, r->step->seg->ttl) ? DIAG_CAUSE_elsewhere
               : o->synack_ns - o->first_ns > DIAG_SECOND_NS          ? DIAG_CAUSE_late
               : kernel                                               ? DIAG_CAUSE_gone
                                                                      : DIAG_CAUSE_no_socket;
    diag_cite(f, DIAG_ROLE_syn, o->last_frame);
    diag_cite(f, DIAG_ROLE_synack, o->synack_frame);
    diag_rst_cite(r, f);
    /* A cancelled race or a scan: nobody waited for this connection. */
    if (f->cause != DIAG_CAUSE_late)
        diag_excuse(f);
}

/* ---- once the capture is over: did the client give up, or was it only its kernel? */

static bool comes_back(const struct diag_connection *conn, uint32_t frame)
{
    for (uint32_t i = conn->recent_count; i-- > 0 && conn->recent[i].frame > frame;)
        if (conn->recent[i].from == DIAG_CLIENT && !(conn->recent[i].flags & DIAG_RST))
            return true;
    return false;
}

/* A kernel resets within microseconds: then nothing can lie between the capture and the client. */
static bool seen_at_client(const struct diag_connection *conn, int64_t reset_after_syn_ns)
{
    int64_t synack_after_syn_ns = conn->opening.rtt_ns;

    return synack_after_syn_ns != DIAG_UNKNOWN_NS &&
           reset_after_syn_ns - synack_after_syn_ns < DIAG_MS_NS;
}

static void still_connecting(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_rst_after_good_synack);

    bool elsewhere = said && said->cause == DIAG_CAUSE_elsewhere;

    if (!said || !comes_back(conn, said->frame) || (conn->opening.established && !elsewhere))
        return;
    struct diag_finding *f =
        diag_raise(out, said->id, said->side, said->frame, said->value[0], said->value[1]);

    if (!f)
        return;
    f->cause = elsewhere ? DIAG_CAUSE_elsewhere : DIAG_CAUSE_no_socket;
    if (elsewhere || !seen_at_client(conn, said->value[0]))
        f->blame |= DIAG_BLAME_MIDDLEBOX;
    diag_cite_again(f, said);
}

/* ---- how often */

void diag_rst_opening_in_all(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_opening *o = &conn->opening;
    const struct diag_finding *echo = diag_raised_finding(conn, DIAG_synack_bad_tsecr);
    const struct diag_finding *old = diag_raised_finding(conn, DIAG_syn_hits_old_connection);
    struct diag_finding *f = NULL;

    still_connecting(conn, out);
    if (echo && echo->value[2] && o->bad_cycles > 1) {
        f = diag_raise(out, DIAG_synack_bad_tsecr, DIAG_SERVER, echo->frame, echo->value[0],
                       echo->value[1], o->bad_cycles, echo->value[3]);
        for (uint32_t i = 0; f && i < echo->evidence_count; i++)
            diag_cite(f, echo->evidence[i].role, echo->evidence[i].frame);
        for (uint32_t i = 0; f && i < conn->reset_count; i++)
            diag_cite(f, DIAG_ROLE_rst, conn->reset[i].frame);
    }
    if (!old || !o->established)
        return;
    f = diag_raise(out, DIAG_syn_hits_old_connection, old->side, old->frame, old->value[0],
                   o->synack_ns - o->all_first_ns, old->value[2], old->value[3]);
    if (!f)
        return;
    f->cause = old->cause;
    f->blame = old->blame;
    for (uint32_t i = 0; i < old->evidence_count; i++)
        diag_cite(f, old->evidence[i].role, old->evidence[i].frame);
    if (f->value[1] < DIAG_SECOND_NS * 12 / 10)
        f->severity = DIAG_NOTE;
}

const struct diag_rst_class diag_rst_refused = {DIAG_connect_refused, refuses, report_refused};
const struct diag_rst_class diag_rst_bad_echo = {DIAG_synack_bad_tsecr, rejects_echo, report_echo};
const struct diag_rst_class diag_rst_bad_ack = {DIAG_synack_bad_ack, rejects_ack_number,
                                                report_ack_number};
const struct diag_rst_class diag_rst_old_connection = {DIAG_syn_hits_old_connection,
                                                       rejects_old_connection, report_old};
const struct diag_rst_class diag_rst_good_synack = {DIAG_rst_after_good_synack, rejects_synack,
                                                    report_good_synack};
