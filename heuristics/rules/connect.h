/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the families of connect, SYN/ACK and reset rules share. */
#ifndef DIAG_RULES_CONNECT_H
#define DIAG_RULES_CONNECT_H

#include "core.h"

/* The server's bare ACK that answers the running series of SYNs and belongs to another connection
 * (RFC 5961 4.2); NULL if the last segment was none. */
const struct diag_sent *diag_challenge_ack(const struct diag_connection *conn);
struct diag_finding *diag_report_old_connection(const struct diag_step *step,
                                                const struct diag_sent *challenge);

/* The finding for a SYN/ACK with a wrong echo that the client rejected in this step. */
struct diag_finding *diag_report_bad_echo(const struct diag_step *step);

#endif
