/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two different contents for one sequence number: somebody else's, or damage. */
#include "rules/blame.h"

#include <string.h>

/* ---- data_conflict */

/* So many in a row that counted up, and the source counts. */
#define ID_STEPS 3

/* So much of both is known. */
static uint8_t shorter(const struct diag_sent *old, const struct diag_segment *seg)
{
    return (uint8_t)MIN(seg->captured, old->head_length);
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
    const struct diag_sent *last = NULL;
    unsigned steps = 0;

    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent == old || sent->from != old->from || sent->flags & DIAG_RST)
            continue;
        steps = last && diag_id_follows(last->ip_id, sent->ip_id) ? steps + 1 : 0;
        last = sent;
    }
    if (steps < ID_STEPS)
        return false;
    bool odd =
        !diag_id_follows(last->ip_id, old->ip_id) && !diag_id_follows(old->ip_id, last->ip_id);

    return odd == diag_id_follows(last->ip_id, seg->ip_id);
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

    return old->seq == seg->seq && n > 1 && memcmp(old->head, seg->data, n) != 0 &&
           !is_zero(old->head, n) && !is_zero(seg->data, n);
}

static void conflicting_data(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;

    if (step->rst || diag_raised(conn, DIAG_data_conflict))
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

const struct diag_rule diag_rule_content = {
    .name = "content", .sees = DIAG_SEES_AGAIN, .on_segment = conflicting_data};
