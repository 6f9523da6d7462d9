/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection that never ends. */
#include "traffic.h"

#include <string.h>

static struct flow begin(struct traffic *traffic)
{
    struct flow flow = diag_flow(traffic, 0, 40000, 0, 443);

    diag_shake_hands(&flow);
    return flow;
}

void diag_story_one_byte(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets / 2; i++) {
        diag_send_data(&flow, DIAG_CLIENT, "x", 1);
        diag_send_now(&flow, DIAG_SERVER, DIAG_ACK);
    }
}

void diag_story_unacknowledged(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets; i++)
        diag_send_data(&flow, i % 3 ? DIAG_CLIENT : DIAG_SERVER, "x", 1);
}

void diag_story_leaps(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets; i++) {
        enum diag_side from = diag_dice(traffic) & 1 ? DIAG_CLIENT : DIAG_SERVER;

        flow.seq[from] += diag_dice(traffic) % 7 ? 0x3fffffff : diag_dice(traffic);
        diag_send_data(&flow, from, "0123456789", 10);
    }
}

/* Ten bits of options, nine of flags. */
void diag_story_options(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets; i++) {
        struct diag_segment segment;

        if (i % 4096 == 0)
            flow = diag_flow(traffic, i / 4096, 40000, 0, 443);
        segment = diag_next(&flow, i & 1 ? DIAG_CLIENT : DIAG_SERVER, diag_dice(traffic) & 0x1ff);
        segment.options = i >> 1 & 0x3ff;
        segment.mss = (uint16_t)diag_dice(traffic);
        segment.wscale = (uint8_t)(diag_dice(traffic) % 16);
        segment.tsval = diag_dice(traffic);
        segment.tsecr = diag_dice(traffic);
        segment.sack_count = segment.options & DIAG_OPT_SACK ? (uint8_t)(i % 5) : 0;
        segment.mptcp_reason = (uint8_t)i;
        diag_send(&flow, &segment);
    }
}

void diag_story_ack_storm(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    diag_send_data(&flow, DIAG_CLIENT, "lost", 4);
    diag_send_data(&flow, DIAG_SERVER, "lost", 4);
    for (uint32_t i = 0; i < packets; i++) {
        enum diag_side from = i & 1 ? DIAG_CLIENT : DIAG_SERVER;
        struct diag_segment ack = diag_next(&flow, from, DIAG_ACK);

        ack.ack -= 4;
        diag_send(&flow, &ack);
    }
}

void diag_story_sack_storm(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets / 2; i++) {
        diag_send_data(&flow, DIAG_CLIENT, "0123456789", 10);
        struct diag_segment ack = diag_next(&flow, DIAG_SERVER, DIAG_ACK);

        ack.ack -= 10 * (1 + diag_dice(traffic) % 4000);
        ack.options = DIAG_OPT_SACK;
        ack.sack_count = 4;
        for (int k = 0; k < 4; k++) {
            ack.sack[k][0] = ack.ack + diag_dice(traffic) % 50000;
            ack.sack[k][1] = ack.sack[k][0] + diag_dice(traffic) % 3000;
        }
        diag_send(&flow, &ack);
    }
}

/* Runs of 4000 segments, the last first. */
void diag_story_reversed(struct traffic *traffic, uint32_t packets)
{
    const uint32_t run = 4000;
    struct flow flow = begin(traffic);
    uint32_t start = flow.seq[DIAG_CLIENT];

    for (uint32_t i = 0; i < packets; i++) {
        flow.seq[DIAG_CLIENT] = start + (i / run * run + run - 1 - i % run) * 100;
        struct diag_segment segment = diag_next(&flow, DIAG_CLIENT, DIAG_ACK);
        static const uint8_t data[100] = {22, 3, 1, 0x40, 0, 1};

        segment.data = data;
        segment.payload = segment.captured = sizeof data;
        diag_send(&flow, &segment);
    }
}

