/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP record -> one segment with all that its header, its options and its IP header say.
 */
#include "facts.h"

#define FIXED_HEADER 20

#define LARGEST_IPV4_HEADER 60

int64_t diag_fact_time(const packet_info *pinfo)
{
    const int64_t billion = 1000000000;
    int64_t seconds = pinfo->abs_ts.secs;

    if (seconds >= DIAG_LATEST_NS / billion)
        return DIAG_LATEST_NS;
    if (seconds <= DIAG_EARLIEST_NS / billion)
        return DIAG_EARLIEST_NS;
    return seconds * billion + pinfo->abs_ts.nsecs;
}

bool diag_fact_endpoints(const struct diag_record *record, struct diag_endpoint *source,
                         struct diag_endpoint *destination)
{
    if (tvb_captured_length(record->tvb) < 4)
        return false;
    source->address = record->source;
    source->port = tvb_get_ntohs(record->tvb, 0);
    destination->address = record->destination;
    destination->port = tvb_get_ntohs(record->tvb, 2);
    return true;
}

/* The IP dissectors set the reported length to what the IP header says. Some capture programs lose
 * the real length of a frame that they cut; then only the IP header knows it. */
static uint32_t real_length(const struct diag_record *record, uint32_t reported)
{
    if (record->ip_version == 4 && record->ip_length > reported + LARGEST_IPV4_HEADER &&
        !record->fragment)
        return record->ip_length - 20;
    return reported;
}

static uint16_t get_16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_32(const uint8_t *p)
{
    return (uint32_t)get_16(p) << 16 | get_16(p + 2);
}

static void read_sack(const uint8_t *body, unsigned length, struct diag_segment *segment)
{
    segment->options |= DIAG_OPT_SACK;
    for (size_t block = 0; block < 4 && block * 8 + 8 <= length; block++) {
        segment->sack[block][0] = get_32(body + block * 8);
        segment->sack[block][1] = get_32(body + block * 8 + 4);
        segment->sack_count++;
    }
}

enum {
    MP_JOIN = 1,
    MP_TCPRST = 8
};

/* The subtype is in the high bits of the first byte (RFC 8684 3). */
static void read_mptcp(const uint8_t *body, unsigned length, struct diag_segment *segment)
{
    unsigned subtype = length ? body[0] >> 4 : 0;

    segment->options |= DIAG_OPT_MPTCP;
    if (subtype == MP_JOIN)
        segment->options |= DIAG_OPT_MPTCP_JOIN;
    if (subtype == MP_TCPRST && length == 2) {
        segment->options |= DIAG_OPT_MPTCP_RESET;
        segment->mptcp_reason = body[1];
    }
}

/* One option whose body is captured; an option with a wrong length counts as absent. */
static void read_option(uint8_t kind, const uint8_t *body, unsigned length,
                        struct diag_segment *segment)
{
    if (kind == 8 && length == 8) {
        segment->options |= DIAG_OPT_TIMESTAMPS;
        segment->tsval = get_32(body);
        segment->tsecr = get_32(body + 4);
    } else if (kind == 5) {
        read_sack(body, length, segment);
    } else if (kind == 2 && length == 2) {
        segment->options |= DIAG_OPT_MSS;
        segment->mss = get_16(body);
    } else if (kind == 3 && length == 1) {
        segment->options |= DIAG_OPT_WSCALE;
        segment->wscale = body[0];
    } else if (kind == 4 && length == 0) {
        segment->options |= DIAG_OPT_SACK_PERMITTED;
    } else if (kind == 19) {
        segment->options |= DIAG_OPT_MD5;
    } else if (kind == 30) {
        read_mptcp(body, length, segment);
    } else if (kind == 34) {
        segment->options |= DIAG_OPT_FAST_OPEN;
    }
}

static void read_options(const uint8_t *header, unsigned end, struct diag_segment *segment)
{
    unsigned offset = FIXED_HEADER;

    while (offset < end && header[offset] != 0) {
        if (header[offset] == 1) {
            offset++;
            continue;
        }
        if (offset + 2 > end)
            return;
        unsigned length = header[offset + 1];

        if (length < 2 || offset + length > end)
            return;
        read_option(header[offset], header + offset + 2, length - 2, segment);
        offset += length;
    }
}

static void read_ip(const packet_info *pinfo, const struct diag_record *record,
                    struct diag_segment *segment)
{
    segment->ip_version = record->ip_version;
    segment->ttl = record->ttl;
    segment->ip_id = record->ip_id;
    segment->dont_fragment = record->dont_fragment;
    segment->ecn = record->traffic_class & 3;
    segment->dscp = record->traffic_class >> 2;
    segment->tunnel = record->tunnel;
    segment->vlan = (uint16_t)pinfo->vlan_id;
}

static void read_header(const uint8_t *header, struct diag_segment *segment)
{
    segment->source.port = get_16(header);
    segment->destination.port = get_16(header + 2);
    segment->seq = get_32(header + 4);
    segment->ack = get_32(header + 8);
    segment->flags = get_16(header + 12) & 0x1ff;
    segment->window = get_16(header + 14);
}

static void read_packet(const struct diag_record *record, struct diag_waiting *waiting)
{
    uint32_t captured = tvb_captured_length(record->tvb);

    waiting->packet = (struct diag_packet){.segment = &waiting->segment,
                                           .bytes = tvb_get_ptr(record->tvb, 0, (int)captured),
                                           .captured = captured,
                                           .reported = tvb_reported_length(record->tvb),
                                           .ip_length = record->ip_length,
                                           .ip_version = record->ip_version,
                                           .fragment = record->fragment};
}

bool diag_fact_segment(packet_info *pinfo, const struct diag_record *record,
                       struct diag_waiting *waiting)
{
    const struct diag_packet *packet = &waiting->packet;
    struct diag_segment *segment = &waiting->segment;

    read_packet(record, waiting);
    if (packet->captured < DIAG_LEAST_TCP_HEADER)
        return false;
    uint32_t header = (uint32_t)(packet->bytes[12] >> 4) * 4;
    uint32_t length = real_length(record, packet->reported);

    if (header < FIXED_HEADER || header > length)
        return false;
    *segment = (struct diag_segment){.time_ns = diag_fact_time(pinfo),
                                     .stream = DIAG_NO_STREAM,
                                     .source.address = record->source,
                                     .destination.address = record->destination,
                                     .checksum = diag_packet_checksum,
                                     .packet = packet};
    read_header(packet->bytes, segment);
    read_ip(pinfo, record, segment);
    read_options(packet->bytes, MIN(header, packet->captured), segment);
    segment->cut = packet->captured < header || record->fragment;
    segment->payload = length - header;
    if (packet->captured > header) {
        segment->captured = MIN(packet->captured - header, segment->payload);
        segment->data = packet->bytes + header;
    }
    return true;
}
