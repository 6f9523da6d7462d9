/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What segments say beyond their headers: two different contents for one sequence number, and a
 * reason in the payload of a reset.
 */
#include "blame.h"

#include <string.h>

/* ---- data_conflict */

/* So many in a row that counted up, and the source counts. */
#define ID_STEPS 3

static uint8_t shorter(const struct diag_sent *old, const struct diag_segment *seg)
{
    uint32_t n = seg->captured < DIAG_HEAD_BYTES ? seg->captured : DIAG_HEAD_BYTES;

    return old->head_length < n ? old->head_length : (uint8_t)n;
}

static bool is_zero(const uint8_t *data, uint8_t n)
{
    for (uint8_t i = 0; i < n; i++)
        if (data[i])
            return false;
    return true;
}

/* A bridge that rewrites contents, captured on both of its sides. */
static bool is_same_packet(const struct diag_connection *conn, const struct diag_sent *old,
                           const struct diag_segment *seg)
{
    return old->ip_id && old->ip_id == seg->ip_id &&
           seg->time_ns - old->time_ns < diag_ms(conn->engine->settings.copy_window);
}

/* Exactly one of the two is not among the numbers that this side gives its packets. */
static bool differs_in_id(const struct diag_connection *conn, const struct diag_sent *old,
                          const struct diag_segment *seg)
{
    uint16_t last = 0;
    unsigned steps = 0;

    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent == old || sent->from != old->from || sent->flags & DIAG_RST)
            continue;
        steps = diag_id_follows(last, sent->ip_id) ? steps + 1 : 0;
        last = sent->ip_id;
    }
    bool odd = !diag_id_follows(last, old->ip_id) && !diag_id_follows(old->ip_id, last);

    return steps >= ID_STEPS && odd == diag_id_follows(last, seg->ip_id);
}

/* Different bytes alone may be damage on the way, repaired by a retransmission, or a file that
 * changed between the two (sendfile): somebody else is seen by his distance or his numbers. */
static bool comes_from_elsewhere(const struct diag_connection *conn, const struct diag_sent *old,
                                 const struct diag_segment *seg)
{
    return !is_same_packet(conn, old, seg) &&
           (diag_foreign_hops(old->ttl, seg->ttl) || differs_in_id(conn, old, seg));
}

/* One byte is a keep-alive's garbage; zeros are a window probe, or a damaged capture. */
static bool contradicts(const struct diag_sent *old, const struct diag_segment *seg)
{
    uint8_t n = shorter(old, seg);

    return old->seq == seg->seq && old->payload > 1 && seg->payload > 1 && n > 1 &&
           memcmp(old->head, seg->data, n) != 0 && !is_zero(old->head, n) && !is_zero(seg->data, n);
}

static void conflicting_data(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    if (!step->seg->payload || !diag_seq_lt(step->seg->seq, step->x->nxt) || step->rst ||
        step->seg->flags & DIAG_SYN || diag_raised(conn, DIAG_data_conflict))
        return;
    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *old = &conn->recent[i];

        if (old->from != step->from || old->flags & (DIAG_RST | DIAG_SYN) ||
            !contradicts(old, step->seg) || !comes_from_elsewhere(conn, old, step->seg))
            continue;
        struct diag_finding *f =
            diag_raise(step->out, DIAG_data_conflict, step->from, step->seg->frame, old->frame,
                       old->ttl, step->seg->ttl, old->ip_id, step->seg->ip_id);

        diag_cite(f, DIAG_ROLE_data, old->frame);
        diag_cite(f, DIAG_ROLE_data, step->seg->frame);
        return;
    }
}

/* ---- rst_with_reason (RFC 9293 3.5.3, SHLD-2) */

#define REASON_MAX 64
/* More than this is no reason but data with a flag too many. */
#define REASON_BYTES 80

static void reason_in_reset(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    char text[REASON_MAX + 1];
    uint32_t n = 0;

    if (!step->rst || seg->flags & DIAG_PSH || seg->payload > REASON_BYTES ||
        diag_raised(step->conn, DIAG_rst_with_reason))
        return;
    while (n < seg->captured && n < REASON_MAX && seg->data[n] >= ' ' && seg->data[n] < 127) {
        text[n] = (char)seg->data[n];
        n++;
    }
    text[n] = '\0';
    if (n < 4)
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_rst_with_reason, step->from, seg->frame, seg->payload);

    diag_name_it(step->out, f, text);
    diag_cite(f, DIAG_ROLE_rst, seg->frame);
}

/* The names of RFC 8684 3.6; 0 is no reason at all. */
static void reason_of_subflow(const struct diag_step *step)
{
    static const char *const reason[] = {NULL,
                                         "MPTCP-specific error",
                                         "lack of resources",
                                         "administratively prohibited",
                                         "too much outstanding data",
                                         "unacceptable performance",
                                         "a middlebox interferes"};
    const struct diag_segment *seg = step->seg;

    if (!step->rst || !(seg->options & DIAG_OPT_MPTCP_RESET) || seg->mptcp_reason == 0 ||
        seg->mptcp_reason >= G_N_ELEMENTS(reason) || diag_raised(step->conn, DIAG_rst_with_reason))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_rst_with_reason, step->from, seg->frame, seg->payload);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_subflow;
    diag_name_it(step->out, f, reason[seg->mptcp_reason]);
    diag_cite(f, DIAG_ROLE_rst, seg->frame);
}

static void on_segment(const struct diag_step *step)
{
    conflicting_data(step);
    reason_in_reset(step);
    reason_of_subflow(step);
}

const struct diag_rule diag_rule_content = {
    .name = "content", .sees = DIAG_SEES_AGAIN | DIAG_SEES_RST, .on_segment = on_segment};
