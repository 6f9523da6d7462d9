/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of everything that is no TCP segment -> ICMP errors, messages of the name services, and
 * address resolution (ARP, or IPv6 neighbour discovery translated to it).
 */
#include "facts.h"

#include <string.h>

#define UDP_HEADER 8
#define LEAST_DNS  12

static bool is_error(const struct diag_record *record, uint8_t type)
{
    if (record->kind == DIAG_RECORD_ICMPV6)
        return type >= 1 && type <= 4;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static uint32_t next_hop_mtu(const struct diag_record *error, uint8_t type, uint8_t code)
{
    if (error->kind == DIAG_RECORD_ICMPV6)
        return type == 2 ? tvb_get_ntohl(error->tvb, 4) : 0;
    return type == 3 && code == 4 ? tvb_get_ntohs(error->tvb, 6) : 0;
}

bool diag_fact_icmp(packet_info *pinfo, const struct diag_record *error,
                    const struct diag_record *quoted, struct diag_icmp *icmp)
{
    if (tvb_captured_length(error->tvb) < 8 || tvb_captured_length(quoted->tvb) < 8)
        return false;
    uint8_t type = tvb_get_uint8(error->tvb, 0);
    uint8_t code = tvb_get_uint8(error->tvb, 1);

    *icmp = (struct diag_icmp){.time_ns = diag_fact_time(pinfo),
                               .sender = error->source,
                               .v6 = error->kind == DIAG_RECORD_ICMPV6,
                               .type = type,
                               .code = code,
                               .mtu = next_hop_mtu(error, type, code),
                               .seq = tvb_get_ntohl(quoted->tvb, 4)};
    return is_error(error, type) && diag_fact_endpoints(quoted, &icmp->source, &icmp->destination);
}

static bool has_port(const struct diag_name_message *message, uint16_t port)
{
    return message->source.port == port || message->destination.port == port;
}

/* By port; on any other port only what Wireshark decoded as DNS (its heuristic, Decode As). */
static bool find_service(packet_info *pinfo, struct diag_name_message *message)
{
    if (has_port(message, 53))
        message->service = DIAG_DNS;
    else if (has_port(message, 5353))
        message->service = DIAG_MDNS;
    else if (has_port(message, 5355))
        message->service = DIAG_LLMNR;
    else if (has_port(message, 137))
        message->service = DIAG_NBNS;
    else if (proto_is_frame_protocol(pinfo->layers, "dns"))
        message->service = DIAG_DNS;
    else
        return false;
    return true;
}

bool diag_fact_name_udp(packet_info *pinfo, const struct diag_record *record,
                        struct diag_name_message *message)
{
    *message = (struct diag_name_message){.time_ns = diag_fact_time(pinfo)};
    uint32_t captured = tvb_captured_length(record->tvb);

    if (record->quoted || captured < UDP_HEADER + LEAST_DNS ||
        !diag_fact_endpoints(record, &message->source, &message->destination) ||
        !find_service(pinfo, message))
        return false;
    message->captured = captured - UDP_HEADER;
    message->data = tvb_get_ptr(record->tvb, UDP_HEADER, (int)message->captured);
    return true;
}

/* Only a message that begins and ends inside one segment: the usual case, and the sure one. */
bool diag_fact_name_tcp(const struct diag_segment *segment, struct diag_name_message *message)
{
    if ((segment->source.port != 53 && segment->destination.port != 53) ||
        segment->captured < 2 + LEAST_DNS)
        return false;
    uint32_t length = (uint32_t)segment->data[0] << 8 | segment->data[1];

    if (length < LEAST_DNS || length + 2 > segment->payload)
        return false;
    *message = (struct diag_name_message){.frame = segment->frame,
                                          .time_ns = segment->time_ns,
                                          .service = DIAG_DNS,
                                          .source = segment->source,
                                          .destination = segment->destination,
                                          .data = segment->data + 2,
                                          .captured = MIN(length, segment->captured - 2)};
    return true;
}

static void read_address(tvbuff_t *tvb, int offset, uint8_t length, struct diag_address *address)
{
    address->length = length;
    tvb_memcpy(tvb, address->bytes, offset, length);
}

/* Ethernet and IPv4 only: other ARP is history. */
bool diag_fact_arp(packet_info *pinfo, const struct diag_record *record, struct diag_arp *arp)
{
    static const uint8_t ethernet_ipv4[] = {0, 1, 8, 0, 6, 4, 0};
    tvbuff_t *tvb = record->tvb;

    if (tvb_captured_length(tvb) < 28 ||
        tvb_memeql(tvb, 0, ethernet_ipv4, sizeof ethernet_ipv4) != 0)
        return false;
    uint8_t operation = tvb_get_uint8(tvb, 7);

    *arp = (struct diag_arp){.time_ns = diag_fact_time(pinfo), .reply = operation == 2};
    tvb_memcpy(tvb, arp->sender_mac, 8, 6);
    read_address(tvb, 14, 4, &arp->sender);
    read_address(tvb, 24, 4, &arp->target);
    return operation == 1 || operation == 2;
}

/* The link-layer address option of a neighbour message; all zeros when it has none. */
static void read_link_address(tvbuff_t *tvb, uint8_t wanted, struct diag_arp *arp)
{
    uint32_t captured = tvb_captured_length(tvb);
    uint32_t offset = 24;

    while (offset + 8 <= captured) {
        uint32_t length = (uint32_t)tvb_get_uint8(tvb, (int)offset + 1) * 8;

        if (tvb_get_uint8(tvb, (int)offset) == wanted) {
            tvb_memcpy(tvb, arp->sender_mac, (int)offset + 2, 6);
            return;
        }
        if (length == 0)
            return;
        offset += length;
    }
}

/* A solicitation asks for its target; an advertisement's target is the one that answers. */
bool diag_fact_neighbour(packet_info *pinfo, const struct diag_record *record, struct diag_arp *arp)
{
    tvbuff_t *tvb = record->tvb;
    uint8_t type;

    if (record->quoted || record->source.length != 16 || tvb_captured_length(tvb) < 24)
        return false;
    type = tvb_get_uint8(tvb, 0);
    if (type != 135 && type != 136)
        return false;
    *arp = (struct diag_arp){.time_ns = diag_fact_time(pinfo),
                             .reply = type == 136,
                             .sender = record->source,
                             .target = record->destination};
    read_address(tvb, 8, 16, arp->reply ? &arp->sender : &arp->target);
    read_link_address(tvb, arp->reply ? 2 : 1, arp);
    return true;
}
