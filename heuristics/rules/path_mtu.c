/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path that drops segments for their size: small ones pass, the large ones never do, and the ICMP
 * message that would tell the sender does not arrive (RFC 2923 2.1).
 */
#include "blame.h"

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

        dead += !other->sacked && other->size > x->passed;
        passed += other->sacked && other->time_ns >= range->time_ns;
    }
    return passed && (dead > 1 || range->again >= COPIES_ALONE);
}
