/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number that Wireshark gives a TCP stream (tcp.stream): our findings carry it as a label, so
 * that a reader can filter by it.
 */
#ifndef DIAG_CONVERSATIONS_H
#define DIAG_CONVERSATIONS_H

#include "recorder.h"

struct diag_streams;

struct diag_streams *diag_streams_new(void);
void diag_streams_free(struct diag_streams *streams);

/* Frames in capture order only: the answer may come from what an earlier segment found. */
uint32_t diag_stream_now(struct diag_streams *streams, packet_info *pinfo,
                         const struct diag_segment *segment);
/* Of a TCP header in any frame, at any time; costs a search of Wireshark's conversations. */
uint32_t diag_stream_of(packet_info *pinfo, const struct diag_record *record);
/* A quoted SYN can make Wireshark begin another stream under the same addresses. */
void diag_stream_forget(struct diag_streams *streams, const struct diag_endpoint *source,
                        const struct diag_endpoint *destination);

#endif
