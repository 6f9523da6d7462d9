/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What passes the IP and Ethernet dissectors of one frame, noted in passing: which bytes, between
 * which addresses, at which depth. Needs no tree, sees tunnels and segments quoted in ICMP.
 */
#ifndef DIAG_RECORDER_H
#define DIAG_RECORDER_H

#include "compat.h"
#include "../heuristics/diag.h"

enum diag_record_kind {
    DIAG_RECORD_TCP,
    DIAG_RECORD_UDP,
    DIAG_RECORD_ICMP,
    DIAG_RECORD_ICMPV6,
    DIAG_RECORD_ARP,
    DIAG_RECORD_KINDS
};

/* One header of the frame and what follows it. Lives as long as the frame is dissected. */
struct diag_record {
    struct diag_record *next;
    tvbuff_t *tvb; /* begins with the header */
    enum diag_record_kind kind;
    struct diag_address source;
    struct diag_address destination;
    uint8_t ip_version; /* 0 when no IP header was handed down */
    uint8_t ttl;
    uint8_t traffic_class;
    uint8_t tunnel;
    uint16_t ip_id;
    uint32_t ip_length; /* IPv4 total length or IPv6 payload length, as in the header */
    bool dont_fragment;
    bool fragment; /* of a datagram that was not put together: its length is unknown */
    bool quoted;   /* inside an error message or a sample, not sent at this time */
};

void diag_recorder_register(int proto_diag);
void diag_recorder_handoff(void);

/* The records of this frame, outermost first. NULL when there are none. */
const struct diag_record *diag_records(packet_info *pinfo);

#endif
