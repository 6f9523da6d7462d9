/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path that drops segments for their size: small ones pass, the large ones never do, and the ICMP
 * message that would tell the sender does not arrive (RFC 2923 2.1).
 */
#include "rules/path_mtu.h"

#include <string.h>

/* Every path carries this much payload (RFC 791 576 bytes, RFC 8200 1280 bytes, less headers). */
#define SURE_V4 536
#define SURE_V6 1220
/* Copies of one segment that died; two segments that died together count more than one alone. */
#define COPIES       2
#define COPIES_ALONE 3

static uint16_t size_of(const struct diag_range *range)
{
    return range->again ? range->again_size : range->size;
}

static bool may_be_too_large(const struct diag_connection *conn, enum diag_side side, uint16_t size)
{
    uint16_t agreed = conn->half[diag_peer(side)].mss;
    uint16_t sure = conn->endpoint[side].address.length == 16 ? SURE_V6 : SURE_V4;

    return size > sure && (!agreed || size <= agreed) && size > conn->half[side].passed;
}

/* ---- a path that carried more at first: a route that changed, a tunnel that came up */

static bool is_small_ack(const struct diag_connection *conn, uint32_t frame)
{
    const struct diag_sent *sent = diag_sent_in(conn, frame);

    return sent && !sent->payload;
}

static bool repeated_since(const struct diag_connection *conn, enum diag_side side, uint32_t frame)
{
    for (uint32_t i = 0; i < conn->recent_count; i++) {
        const struct diag_sent *sent = &conn->recent[i];

        if (sent->from == side && sent->frame > frame && sent->end != sent->seq)
            return true;
    }
    return false;
}

/* Between two copies that died, an empty ACK passed: for what it acknowledges was not sent again.
 * So it is no outage. */
static bool ack_passed_between(const struct diag_connection *conn, enum diag_side side,
                               const struct diag_range *range)
{
    const struct diag_half *x = &conn->half[side];
    const struct diag_half *y = &conn->half[diag_peer(side)];

    return x->ack == y->nxt && x->ack_frame > range->frame &&
           range->again_ns - x->ack_ns >= DIAG_SECOND_NS && is_small_ack(conn, x->ack_frame) &&
           !repeated_since(conn, diag_peer(side), x->ack_frame);
}

bool diag_path_shrank(const struct diag_connection *conn, enum diag_side side,
                      const struct diag_range *range)
{
    const struct diag_half *x = &conn->half[side];
    uint16_t sure = conn->endpoint[side].address.length == 16 ? SURE_V6 : SURE_V4;

    return range->again >= COPIES_ALONE && size_of(range) > sure && size_of(range) <= x->passed &&
           size_of(range) <= diag_mss_of(&conn->half[diag_peer(side)]) &&
           ack_passed_between(conn, side, range);
}

bool diag_size_never_passes(const struct diag_connection *conn, enum diag_side side,
                            const struct diag_range *range)
{
    const struct diag_half *x = &conn->half[side];
    uint32_t dead = 0;
    uint32_t passed = 0;

    if (range->again < COPIES || !may_be_too_large(conn, side, size_of(range)))
        return false;
    for (uint32_t i = 0; i < x->flight_count; i++) {
        const struct diag_range *other = &x->flight[i];

        dead += other->size > x->passed;
        passed += other->sacked;
    }
    return passed && (dead > 1 || range->again >= COPIES_ALONE);
}

void diag_report_size(struct diag_out *out, enum diag_side side, const struct diag_range *range,
                      uint32_t frame, uint32_t tries)
{
    const struct diag_connection *conn = out->conn;
    const struct diag_half *x = &conn->half[side];
    const struct diag_finding *told = diag_raised_finding(conn, DIAG_pmtu_blackhole);
    uint16_t passes = x->passed;
    int64_t mtu = told && told->side == side ? told->value[5] : 0;

    for (uint32_t i = 0; i < x->flight_count; i++)
        if (x->flight[i].sacked)
            passes = MAX(passes, x->flight[i].size);
    struct diag_finding *f =
        diag_raise(out, DIAG_pmtu_blackhole, side, frame, size_of(range), tries,
                   conn->half[diag_peer(side)].mss, range->frame, passes, mtu);

    if (f && diag_path_shrank(conn, side, range))
        f->cause = DIAG_CAUSE_shrank;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
    diag_cite(f, DIAG_ROLE_retransmission, frame);
}

/* ---- a router says so: that is how it should be */

/* RFC 5927 5: an error about something that is not in flight is not believed. */
void diag_icmp_too_big(struct diag_out *out, const struct diag_icmp *icmp)
{
    const struct diag_connection *conn = out->conn;
    const struct diag_endpoint *client = &conn->endpoint[DIAG_CLIENT];
    enum diag_side side =
        icmp->source.port == client->port &&
                memcmp(&icmp->source.address, &client->address, sizeof client->address) == 0
            ? DIAG_CLIENT
            : DIAG_SERVER;
    const struct diag_range *range = diag_flight_at(&conn->half[side], icmp->seq);

    if (!range || diag_raised(conn, DIAG_pmtu_blackhole))
        return;
    struct diag_finding *f = diag_raise(out, DIAG_pmtu_blackhole, side, icmp->frame, size_of(range),
                                        range->again + 1, conn->half[diag_peer(side)].mss,
                                        range->frame, conn->half[side].passed, icmp->mtu);

    if (!f)
        return;
    f->severity = DIAG_NOTE;
    f->benign = true;
    f->blame = DIAG_BLAME_NONE;
    f->cause = DIAG_CAUSE_icmp_seen;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_icmp, icmp->frame);
}

/* ---- the sender tries smaller segments by itself (RFC 4821), and they pass */

static bool said_that_smaller_passes(const struct diag_connection *conn)
{
    const struct diag_finding *said = diag_raised_finding(conn, DIAG_pmtu_blackhole);

    return said && said->cause == DIAG_CAUSE_smaller_passes;
}

static void smaller_passes(const struct diag_step *step)
{
    const struct diag_half *y = step->y;
    const struct diag_range *range = &y->flight[0];

    if (range->full < COPIES || range->again_size >= range->size ||
        !may_be_too_large(step->conn, diag_peer(step->from), range->size) ||
        said_that_smaller_passes(step->conn))
        return;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_pmtu_blackhole, diag_peer(step->from), step->seg->frame,
                   range->size, range->full + 1, step->x->mss, range->frame, range->again_size, 0);

    if (!f)
        return;
    f->severity = DIAG_WARN;
    f->cause = DIAG_CAUSE_smaller_passes;
    diag_cite(f, DIAG_ROLE_data, range->frame);
    diag_cite(f, DIAG_ROLE_retransmission, range->again_frame);
    diag_cite(f, DIAG_ROLE_ack, step->seg->frame);
}

const struct diag_rule diag_rule_path_mtu = {
    .name = "path_mtu", .sees = DIAG_SEES_REPAIR, .on_segment = smaller_passes};
