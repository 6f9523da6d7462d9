/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One reset as its classes see it, and the classes; the order in which they are tried is in
 * reset.c. */
#ifndef DIAG_RULES_RESET_H
#define DIAG_RULES_RESET_H

#include "rules/blame.h"

struct diag_rst {
    const struct diag_step *step;
    const struct diag_connection *conn;
    const struct diag_half *x;
    const struct diag_half *y;
    enum diag_reset_kind kind;
    const struct diag_sent *answers; /* NULL if none was captured */
    uint32_t missing; /* bytes that its sender had sent before it, and that are not here (yet) */
};

struct diag_rst_class {
    enum diag_id id;
    bool (*matches)(const struct diag_rst *r);
    void (*report)(const struct diag_rst *r);
};

/* ---- what every class may ask (reset_kind.c) */

/* Sets kind and what it answers. */
void diag_rst_recognise(struct diag_rst *r);
/* The last segment that this side sent, if it is still remembered. */
const struct diag_sent *diag_last_from(const struct diag_connection *conn, enum diag_side side);
/* Cites what the reset answers, and the reset. */
struct diag_finding *diag_rst_cite(const struct diag_rst *r, struct diag_finding *f);
/* The client has not ended the handshake yet. */
bool diag_rst_in_opening(const struct diag_rst *r);
/* Bytes of its own, or of its peer, that this reset throws away. */
uint32_t diag_rst_own_lost(const struct diag_rst *r);
uint32_t diag_rst_peer_lost(const struct diag_rst *r);
/* So few bytes that only the farewell of TLS, or a line end, can have been on the way. */
bool diag_rst_only_farewell(const struct diag_rst *r, uint32_t bytes);
/* By a close_notify, as far as the capture shows it. */
bool diag_may_have_said_goodbye(const struct diag_connection *conn, enum diag_side side);
/* It had said goodbye and closed, with all bytes sent once and no request open (reset_alive.c). */
bool diag_had_said_all(const struct diag_connection *conn, enum diag_side side);
/* So few bytes that they can only have been a client's last word, which nobody answers. */
bool diag_rst_is_last_word(const struct diag_rst *r, uint32_t bytes);
/* Nothing of either side is lost by it. */
bool diag_rst_lost_nothing(const struct diag_rst *r);

/* How long ago; a clock that was set back in between tells nothing. */
static inline int64_t diag_rst_since(const struct diag_rst *r, int64_t then_ns)
{
    return diag_max_ns(r->step->seg->time_ns - then_ns, 0);
}

/* ---- the classes: of an answer to a SYN or SYN/ACK (reset_opening.c) */

extern const struct diag_rst_class diag_rst_refused;
extern const struct diag_rst_class diag_rst_bad_echo;
extern const struct diag_rst_class diag_rst_bad_ack;
extern const struct diag_rst_class diag_rst_old_connection;
extern const struct diag_rst_class diag_rst_good_synack;
/* How often, once the capture is over. */
void diag_rst_opening_in_all(const struct diag_connection *conn, struct diag_out *out);

/* ---- of a connection that somebody had closed (reset_closed.c) */

extern const struct diag_rst_class diag_rst_after_close;
extern const struct diag_rst_class diag_rst_reuse_race;
extern const struct diag_rst_class diag_rst_data_after_close;

/* ---- of a connection that was alive (reset_alive.c) */

extern const struct diag_rst_class diag_rst_out_of_window;
extern const struct diag_rst_class diag_rst_timeout;
extern const struct diag_rst_class diag_rst_unread_data;
extern const struct diag_rst_class diag_rst_no_socket;
extern const struct diag_rst_class diag_rst_abort;
extern const struct diag_rst_class diag_rst_unexplained;

#endif
