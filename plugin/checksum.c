/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wireshark computes TCP checksums only where its user asks for all of them. Here they are computed
 * for single segments, by its own function.
 */
#include "checksum.h"

#include <epan/in_cksum.h>

#define PROTOCOL_TCP    6
#define CHECKSUM_OFFSET 16
#define IPV4_HEADER     20

/* RFC 9293 3.1, RFC 8200 8.1. */
struct pseudo_header {
    uint8_t bytes[40];
    uint32_t length;
};

static void add(struct pseudo_header *header, const void *bytes, uint32_t length)
{
    memcpy(header->bytes + header->length, bytes, length);
    header->length += length;
}

static struct pseudo_header pseudo_header_of(const struct diag_record *record, uint32_t length)
{
    const uint32_t tail[2] = {g_htonl(length), g_htonl(PROTOCOL_TCP)};
    struct pseudo_header header = {.length = 0};

    add(&header, record->source.bytes, record->source.length);
    add(&header, record->destination.bytes, record->destination.length);
    add(&header, tail, sizeof tail);
    return header;
}

/* Fragments and cut frames say nothing, and what lies between the IP header and this one is rare.
 * Some capture programs cut frames and do not say so: only the IP header knows. */
static bool is_whole(const struct diag_record *record)
{
    uint32_t length = tvb_reported_length(record->tvb);
    uint32_t header = record->ip_version == 4 ? IPV4_HEADER : 0;

    return record->ip_version != 0 && !record->fragment && length > CHECKSUM_OFFSET + 1 &&
           record->ip_length == header + length && tvb_captured_length(record->tvb) == length;
}

enum diag_checksum diag_record_checksum(const void *packet)
{
    const struct diag_record *record = packet;

    if (!is_whole(record))
        return DIAG_CHECKSUM_UNKNOWN;
    uint32_t length = tvb_reported_length(record->tvb);
    const uint8_t *bytes = tvb_get_ptr(record->tvb, 0, (int)length);
    struct pseudo_header header = pseudo_header_of(record, length);
    vec_t part[2];
    uint16_t written;

    SET_CKSUM_VEC_PTR(part[0], header.bytes, (int)header.length);
    SET_CKSUM_VEC_PTR(part[1], bytes, (int)length);
    if (in_cksum(part, 2) == 0)
        return DIAG_CHECKSUM_RIGHT;
    memcpy(&written, bytes + CHECKSUM_OFFSET, sizeof written);
    return written == (uint16_t)~in_cksum(part, 1) ? DIAG_CHECKSUM_PARTIAL : DIAG_CHECKSUM_WRONG;
}
