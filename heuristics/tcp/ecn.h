/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explicit congestion notification: what was agreed, and what became of the marks. Kept only for
 * connections that show a mark, an echo, or marked data that were lost. Private to heuristics/.
 */
#ifndef DIAG_ECN_H
#define DIAG_ECN_H

#include "core.h"

#define DIAG_ECN_BITS (DIAG_AE | DIAG_CWR | DIAG_ECE)

/* The mark in the IP header (RFC 3168 5). */
enum diag_mark {
    DIAG_NOT_ECT,
    DIAG_ECT_1,
    DIAG_ECT_0,
    DIAG_CE
};

enum diag_ecn {
    DIAG_ECN_UNKNOWN, /* no SYN in the capture */
    DIAG_ECN_OFF,
    DIAG_ECN_OFFERED,
    DIAG_ECN_REFUSED,
    DIAG_ECN_FALLBACK, /* the client took its offer back */
    DIAG_ECN_ON,       /* as in RFC 3168 */
    DIAG_ECN_REFLECTED,
    DIAG_ECN_ACCURATE /* RFC 9768 */
};

/* CE -> ECE -> CWR (RFC 3168 6.1.2, 6.1.3), of the side that sends the marked data. */
struct diag_marks {
    uint32_t ce_frame; /* the oldest mark whose echo is awaited; 0 if none */
    uint32_t ce_end;
    uint32_t ce_acks; /* ACKs that cover it, without ECE */
    uint32_t missed;  /* marks that two ACKs covered without an echo */
    uint32_t missed_frame;
    bool ce_seen;
    bool echoed;

    uint32_t ece_frame; /* the first echo that no CWR has answered; 0 if none */
    int64_t ece_ns;
    uint32_t ece_acks;
    uint32_t fresh; /* new data since, without CWR */

    uint32_t cwr_frame; /* the first CWR since the last mark; 0 if none */
    uint32_t cwr_end;
    bool answers;   /* it has set CWR */
    uint32_t stuck; /* echoes after that had arrived */
    int64_t stuck_ns;

    uint32_t ect_lost; /* times that marked data were lost and their first unmarked copy arrived */
    uint32_t ect_frame;
    uint32_t copy_frame;
    int64_t ect_ns;
};

enum diag_ecn diag_ecn_of(const struct diag_connection *conn);
/* The segment may say something about marks: cheap enough for every segment. */
bool diag_sees_ecn(const struct diag_step *step);
void diag_ecn_apply(const struct diag_step *step);
/* What was sent with a mark is acknowledged. */
void diag_ecn_taken(const struct diag_step *step, const struct diag_range *range);

#endif
