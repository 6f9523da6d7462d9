/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What segments say beyond their headers: two different contents for one sequence number, and a
 * reason in the payload of a reset.
 */
#include "blame.h"

#include <string.h>

/* ---- data_conflict */

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

    if (!step->seg->payload || step->rst || step->seg->flags & DIAG_SYN ||
        diag_raised(conn, DIAG_data_conflict))
        return;
    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *old = &conn->recent[i];

        if (old->from != step->from || old->flags & (DIAG_RST | DIAG_SYN) ||
            !contradicts(old, step->seg))
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

    if (!step->rst || seg->payload > REASON_BYTES || diag_raised(step->conn, DIAG_rst_with_reason))
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

static void on_segment(const struct diag_step *step)
{
    conflicting_data(step);
    reason_in_reset(step);
}

const struct diag_rule diag_rule_content = {.name = "content", .on_segment = on_segment};
