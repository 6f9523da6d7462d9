/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stream numbers, looked up by the record's own addresses (after the frame, pinfo holds those of
 * the innermost packet). The search is the dearest thing diag does per packet, so a small table
 * remembers it. Only a SYN can change the number of a 4-tuple.
 */
#include "conversations.h"

#include "facts.h"

#include <epan/conversation.h>
#include <epan/dissectors/packet-tcp.h>

#include <string.h>

#define SLOTS 1024 /* a power of two */

struct slot {
    struct diag_endpoint end[2];
    uint32_t stream;
};

struct diag_streams {
    struct slot slot[SLOTS];
};

struct diag_streams *diag_streams_new(void)
{
    struct diag_streams *streams = g_new0(struct diag_streams, 1);

    for (size_t i = 0; i < SLOTS; i++)
        streams->slot[i].stream = DIAG_NO_STREAM;
    return streams;
}

void diag_streams_free(struct diag_streams *streams)
{
    g_free(streams);
}

static uint32_t mix(const struct diag_endpoint *end)
{
    uint32_t tail = 0;

    if (end->address.length >= 4)
        memcpy(&tail, end->address.bytes + end->address.length - 4, sizeof tail);
    return (tail ^ end->port) * 2654435761U;
}

/* Both directions of a connection meet in one slot. */
static struct slot *slot_of(struct diag_streams *streams, const struct diag_endpoint *a,
                            const struct diag_endpoint *b)
{
    return &streams->slot[(mix(a) + mix(b)) >> 16 & (SLOTS - 1)];
}

static bool same_end(const struct diag_endpoint *a, const struct diag_endpoint *b)
{
    return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static bool holds(const struct slot *slot, const struct diag_endpoint *a,
                  const struct diag_endpoint *b)
{
    return slot->stream != DIAG_NO_STREAM &&
           ((same_end(&slot->end[0], a) && same_end(&slot->end[1], b)) ||
            (same_end(&slot->end[0], b) && same_end(&slot->end[1], a)));
}

static address as_address(const struct diag_address *from)
{
    address to;

    set_address(&to, from->length == 16 ? AT_IPv6 : AT_IPv4, from->length, from->bytes);
    return to;
}

static uint32_t search(packet_info *pinfo, const struct diag_endpoint *source,
                       const struct diag_endpoint *destination)
{
    static int proto_tcp = -1;
    const struct tcp_analysis *analysis;
    conversation_t *conversation;

    if (source->address.length == 0 || destination->address.length == 0)
        return DIAG_NO_STREAM;
    if (proto_tcp == -1)
        proto_tcp = proto_get_id_by_filter_name("tcp");
    address from = as_address(&source->address);
    address to = as_address(&destination->address);

    conversation = find_conversation(pinfo->num, &from, &to, CONVERSATION_TCP, source->port,
                                     destination->port, 0);
    /* Not get_tcp_conversation_data(): it would change Wireshark's idea of the direction. */
    analysis = conversation != NULL ? conversation_get_proto_data(conversation, proto_tcp) : NULL;
    return analysis != NULL ? analysis->stream : DIAG_NO_STREAM;
}

/* Not for a header that is cut before the TCP dissector asks for its conversation: to ask first can
 * change what Wireshark finds later, where FTP or the like announced a connection by one end. */
uint32_t diag_stream_of(packet_info *pinfo, const struct diag_record *record)
{
    struct diag_endpoint source;
    struct diag_endpoint destination;

    if (tvb_captured_length(record->tvb) < DIAG_LEAST_TCP_HEADER ||
        !diag_fact_endpoints(record, &source, &destination))
        return DIAG_NO_STREAM;
    return search(pinfo, &source, &destination);
}

uint32_t diag_stream_now(struct diag_streams *streams, packet_info *pinfo,
                         const struct diag_segment *segment)
{
    struct slot *slot = slot_of(streams, &segment->source, &segment->destination);

    if ((segment->flags & DIAG_SYN) == 0 && holds(slot, &segment->source, &segment->destination))
        return slot->stream;
    slot->end[0] = segment->source;
    slot->end[1] = segment->destination;
    slot->stream = search(pinfo, &segment->source, &segment->destination);
    return slot->stream;
}

void diag_stream_forget(struct diag_streams *streams, const struct diag_endpoint *source,
                        const struct diag_endpoint *destination)
{
    struct slot *slot = slot_of(streams, source, destination);

    if (holds(slot, source, destination))
        slot->stream = DIAG_NO_STREAM;
}
