/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a segment may be: the families of rules that see none of it are not asked. */
#include "tcp/ecn.h"

/* Two receive queues disorder frames by less than a millisecond; no connection rests for a day. */
#define DISORDER_NS DIAG_MS_NS
#define DAY_NS      (86400 * DIAG_SECOND_NS)

int64_t diag_clock_jump(const struct diag_step *step)
{
    int64_t ahead = step->conn->last_frame ? step->seg->time_ns - step->conn->last_ns : 0;

    return ahead >= -DISORDER_NS && ahead <= DAY_NS ? 0 : ahead;
}

static bool is_odd_frame(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;

    return seg->cut || seg->captured < seg->payload || seg->payload > DIAG_ETHERNET_MSS ||
           diag_clock_jump(step);
}

static unsigned traits_of_segment(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    unsigned traits = 0;

    if (seg->payload)
        traits |= DIAG_SEES_DATA | (step->x->bytes ? 0 : DIAG_SEES_FIRST_DATA);
    if (seg->flags & DIAG_SYN)
        traits |= DIAG_SEES_SYN;
    if (step->fin)
        traits |= DIAG_SEES_FIN;
    if (step->rst)
        traits |= DIAG_SEES_RST;
    if (step->again || step->keepalive || (seg->payload && diag_seq_lt(seg->seq, step->x->nxt)))
        traits |= DIAG_SEES_AGAIN;
    if (diag_sees_ecn(step))
        traits |= DIAG_SEES_ECN;
    if (is_odd_frame(step))
        traits |= DIAG_SEES_ODD_FRAME;
    return traits;
}

/* In TLS 1.3 a server learns from the client's Finished what it rejects. */
static bool brings_decrypted_alert(const struct diag_segment *seg)
{
    for (size_t i = 0; i < seg->decrypted_count; i++)
        if (seg->decrypted[i].type == DIAG_TLS_ALERT)
            return true;
    return false;
}

static unsigned traits_of_state(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    unsigned traits = DIAG_SEES_ANY;

    if (!conn->last_frame)
        traits |= DIAG_SEES_FIRST;
    if (!conn->opening.established)
        traits |= DIAG_SEES_OPENING;
    if (step->refuses)
        traits |= DIAG_SEES_REFUSAL;
    if (step->gap || step->x->hole_count || step->y->hole_count)
        traits |= DIAG_SEES_GAP;
    if (step->x->zero_frame)
        traits |= DIAG_SEES_WINDOW;
    if (conn->request.open)
        traits |= DIAG_SEES_ASKED;
    if (step->advances && step->y->flight_count && step->y->flight[0].again)
        traits |= DIAG_SEES_REPAIR;
    if (conn->closer != DIAG_NO_SIDE || step->x->rst_frame)
        traits |= DIAG_SEES_CLOSED;
    if (conn->tls &&
        (!diag_tls_facts(conn->tls)->established.frame || brings_decrypted_alert(step->seg)))
        traits |= DIAG_SEES_HANDSHAKE;
    return traits;
}

unsigned diag_step_traits(const struct diag_step *step)
{
    return traits_of_segment(step) | traits_of_state(step);
}
