/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that can be told packet by packet, and where their packets go. */
#include "traffic.h"

#define START_NS (INT64_C(1700000000) * SECOND)

void diag_traffic_begin(struct traffic *traffic, struct diag_engine *engine, FILE *file)
{
    *traffic = (struct traffic){
        .engine = engine, .file = file, .now_ns = START_NS, .random = 0x9e3779b97f4a7c15u};
    if (file)
        diag_wire_header(file);
}

/* xorshift64* (Marsaglia; Vigna 2016). */
uint32_t diag_dice(struct traffic *traffic)
{
    uint64_t x = traffic->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    traffic->random = x;
    return (uint32_t)(x * 0x2545f4914f6cdd1du >> 32);
}

static struct diag_address address_of(uint8_t first, uint32_t number)
{
    return (struct diag_address){
        .length = 4,
        .bytes = {first, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

struct diag_address diag_client_address(uint32_t number)
{
    return address_of(10, number + 1);
}

struct diag_address diag_server_address(uint32_t number)
{
    return address_of(20, number + 1);
}

struct flow diag_flow(struct traffic *traffic, uint32_t client, uint16_t client_port,
                      uint32_t server, uint16_t server_port)
{
    return (struct flow){.traffic = traffic,
                         .stream = traffic->streams++,
                         .end = {{diag_client_address(client), client_port},
                                 {diag_server_address(server), server_port}},
                         .seq = {diag_dice(traffic), diag_dice(traffic)},
                         .step_ns = MS};
}

static void next_frame(struct traffic *traffic, int64_t step_ns)
{
    traffic->frame++;
    traffic->now_ns += step_ns;
    if (traffic->engine)
        diag_feed_frame(traffic->engine, traffic->frame, traffic->now_ns);
}

struct diag_segment diag_next(struct flow *flow, enum diag_side from, unsigned flags)
{
    struct diag_segment segment = {.stream = flow->stream,
                                   .source = flow->end[from],
                                   .destination = flow->end[diag_peer(from)],
                                   .flags = (uint16_t)flags,
                                   .seq = flow->seq[from],
                                   .ack = flags & DIAG_ACK ? flow->seq[diag_peer(from)] : 0,
                                   .window = 64000,
                                   .ip_version = 4,
                                   .ttl = 64,
                                   .ip_id = (uint16_t)(flow->traffic->frame + 1),
                                   .dont_fragment = true};

    if (flags & DIAG_SYN) {
        segment.options = DIAG_OPT_MSS | DIAG_OPT_WSCALE | DIAG_OPT_SACK_PERMITTED;
        segment.mss = 1460;
        segment.wscale = 7;
    }
    return segment;
}

void diag_send(struct flow *flow, const struct diag_segment *segment)
{
    struct traffic *traffic = flow->traffic;
    struct diag_segment sent = *segment;

    next_frame(traffic, flow->step_ns);
    sent.frame = traffic->frame;
    sent.time_ns = traffic->now_ns;
    if (traffic->engine)
        diag_feed_segment(traffic->engine, &sent);
    else
        diag_wire_segment(traffic, &sent);
}

void diag_send_now(struct flow *flow, enum diag_side from, unsigned flags)
{
    struct diag_segment segment = diag_next(flow, from, flags);

    diag_send(flow, &segment);
    flow->seq[from] += (flags & DIAG_SYN ? 1u : 0u) + (flags & DIAG_FIN ? 1u : 0u);
}

void diag_send_data(struct flow *flow, enum diag_side from, const void *data, uint32_t length)
{
    struct diag_segment segment = diag_next(flow, from, DIAG_ACK | DIAG_PSH);

    segment.data = data;
    segment.payload = segment.captured = length;
    diag_send(flow, &segment);
    flow->seq[from] += length;
}

void diag_shake_hands(struct flow *flow)
{
    diag_send_now(flow, DIAG_CLIENT, DIAG_SYN);
    diag_send_now(flow, DIAG_SERVER, DIAG_SYN | DIAG_ACK);
    diag_send_now(flow, DIAG_CLIENT, DIAG_ACK);
}

void diag_send_name(struct traffic *traffic, const struct diag_endpoint *from,
                    const struct diag_endpoint *to, const uint8_t *data, size_t length)
{
    next_frame(traffic, MS);
    struct diag_name_message message = {.frame = traffic->frame,
                                        .time_ns = traffic->now_ns,
                                        .service = DIAG_DNS,
                                        .source = *from,
                                        .destination = *to,
                                        .data = data,
                                        .captured = length};

    if (traffic->engine)
        diag_feed_name(traffic->engine, &message);
    else
        diag_wire_name(traffic, &message);
}

void diag_send_arp(struct traffic *traffic, const struct diag_address *sender,
                   const struct diag_address *target, uint32_t mac, bool reply)
{
    next_frame(traffic, MS);
    struct diag_arp arp = {.frame = traffic->frame,
                           .time_ns = traffic->now_ns,
                           .reply = reply,
                           .sender = *sender,
                           .target = *target,
                           .sender_mac = {2, 0, (uint8_t)(mac >> 24), (uint8_t)(mac >> 16),
                                          (uint8_t)(mac >> 8), (uint8_t)mac}};

    if (traffic->engine)
        diag_feed_arp(traffic->engine, &arp);
    else
        diag_wire_arp(traffic, &arp);
}

void diag_send_icmp(const struct flow *flow, uint8_t type, uint8_t code, uint32_t mtu)
{
    struct traffic *traffic = flow->traffic;

    next_frame(traffic, MS);
    struct diag_icmp icmp = {.frame = traffic->frame,
                             .time_ns = traffic->now_ns,
                             .sender = diag_server_address(0xfffffe),
                             .type = type,
                             .code = code,
                             .mtu = mtu,
                             .source = flow->end[DIAG_CLIENT],
                             .destination = flow->end[DIAG_SERVER],
                             .seq = flow->seq[DIAG_CLIENT]};

    if (traffic->engine)
        diag_feed_icmp(traffic->engine, &icmp);
    else
        diag_wire_icmp(traffic, &icmp);
}
