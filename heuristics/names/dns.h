/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads one message in DNS format: DNS, mDNS, LLMNR or NetBIOS name service. Only what the name
 * rules need, in one pass, within what was captured.
 */
#ifndef DIAG_DNS_H
#define DIAG_DNS_H

#include "diag.h"

#define DIAG_DNS_NAME_SIZE 256 /* a name has at most 255 octets on the wire, fewer as text */
#define DIAG_DNS_ADDRESSES 8

enum diag_dns_type {
    DIAG_DNS_A = 1,
    DIAG_DNS_PTR = 12,
    DIAG_DNS_AAAA = 28,
    DIAG_DNS_NB = 32,     /* NBNS: name query */
    DIAG_DNS_NBSTAT = 33, /* NBNS: node status, "what are your names?"; SRV in DNS */
    DIAG_DNS_ANY = 255
};

enum diag_dns_rcode {
    DIAG_DNS_NOERROR = 0,
    DIAG_DNS_SERVFAIL = 2,
    DIAG_DNS_NXDOMAIN = 3,
    DIAG_DNS_REFUSED = 5
};

struct diag_dns {
    uint16_t id;
    bool response;
    bool truncated;         /* the TC flag: ask again by TCP */
    bool recursion_desired; /* off: one name server asks another */
    uint8_t opcode;         /* 0 is a query; NBNS also registers, releases and refreshes names */
    uint8_t rcode;
    uint16_t qtype;
    /* Labels joined by dots, bytes as they came (escape before printing) but without a NUL; "." is
     * the root. Without a question the owner of the first answer (mDNS, NBNS); "" if neither. */
    char qname[DIAG_DNS_NAME_SIZE];
    /* The question is for the name of an address. Node status: true, but the address is the one
     * that the query was sent to, and looked_up is empty. */
    bool reverse;
    struct diag_address looked_up;
    uint16_t answer_count; /* as the header says */
    uint8_t address_count; /* of them captured and readable */
    struct diag_address address[DIAG_DNS_ADDRESSES];
};

/* False when it is no such message, or cut before the end of the question; out is then undefined.
 * An answer section that is cut or broken ends the list of addresses and nothing else. */
bool diag_dns_read(const uint8_t *data, size_t captured, enum diag_name_service service,
                   struct diag_dns *out);

#endif
