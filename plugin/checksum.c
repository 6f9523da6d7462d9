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

static struct pseudo_header pseudo_header_of(const struct diag_packet *packet)
{
    const struct diag_address *source = &packet->segment->source.address;
    const struct diag_address *destination = &packet->segment->destination.address;
    const uint32_t tail[2] = {g_htonl(packet->reported), g_htonl(PROTOCOL_TCP)};
    struct pseudo_header header = {.length = 0};

    add(&header, source->bytes, source->length);
    add(&header, destination->bytes, destination->length);
    add(&header, tail, sizeof tail);
    return header;
}

/* Fragments and cut frames say nothing, and what lies between the IP header and this one is rare.
 * Some capture programs cut frames and do not say so: only the IP header knows. */
static bool is_whole(const struct diag_packet *packet)
{
    uint32_t length = packet->reported;
    uint32_t header = packet->ip_version == 4 ? IPV4_HEADER : 0;

    return packet->ip_version != 0 && !packet->fragment && length > CHECKSUM_OFFSET + 1 &&
           packet->ip_length == header + length && packet->captured == length;
}

enum diag_checksum diag_packet_checksum(const void *data)
{
    const struct diag_packet *packet = data;

    if (!is_whole(packet))
        return DIAG_CHECKSUM_UNKNOWN;
    struct pseudo_header header = pseudo_header_of(packet);
    vec_t part[2];
    uint16_t written;

    SET_CKSUM_VEC_PTR(part[0], header.bytes, (int)header.length);
    SET_CKSUM_VEC_PTR(part[1], packet->bytes, (int)packet->captured);
    if (in_cksum(part, 2) == 0)
        return DIAG_CHECKSUM_RIGHT;
    memcpy(&written, packet->bytes + CHECKSUM_OFFSET, sizeof written);
    return written == (uint16_t)~in_cksum(part, 1) ? DIAG_CHECKSUM_PARTIAL : DIAG_CHECKSUM_WRONG;
}
