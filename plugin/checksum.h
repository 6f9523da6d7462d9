/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP checksum of a segment, for the few that the core asks about. */
#ifndef DIAG_CHECKSUM_H
#define DIAG_CHECKSUM_H

#include "recorder.h"

/* A segment as it was captured, with its header, and what the IP header says of it. */
struct diag_packet {
    const struct diag_segment *segment; /* for its addresses */
    const uint8_t *bytes;
    uint32_t captured;
    uint32_t reported; /* bytes that there were */
    uint32_t ip_length;
    uint8_t ip_version;
    bool fragment;
};

/* Of a struct diag_packet, in the type that struct diag_segment wants. */
enum diag_checksum diag_packet_checksum(const void *packet);

#endif
