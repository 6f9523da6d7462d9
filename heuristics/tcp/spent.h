/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the seconds of a connection went, and whether anybody waited. Private to heuristics/. */
#ifndef DIAG_SPENT_H
#define DIAG_SPENT_H

#include "core.h"

/* ---- spent.c; the state is as before the segment */

void diag_spent_add(const struct diag_step *step);
/* The open request is answered by this segment. */
void diag_spent_answered(const struct diag_step *step);
/* Nobody waits for an answer to the open request. */
void diag_spent_unanswered(struct diag_connection *conn);
/* A server that waits for news, or for a timer, before it answers took so long. */
bool diag_was_held(const struct diag_connection *conn, int64_t server_ns);
/* A server that spoke unasked so often may do it again: what it says need not be an answer. */
#define DIAG_PUSHES 2
/* From the capture point to this side and back; 0 when unknown. */
int64_t diag_way_to(const struct diag_connection *conn, enum diag_side side);
/* Both ways together. */
int64_t diag_round_trip(const struct diag_connection *conn);

/* ---- what was sent again (flight.c, connection.c) */

/* The user noticed that this range was sent again. */
bool diag_range_stalled(const struct diag_range *range);
/* RFC 3522: the ACK answers the first transmission of this oldest range, and no copy of it. */
bool diag_answers_first(const struct diag_segment *seg, const struct diag_range *oldest);
/* All that this side has in flight is one small message that nobody asked for, and that is not
 * too late even so. */
bool diag_nobody_waits(const struct diag_connection *conn, enum diag_side sender, int64_t late_ns);

#endif
