/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic that somebody made up to be dear: packets go to an engine as facts, or into a capture
 * file. Stories say which; every packet is in a frame of its own.
 */
#ifndef DIAG_TEST_TRAFFIC_H
#define DIAG_TEST_TRAFFIC_H

#include <stdio.h>

#include "diag.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)

struct traffic {
    struct diag_engine *engine; /* NULL: into the file */
    FILE *file;
    uint32_t frame;
    int64_t now_ns;
    uint64_t random;
    uint32_t streams; /* begun so far */
};

/* One TCP connection; both sides know where they are. */
struct flow {
    struct traffic *traffic;
    uint32_t stream;
    struct diag_endpoint end[2];
    uint32_t seq[2]; /* what each sends next, by enum diag_side */
    int64_t step_ns; /* between two segments */
};

/* A story makes about so many packets. */
#define STORY(name, what) void diag_story_##name(struct traffic *traffic, uint32_t packets);
#include "stories.def"
#undef STORY

void diag_traffic_begin(struct traffic *traffic, struct diag_engine *engine, FILE *file);

/* The same numbers in every run. */
uint32_t diag_dice(struct traffic *traffic);

/* 10.x.y.z, and 192.168.x.y. */
struct diag_address diag_client_address(uint32_t number);
struct diag_address diag_server_address(uint32_t number);

struct flow diag_flow(struct traffic *traffic, uint32_t client, uint16_t client_port,
                      uint32_t server, uint16_t server_port);

/* The next segment of this side as a stack would send it. Flags as in the header. The second may
 * be changed before diag_send() takes it. */
struct diag_segment diag_next(struct flow *flow, enum diag_side from, unsigned flags);
void diag_send(struct flow *flow, const struct diag_segment *segment);
void diag_send_now(struct flow *flow, enum diag_side from, unsigned flags);
void diag_send_data(struct flow *flow, enum diag_side from, const void *data, uint32_t length);
void diag_shake_hands(struct flow *flow);

/* What is not TCP. Data are the message of the name service. */
void diag_send_name(struct traffic *traffic, const struct diag_endpoint *from,
                    const struct diag_endpoint *to, const uint8_t *data, size_t length);
void diag_send_arp(struct traffic *traffic, const struct diag_address *sender,
                   const struct diag_address *target, uint32_t mac, bool reply);
void diag_send_icmp(const struct flow *flow, uint8_t type, uint8_t code, uint32_t mtu);

/* ---- wire.c: the same as frames of a pcap */

void diag_wire_header(FILE *file);
void diag_wire_segment(const struct traffic *traffic, const struct diag_segment *segment);
void diag_wire_name(const struct traffic *traffic, const struct diag_name_message *message);
void diag_wire_arp(const struct traffic *traffic, const struct diag_arp *arp);
void diag_wire_icmp(const struct traffic *traffic, const struct diag_icmp *icmp);

#endif
