/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP record -> one segment with all that its header, its options and its IP header say.
 */
#include "facts.h"

#define FIXED_HEADER 20
/* Up to the flags: less than this of a header tells nothing. */
#define LEAST_HEADER 16

#define LARGEST_IPV4_HEADER 60

int64_t diag_fact_time(const packet_info *pinfo)
{
    const int64_t billion = 1000000000;
    int64_t seconds = pinfo->abs_ts.secs;

    if (seconds > INT64_MAX / billion - 2)
        return INT64_MAX;
    if (seconds < INT64_MIN / billion + 2)
        return INT64_MIN + 1; /* INT64_MIN itself means "unknown" */
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
static uint32_t real_length(const struct diag_record *record)
{
    uint32_t reported = tvb_reported_length(record->tvb);

    if (record->ip_version == 4 && record->ip_length > reported + LARGEST_IPV4_HEADER &&
        !record->fragment)
        return record->ip_length - 20;
    return reported;
}

static void read_sack(tvbuff_t *tvb, int offset, unsigned length, struct diag_segment *segment)
{
    segment->options |= DIAG_OPT_SACK;
    for (unsigned block = 0; block < 4 && block * 8 + 8 <= length; block++) {
        segment->sack[block][0] = tvb_get_ntohl(tvb, offset + (int)block * 8);
        segment->sack[block][1] = tvb_get_ntohl(tvb, offset + (int)block * 8 + 4);
        segment->sack_count++;
    }
}

/* One option whose body is captured; an option with a wrong length counts as absent. */
static void read_option(tvbuff_t *tvb, uint8_t kind, int offset, unsigned length,
                        struct diag_segment *segment)
{
    if (kind == 2 && length == 2) {
        segment->options |= DIAG_OPT_MSS;
        segment->mss = tvb_get_ntohs(tvb, offset);
    } else if (kind == 3 && length == 1) {
        segment->options |= DIAG_OPT_WSCALE;
        segment->wscale = tvb_get_uint8(tvb, offset);
    } else if (kind == 4 && length == 0) {
        segment->options |= DIAG_OPT_SACK_PERMITTED;
    } else if (kind == 5) {
        read_sack(tvb, offset, length, segment);
    } else if (kind == 8 && length == 8) {
        segment->options |= DIAG_OPT_TIMESTAMPS;
        segment->tsval = tvb_get_ntohl(tvb, offset);
        segment->tsecr = tvb_get_ntohl(tvb, offset + 4);
    } else if (kind == 19) {
        segment->options |= DIAG_OPT_MD5;
    } else if (kind == 30) {
        segment->options |= DIAG_OPT_MPTCP;
    } else if (kind == 34) {
        segment->options |= DIAG_OPT_FAST_OPEN;
    }
}

static void read_options(tvbuff_t *tvb, int end, struct diag_segment *segment)
{
    int offset = FIXED_HEADER;

    while (offset < end) {
        uint8_t kind = tvb_get_uint8(tvb, offset);

        if (kind == 0)
            return;
        if (kind == 1) {
            offset++;
            continue;
        }
        if (offset + 2 > end)
            return;
        int length = tvb_get_uint8(tvb, offset + 1);

        if (length < 2 || offset + length > end)
            return;
        read_option(tvb, kind, offset + 2, (unsigned)length - 2, segment);
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

static void read_header(tvbuff_t *tvb, struct diag_segment *segment)
{
    segment->seq = tvb_get_ntohl(tvb, 4);
    segment->ack = tvb_get_ntohl(tvb, 8);
    segment->flags = tvb_get_ntohs(tvb, 12) & 0x1ff;
    segment->window = tvb_get_ntohs(tvb, 14);
}

bool diag_fact_segment(packet_info *pinfo, const struct diag_record *record,
                       struct diag_segment *segment)
{
    tvbuff_t *tvb = record->tvb;
    uint32_t captured = tvb_captured_length(tvb);
    uint32_t length = real_length(record);

    *segment = (struct diag_segment){
        .frame = pinfo->num, .time_ns = diag_fact_time(pinfo), .stream = DIAG_NO_STREAM};
    if (captured < LEAST_HEADER ||
        !diag_fact_endpoints(record, &segment->source, &segment->destination))
        return false;
    uint32_t header = (uint32_t)(tvb_get_uint8(tvb, 12) >> 4) * 4;

    if (header < FIXED_HEADER || header > length)
        return false;
    read_header(tvb, segment);
    read_ip(pinfo, record, segment);
    read_options(tvb, (int)MIN(header, captured), segment);
    segment->cut = captured < header || record->fragment;
    segment->payload = length - header;
    if (captured > header) {
        segment->captured = MIN(captured - header, segment->payload);
        segment->data = tvb_get_ptr(tvb, (int)header, (int)segment->captured);
    }
    return true;
}
