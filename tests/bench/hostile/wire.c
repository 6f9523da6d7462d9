/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts as frames: Ethernet, IPv4, TCP with options, UDP, ARP and ICMP. Checksums of TCP and
 * UDP are none: nobody verifies them. */
#include "traffic.h"

#include <string.h>

#define ETHERNET 14
#define IP       20
#define LONGEST  65535

struct frame {
    size_t length;
    uint8_t bytes[LONGEST];
};

static void put(struct frame *frame, const void *bytes, size_t length)
{
    if (frame->length + length > LONGEST)
        return;
    if (length)
        memcpy(frame->bytes + frame->length, bytes, length);
    frame->length += length;
}

static void put8(struct frame *frame, unsigned value)
{
    put(frame, &(uint8_t){(uint8_t)value}, 1);
}

static void put16(struct frame *frame, unsigned value)
{
    put8(frame, value >> 8);
    put8(frame, value);
}

static void put32(struct frame *frame, uint32_t value)
{
    put16(frame, value >> 16);
    put16(frame, value);
}

static void put_ethernet(struct frame *frame, unsigned type)
{
    static const uint8_t machines[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

    frame->length = 0;
    put(frame, machines, sizeof machines);
    put16(frame, type);
}

struct ip {
    uint8_t protocol;
    uint8_t ttl;
    uint8_t ecn;
    uint16_t id;
    const struct diag_address *source;
    const struct diag_address *destination;
};

static void put_ip(struct frame *frame, const struct ip *ip)
{
    put_ethernet(frame, 0x0800);
    put16(frame, 0x4500u | (ip->ecn & 3u));
    put16(frame, 0); /* length and checksum come last */
    put16(frame, ip->id);
    put16(frame, 0x4000);
    put8(frame, ip->ttl);
    put8(frame, ip->protocol);
    put16(frame, 0);
    put(frame, ip->source->bytes, 4);
    put(frame, ip->destination->bytes, 4);
}

static void finish_ip(struct frame *frame, size_t length)
{
    uint8_t *ip = frame->bytes + ETHERNET;
    uint32_t sum = 0;

    ip[2] = (uint8_t)(length >> 8);
    ip[3] = (uint8_t)length;
    for (size_t i = 0; i < IP; i += 2)
        sum += (uint32_t)ip[i] << 8 | ip[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
}

/* Native byte order: the magic number tells which. */
static void write_native(FILE *file, uint32_t value)
{
    fwrite(&value, sizeof value, 1, file);
}

void diag_wire_header(FILE *file)
{
    static const uint16_t version[] = {2, 4};

    write_native(file, 0xa1b23c4d); /* nanoseconds */
    fwrite(version, sizeof version, 1, file);
    for (int i = 0; i < 2; i++)
        write_native(file, 0);
    write_native(file, LONGEST);
    write_native(file, 1); /* Ethernet */
}

static void write_frame(const struct traffic *traffic, const struct frame *frame)
{
    write_native(traffic->file, (uint32_t)(traffic->now_ns / SECOND));
    write_native(traffic->file, (uint32_t)(traffic->now_ns % SECOND));
    write_native(traffic->file, (uint32_t)frame->length);
    write_native(traffic->file, (uint32_t)frame->length);
    fwrite(frame->bytes, 1, frame->length, traffic->file);
}

/* ---- TCP */

static void put_sack(struct frame *options, const struct diag_segment *segment)
{
    unsigned room = (unsigned)(40 - options->length) / 8;
    unsigned blocks = segment->sack_count;

    if (options->length + 10 > 40 || !blocks)
        return;
    blocks = blocks > room ? room : blocks;
    blocks -= 2 + 8 * blocks + options->length > 40;
    put8(options, 5);
    put8(options, 2 + 8 * blocks);
    for (unsigned i = 0; i < blocks; i++) {
        put32(options, segment->sack[i][0]);
        put32(options, segment->sack[i][1]);
    }
}

static void put_options(struct frame *options, const struct diag_segment *segment)
{
    if (segment->options & DIAG_OPT_MSS) {
        put16(options, 0x0204);
        put16(options, segment->mss);
    }
    if (segment->options & DIAG_OPT_WSCALE) {
        put16(options, 0x0303);
        put8(options, segment->wscale);
    }
    if (segment->options & DIAG_OPT_SACK_PERMITTED)
        put16(options, 0x0402);
    if (segment->options & DIAG_OPT_TIMESTAMPS) {
        put16(options, 0x080a);
        put32(options, segment->tsval);
        put32(options, segment->tsecr);
    }
    if (segment->options & DIAG_OPT_FAST_OPEN)
        put16(options, 0x2202);
    if (segment->options & DIAG_OPT_MPTCP)
        put32(options, 0x1e040001);
    put_sack(options, segment);
    while (options->length % 4)
        put8(options, 1);
}

void diag_wire_segment(const struct traffic *traffic, const struct diag_segment *segment)
{
    static struct frame frame;
    static struct frame options;

    options.length = 0;
    put_options(&options, segment);
    put_ip(&frame, &(struct ip){6, segment->ttl, segment->ecn, segment->ip_id,
                                &segment->source.address, &segment->destination.address});
    put16(&frame, segment->source.port);
    put16(&frame, segment->destination.port);
    put32(&frame, segment->seq);
    put32(&frame, segment->ack);
    put16(&frame, (unsigned)(20 + options.length) << 10 | segment->flags);
    put16(&frame, segment->window);
    put32(&frame, 0);
    put(&frame, options.bytes, options.length);
    if (segment->data)
        put(&frame, segment->data, segment->captured);
    finish_ip(&frame, IP + 20 + options.length + segment->payload);
    write_frame(traffic, &frame);
}

/* ---- what is not TCP */

void diag_wire_name(const struct traffic *traffic, const struct diag_name_message *message)
{
    static struct frame frame;

    put_ip(&frame, &(struct ip){17, 64, 0, (uint16_t)traffic->frame, &message->source.address,
                                &message->destination.address});
    put16(&frame, message->source.port);
    put16(&frame, message->destination.port);
    put16(&frame, (unsigned)(8 + message->captured));
    put16(&frame, 0);
    put(&frame, message->data, message->captured);
    finish_ip(&frame, IP + 8 + message->captured);
    write_frame(traffic, &frame);
}

void diag_wire_arp(const struct traffic *traffic, const struct diag_arp *arp)
{
    static const uint8_t ipv4_over_ethernet[] = {0, 1, 8, 0, 6, 4};
    static struct frame frame;

    put_ethernet(&frame, 0x0806);
    put(&frame, ipv4_over_ethernet, sizeof ipv4_over_ethernet);
    put16(&frame, arp->reply ? 2 : 1);
    put(&frame, arp->sender_mac, 6);
    put(&frame, arp->sender.bytes, 4);
    put(&frame, (const uint8_t[6]){0}, 6);
    put(&frame, arp->target.bytes, 4);
    write_frame(traffic, &frame);
}

void diag_wire_icmp(const struct traffic *traffic, const struct diag_icmp *icmp)
{
    static struct frame frame;

    put_ip(&frame,
           &(struct ip){1, 64, 0, (uint16_t)traffic->frame, &icmp->sender, &icmp->source.address});
    put8(&frame, icmp->type);
    put8(&frame, icmp->code);
    put16(&frame, 0);
    put32(&frame, icmp->mtu);
    put16(&frame, 0x4500);
    put16(&frame, IP + 20);
    put32(&frame, 0x00014000);
    put32(&frame, 64u << 24 | 6u << 16);
    put(&frame, icmp->source.address.bytes, 4);
    put(&frame, icmp->destination.address.bytes, 4);
    put16(&frame, icmp->source.port);
    put16(&frame, icmp->destination.port);
    put32(&frame, icmp->seq);
    finish_ip(&frame, IP + 8 + IP + 8);
    write_frame(traffic, &frame);
}
