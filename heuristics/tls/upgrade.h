/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests for TLS inside a connection in plain text, and for a tunnel to carry it. */
#ifndef DIAG_UPGRADE_H
#define DIAG_UPGRADE_H

#include "diag.h"

enum diag_upgrade {
    DIAG_UPGRADE_NONE,
    DIAG_UPGRADE_LINE, /* SMTP, NNTP, LMTP, sieve: STARTTLS; FTP: AUTH TLS */
    DIAG_UPGRADE_IMAP,
    DIAG_UPGRADE_POP3,
    DIAG_UPGRADE_XMPP,
    DIAG_UPGRADE_LDAP,
    DIAG_UPGRADE_POSTGRES,
    DIAG_UPGRADE_CONNECT, /* HTTP: a tunnel through a proxy */
    DIAG_UPGRADE_EHLO     /* SMTP: what the server can, STARTTLS among it */
};

/* Whether STARTTLS stands in the answer to EHLO. */
enum diag_upgrade_offer {
    DIAG_OFFER_UNKNOWN,
    DIAG_OFFER_MADE,
    DIAG_OFFER_MISSING /* the list is complete */
};

/* What this segment of the client asks for. */
enum diag_upgrade diag_upgrade_asked(const struct diag_segment *seg);
/* The server's answer says no; of EHLO: somebody overwrote a capability. */
bool diag_upgrade_refused(enum diag_upgrade asked, const struct diag_segment *seg);
enum diag_upgrade_offer diag_upgrade_offered(const struct diag_segment *seg);
/* Of an HTTP answer, 0 when it is none. */
uint16_t diag_upgrade_status(const struct diag_segment *seg);

/* Length of the PROXY protocol header that the segment begins with, 0 when there is none. */
uint32_t diag_upgrade_proxy_header(const struct diag_segment *seg);
/* IMAP puts a tag of any length before its LOGOUT; XMPP closes its stream. */
bool diag_upgrade_says_goodbye(const uint8_t *line, size_t length);

#endif