void diag_story_holes(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);
    uint32_t acked = flow.seq[DIAG_CLIENT];

    for (uint32_t i = 0; i < packets / 2; i++) {
        flow.seq[DIAG_CLIENT] += 100;
        diag_send_data(&flow, DIAG_CLIENT, "0123456789", 10);
        struct diag_segment ack = diag_next(&flow, DIAG_SERVER, DIAG_ACK);

        ack.ack = acked;
        if (i % 9 == 0)
            acked += 110;
        ack.options = DIAG_OPT_SACK;
        ack.sack_count = 1;
        ack.sack[0][0] = flow.seq[DIAG_CLIENT] - 10;
        ack.sack[0][1] = flow.seq[DIAG_CLIENT];
        diag_send(&flow, &ack);
    }
}

void diag_story_again(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets; i++) {
        diag_send_data(&flow, DIAG_CLIENT, "GET / HTTP/1.1\r\n\r\n", 18);
        flow.seq[DIAG_CLIENT] -= 18;
        flow.step_ns = 300 * MS;
    }
}

static void reset(struct flow *flow, uint32_t number)
{
    struct traffic *traffic = flow->traffic;
    struct diag_segment rst =
        diag_next(flow, number % 3 ? DIAG_SERVER : DIAG_CLIENT, DIAG_RST | (number & DIAG_ACK));

    rst.seq += diag_dice(traffic) % 3 ? 0 : diag_dice(traffic);
    rst.ttl = (uint8_t)diag_dice(traffic);
    rst.ip_id = (uint16_t)diag_dice(traffic);
    rst.window = (uint16_t)diag_dice(traffic);
    diag_send(flow, &rst);
}

void diag_story_resets(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets; i++)
        reset(&flow, diag_dice(traffic));
}

void diag_story_resets_of_many(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets; i++) {
        if (i % 2000 == 0) {
            flow = diag_flow(traffic, i / 2000, 40000, 0, 443);
            diag_shake_hands(&flow);
        }
        diag_send_data(&flow, DIAG_CLIENT, "GET / HTTP/1.1\r\n\r\n", 18);
        reset(&flow, 1);
    }
}

/* The receiver closes its window and opens it, between probes of both kinds. */
void diag_story_probes(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    diag_send_data(&flow, DIAG_CLIENT, "0123456789", 10);
    for (uint32_t i = 0; i < packets; i++) {
        enum diag_side from = i % 2 ? DIAG_CLIENT : DIAG_SERVER;
        struct diag_segment segment = diag_next(&flow, from, DIAG_ACK);

        flow.step_ns = SECOND * (i % 70);
        if (from == DIAG_SERVER)
            segment.window = i / 2 % 8 < 6 ? 0 : 64000;
        else
            segment.seq -= i / 2 % 4 != 0;
        diag_send(&flow, &segment);
        if (i / 2 % 8 == 7)
            diag_send_data(&flow, DIAG_CLIENT, "0123456789", 10);
    }
}

void diag_story_slow_answers(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets / 4; i++) {
        diag_send_data(&flow, DIAG_CLIENT, "GET / HTTP/1.1\r\n\r\n", 18);
        diag_send_now(&flow, DIAG_SERVER, DIAG_ACK);
        flow.step_ns = 12 * SECOND;
        diag_send_data(&flow, DIAG_SERVER, "HTTP/1.1 200 OK\r\n\r\n", 19);
        flow.step_ns = MS;
        diag_send_now(&flow, DIAG_CLIENT, DIAG_ACK);
    }
}

void diag_story_stalls(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic);

    for (uint32_t i = 0; i < packets / 5; i++) {
        diag_send_data(&flow, DIAG_CLIENT, "GET / HTTP/1.1\r\n\r\n", 18);
        for (unsigned k = 0; k < 3; k++) {
            diag_send_data(&flow, DIAG_SERVER, "HTTP/1.1 200 OK\r\n\r\n", 19);
            flow.seq[DIAG_SERVER] -= 19;
            flow.step_ns = SECOND << k;
        }
        flow.seq[DIAG_SERVER] += 19;
        diag_send_now(&flow, DIAG_CLIENT, DIAG_ACK);
        flow.step_ns = MS;
    }
}
