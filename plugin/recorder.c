/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handles of our own stand in ip.proto and ethertype, note what passes, and call the handle that
 * stood there before. Each belongs to a name-only protocol whose parent is the protocol that it
 * stands for: with "diag" as parent, disabling diag would disable all TCP.
 */
#include "recorder.h"

#include <epan/dissectors/packet-ip.h>
#include <epan/proto_data.h>

#include <string.h>

/* A frame with more headers than this is an attack on dissectors, not traffic. */
#define MAX_RECORDS 32

/* The first record lies inside: most frames have no other. */
struct frame_records {
    struct diag_record first;
    struct diag_record *last;
    unsigned count;
};

struct station {
    const char *name;
    const char *filter_name;
    const char *stands_for;
    const char *table;
    uint32_t value;
    int proto;
    dissector_handle_t next; /* what stood there */
};

static struct station station[DIAG_RECORD_KINDS] = {
    [DIAG_RECORD_TCP] = {"Diagnosis TCP recorder", DIAG_PREFIX ".recorder.tcp", "tcp", "ip.proto",
                         6, -1, NULL},
    [DIAG_RECORD_UDP] = {"Diagnosis UDP recorder", DIAG_PREFIX ".recorder.udp", "udp", "ip.proto",
                         17, -1, NULL},
    [DIAG_RECORD_ICMP] = {"Diagnosis ICMP recorder", DIAG_PREFIX ".recorder.icmp", "icmp",
                          "ip.proto", 1, -1, NULL},
    [DIAG_RECORD_ICMPV6] = {"Diagnosis ICMPv6 recorder", DIAG_PREFIX ".recorder.icmpv6", "icmpv6",
                            "ip.proto", 58, -1, NULL},
    [DIAG_RECORD_ARP] = {"Diagnosis ARP recorder", DIAG_PREFIX ".recorder.arp", "arp", "ethertype",
                         0x0806, -1, NULL}};

static int proto_of_records = -1;

/* Into a record that is all zeros. */
static void note_address(struct diag_address *to, const address *from)
{
    if (from->type == AT_IPv4 && from->len == 4) {
        to->length = 4;
        memcpy(to->bytes, from->data, 4);
    } else if (from->type == AT_IPv6 && from->len == 16) {
        to->length = 16;
        memcpy(to->bytes, from->data, 16);
    }
}

/* The IP dissectors hand their header down; other callers hand down nothing, or their own. */
static void note_ip_header(struct diag_record *record, void *data)
{
    const ws_ip4 *v4 = WS_IP4_PTR(data);
    const ws_ip6 *v6 = WS_IP6_PTR(data);

    if (v4 != NULL && record->source.length == 4) {
        record->ip_version = 4;
        record->ttl = v4->ip_ttl;
        record->traffic_class = v4->ip_tos;
        record->ip_id = v4->ip_id;
        record->ip_length = v4->ip_len;
        record->dont_fragment = (v4->ip_off & 0x4000) != 0;
    } else if (v6 != NULL && record->source.length == 16) {
        record->ip_version = 6;
        record->ttl = v6->ip6_hop;
        record->traffic_class = v6->ip6_tc;
        record->ip_length = v6->ip6_len;
    }
}

static struct frame_records *records_of(packet_info *pinfo)
{
    return p_get_proto_data(pinfo->pool, pinfo, proto_of_records, 0);
}

/* A new record at the end of the frame's list; NULL when the frame has too many. */
static struct diag_record *append(packet_info *pinfo)
{
    struct frame_records *records = records_of(pinfo);
    struct diag_record *record;

    if (records == NULL) {
        records = wmem_new0(pinfo->pool, struct frame_records);
        p_add_proto_data(pinfo->pool, pinfo, proto_of_records, 0, records);
        record = &records->first;
    } else if (records->count < MAX_RECORDS) {
        record = wmem_new0(pinfo->pool, struct diag_record);
        records->last->next = record;
    } else {
        return NULL;
    }
    records->last = record;
    records->count++;
    return record;
}

static void note(enum diag_record_kind kind, tvbuff_t *tvb, packet_info *pinfo, void *data)
{
    struct diag_record *record = append(pinfo);

    if (record == NULL)
        return;
    record->tvb = tvb;
    record->kind = kind;
    note_address(&record->source, &pinfo->net_src);
    note_address(&record->destination, &pinfo->net_dst);
    record->fragment = pinfo->fragmented;
    record->quoted = pinfo->flags.in_error_pkt;
    if (kind != DIAG_RECORD_ARP && !PINFO_FD_VISITED(pinfo)) {
        note_ip_header(record, data);
        record->tunnel = (uint8_t)pinfo->curr_layer_num;
    }
}

static int pass_on(enum diag_record_kind kind, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                   void *data)
{
    note(kind, tvb, pinfo, data);
    return call_dissector_only(station[kind].next, tvb, pinfo, tree, data);
}

static int pass_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return pass_on(DIAG_RECORD_TCP, tvb, pinfo, tree, data);
}

static int pass_udp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return pass_on(DIAG_RECORD_UDP, tvb, pinfo, tree, data);
}

static int pass_icmp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return pass_on(DIAG_RECORD_ICMP, tvb, pinfo, tree, data);
}

static int pass_icmpv6(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return pass_on(DIAG_RECORD_ICMPV6, tvb, pinfo, tree, data);
}

static int pass_arp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return pass_on(DIAG_RECORD_ARP, tvb, pinfo, tree, data);
}

const struct diag_record *diag_records(packet_info *pinfo)
{
    const struct frame_records *records = records_of(pinfo);

    return records != NULL ? &records->first : NULL;
}

void diag_recorder_register(int proto_diag)
{
    proto_of_records = proto_diag;
    for (size_t i = 0; i < DIAG_RECORD_KINDS; i++) {
        struct station *s = &station[i];

        s->proto = proto_register_protocol_in_name_only(s->name, s->name, s->filter_name,
                                                        proto_get_id_by_filter_name(s->stands_for),
                                                        FT_PROTOCOL);
    }
}

void diag_recorder_handoff(void)
{
    static const dissector_t pass[DIAG_RECORD_KINDS] = {[DIAG_RECORD_TCP] = pass_tcp,
                                                        [DIAG_RECORD_UDP] = pass_udp,
                                                        [DIAG_RECORD_ICMP] = pass_icmp,
                                                        [DIAG_RECORD_ICMPV6] = pass_icmpv6,
                                                        [DIAG_RECORD_ARP] = pass_arp};

    for (size_t i = 0; i < DIAG_RECORD_KINDS; i++) {
        struct station *s = &station[i];

        s->next = dissector_get_uint_handle(find_dissector_table(s->table), s->value);
        if (s->next != NULL)
            dissector_add_uint(s->table, s->value, create_dissector_handle(pass[i], s->proto));
    }
}
