/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first visit of a frame: its records become facts, in the order in which they stood in it.
 */
#include "capture.h"

#include "conversations.h"
#include "decrypted.h"
#include "facts.h"

/* Content types of TLS records, and the major version that all of them carry. */
static bool looks_like_tls(const struct diag_segment *segment)
{
    return segment->captured >= 2 && segment->data[0] >= 20 && segment->data[0] <= 23 &&
           segment->data[1] == 3;
}

/* Does Wireshark decode the payload as something else than TLS? What looks like a TLS record is
 * left to the TLS reader all the same: dissectors are chosen by port, and ports lie. */
static bool is_opaque(packet_info *pinfo, const struct diag_segment *segment)
{
    static int proto_tcp = -1;
    static int proto_tls = -1;
    bool other = false;

    if (segment->payload == 0 || looks_like_tls(segment))
        return false;
    if (proto_tcp == -1) {
        proto_tcp = proto_get_id_by_filter_name("tcp");
        proto_tls = proto_get_id_by_filter_name("tls");
    }
    for (wmem_list_frame_t *layer = wmem_list_tail(pinfo->layers); layer != NULL;
         layer = wmem_list_frame_prev(layer)) {
        int proto = GPOINTER_TO_INT(wmem_list_frame_data(layer));

        if (proto == proto_tcp)
            return other;
        if (proto == proto_tls)
            return false;
        other = true;
    }
    return false;
}

/* What was decrypted belongs to the frame: in a tunnel, to the packet that the tunnel carries. */
static bool is_innermost(const struct diag_record *record)
{
    for (record = record->next; record != NULL; record = record->next)
        if (record->kind == DIAG_RECORD_TCP && !record->quoted)
            return false;
    return true;
}

static void feed_segment(struct diag_capture *capture, packet_info *pinfo,
                         const struct diag_record *record)
{
    struct diag_waiting *waiting = diag_batch_room(capture);
    struct diag_segment *segment = &waiting->segment;

    if (!diag_fact_segment(pinfo, record, waiting))
        return;
    segment->frame = capture->last_frame;
    segment->stream = diag_stream_now(capture->streams, pinfo, segment);
    segment->opaque = is_opaque(pinfo, segment);
    if (segment->payload > 0 && !segment->opaque && is_innermost(record))
        diag_add_decrypted(pinfo, segment);
    diag_batch_add(capture);
}

/* Quoted without an ICMP error in front of it: a sample (sFlow and the like), no news. */
static void feed_quoted(struct diag_capture *capture, packet_info *pinfo,
                        const struct diag_record *error, const struct diag_record *record)
{
    struct diag_icmp icmp;

    if (error == NULL || !diag_fact_icmp(pinfo, error, record, &icmp))
        return;
    icmp.frame = capture->last_frame;
    diag_stream_forget(capture->streams, &icmp.source, &icmp.destination);
    diag_batch_feed(capture);
    diag_feed_icmp(capture->engine, &icmp);
}

static void feed_name(struct diag_capture *capture, struct diag_name_message *message)
{
    message->frame = capture->last_frame;
    diag_batch_feed(capture);
    diag_feed_name(capture->engine, message);
}

static void feed_arp(struct diag_capture *capture, struct diag_arp *arp)
{
    arp->frame = capture->last_frame;
    diag_batch_feed(capture);
    diag_feed_arp(capture->engine, arp);
}

static void feed_record(struct diag_capture *capture, packet_info *pinfo,
                        const struct diag_record *error, const struct diag_record *record)
{
    struct diag_name_message message;
    struct diag_arp arp;

    if (record->kind == DIAG_RECORD_TCP && record->quoted)
        feed_quoted(capture, pinfo, error, record);
    else if (record->kind == DIAG_RECORD_TCP)
        feed_segment(capture, pinfo, record);
    else if (record->kind == DIAG_RECORD_UDP && diag_fact_name_udp(pinfo, record, &message))
        feed_name(capture, &message);
    else if (record->kind == DIAG_RECORD_ICMPV6 && diag_fact_neighbour(pinfo, record, &arp))
        feed_arp(capture, &arp);
    else if (record->kind == DIAG_RECORD_ARP && diag_fact_arp(pinfo, record, &arp))
        feed_arp(capture, &arp);
}

/* Decode As on ip.proto, another plugin, or a road to TCP that does not lead through IP. */
static void watch_for_bypass(struct diag_capture *capture, packet_info *pinfo,
                             const struct diag_record *records)
{
    if (capture->bypassed != 0)
        return;
    for (const struct diag_record *record = records; record != NULL; record = record->next)
        if (record->kind == DIAG_RECORD_TCP)
            return;
    if (proto_is_frame_protocol(pinfo->layers, "tcp"))
        capture->bypassed = capture->last_frame;
}

static DIAG_BOOL read_drops(wtap_block_t block, guint id, wtap_opttype_e type, wtap_optval_t *value,
                            void *drops)
{
    (void)block;
    if (id == OPT_PKT_DROPCOUNT && type == WTAP_OPTTYPE_UINT64)
        *(uint64_t *)drops = value->uint64val;
    return true;
}

/* pcapng: how many packets the interface lost between the packet before and this one. Nearly no
 * packet has options, and to walk over none is cheaper than to ask for one. */
static void feed_drops(struct diag_capture *capture, packet_info *pinfo)
{
    uint64_t drops = 0;

    if (pinfo->rec->block != NULL)
        wtap_block_foreach_option(pinfo->rec->block, read_drops, &drops);
    if (drops == 0)
        return;
    diag_batch_feed(capture);
    diag_feed_drops(capture->engine, capture->last_frame, drops);
}

void diag_capture_feed(struct diag_capture *capture, packet_info *pinfo)
{
    const struct diag_record *records = diag_records(pinfo);
    const struct diag_record *error = NULL;
    int64_t now = diag_fact_time(pinfo);

    if (!diag_numbers_meet(capture->numbers, pinfo))
        return;
    capture->last_frame = diag_capture_frame(capture, pinfo);
    capture->frames++;
    diag_capture_note_time(capture, capture->last_frame, now);
    diag_batch_frame(capture, capture->last_frame, now);
    feed_drops(capture, pinfo);
    for (const struct diag_record *record = records; record != NULL; record = record->next) {
        if (record->kind == DIAG_RECORD_ICMP || record->kind == DIAG_RECORD_ICMPV6)
            error = record;
        feed_record(capture, pinfo, error, record);
    }
    watch_for_bypass(capture, pinfo, records);
}
