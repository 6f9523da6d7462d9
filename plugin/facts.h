/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records turned into the facts that heuristics/ reads. Every function reads captured bytes only
 * and says false when they do not hold the fact.
 */
#ifndef DIAG_FACTS_H
#define DIAG_FACTS_H

#include "batch.h"

/* Up to the flags and the window: Wireshark's TCP dissector gives up on less, and so does diag. */
#define DIAG_LEAST_TCP_HEADER 16

/* Nanoseconds since the epoch; what does not fit is cut to what does. */
int64_t diag_fact_time(const packet_info *pinfo);

/* Ports of a TCP or UDP record. */
bool diag_fact_endpoints(const struct diag_record *record, struct diag_endpoint *source,
                         struct diag_endpoint *destination);

/* Facts do not know the number of their frame; a segment neither its stream, nor whether another
 * protocol decodes the payload. */
bool diag_fact_segment(packet_info *pinfo, const struct diag_record *record,
                       struct diag_waiting *waiting);
bool diag_fact_icmp(packet_info *pinfo, const struct diag_record *error,
                    const struct diag_record *quoted, struct diag_icmp *icmp);
bool diag_fact_name_udp(packet_info *pinfo, const struct diag_record *record,
                        struct diag_name_message *message);
bool diag_fact_name_tcp(const struct diag_segment *segment, struct diag_name_message *message);
bool diag_fact_arp(packet_info *pinfo, const struct diag_record *record, struct diag_arp *arp);
bool diag_fact_neighbour(packet_info *pinfo, const struct diag_record *record,
                         struct diag_arp *arp);

#endif
