/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many connections, most of which come to nothing. */
#include "traffic.h"

static const char request[] = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static void converse(struct flow *flow)
{
    diag_shake_hands(flow);
    diag_send_data(flow, DIAG_CLIENT, request, sizeof request - 1);
    diag_send_data(flow, DIAG_SERVER, response, sizeof response - 1);
}

static void hang_up(struct flow *flow)
{
    diag_send_now(flow, DIAG_CLIENT, DIAG_FIN | DIAG_ACK);
    diag_send_now(flow, DIAG_SERVER, DIAG_FIN | DIAG_ACK);
    diag_send_now(flow, DIAG_CLIENT, DIAG_ACK);
}

static void ask_to_connect(struct flow *flow, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct diag_segment syn = diag_next(flow, DIAG_CLIENT, DIAG_SYN);

        diag_send(flow, &syn);
        flow->step_ns = SECOND << i;
    }
    flow->step_ns = MS;
}

static void refuse(struct flow *flow, uint8_t ttl)
{
    struct diag_segment reset;

    diag_send_now(flow, DIAG_CLIENT, DIAG_SYN);
    reset = diag_next(flow, DIAG_SERVER, DIAG_RST | DIAG_ACK);
    reset.seq = 0;
    reset.ttl = ttl;
    diag_send(flow, &reset);
}

void diag_story_tuples(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets; i++) {
        uint32_t dice = diag_dice(traffic);
        struct flow flow = diag_flow(traffic, dice >> 16 & 0xfff, (uint16_t)(1024 + i % 60000),
                                     dice & 0xfff, (uint16_t)(1 + i % 50));

        diag_send_now(&flow, DIAG_CLIENT, DIAG_SYN);
    }
}

void diag_story_flood(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 2; i++) {
        struct flow flow = diag_flow(traffic, i, (uint16_t)diag_dice(traffic), 0, 443);

        flow.step_ns = MS / 100;
        diag_send_now(&flow, DIAG_CLIENT, DIAG_SYN);
        diag_send_now(&flow, DIAG_SERVER, DIAG_SYN | DIAG_ACK);
    }
}

void diag_story_scan(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 3; i++) {
        struct flow flow = diag_flow(traffic, 0, (uint16_t)(32768 + i % 28000), i / 65535,
                                     (uint16_t)(1 + i % 65535));

        ask_to_connect(&flow, 3);
    }
}

/* Hundreds of ports that work, and others that are refused so often that it is no scan. */
void diag_story_open_and_closed(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 4; i++) {
        struct flow flow =
            diag_flow(traffic, 0, (uint16_t)(32768 + i % 28000), 0, (uint16_t)(1 + i % 65535));

        if (i % 100 == 0)
            converse(&flow);
        else
            ask_to_connect(&flow, 4);
    }
}

void diag_story_refused(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 2; i++) {
        struct flow flow = diag_flow(traffic, 0, (uint16_t)(32768 + i % 28000), 0, 443);

        refuse(&flow, 50);
    }
}

void diag_story_refused_and_open(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 5; i++) {
        struct flow flow = diag_flow(traffic, 0, (uint16_t)(32768 + i % 28000), 0, 443);

        if (i % 2)
            refuse(&flow, 50);
        else
            converse(&flow);
    }
}

/* What a service meets in one minute out of twenty is not what it meets in the next. */
void diag_story_one_service(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 5; i++) {
        struct flow flow =
            diag_flow(traffic, diag_dice(traffic) % 5000, (uint16_t)(32768 + i % 28000), 0, 443);

        switch (diag_dice(traffic) % 4) {
        case 0:
            refuse(&flow, 64);
            break;
        case 1:
            ask_to_connect(&flow, 3);
            break;
        case 2:
            converse(&flow);
            hang_up(&flow);
            break;
        default:
            diag_shake_hands(&flow);
            diag_send_data(&flow, DIAG_CLIENT, request, sizeof request - 1);
            diag_send_now(&flow, DIAG_SERVER, DIAG_RST | DIAG_ACK);
        }
    }
}

void diag_story_one_tuple(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 2; i++) {
        struct flow flow = diag_flow(traffic, 0, 40000, 0, 443);

        refuse(&flow, 64);
    }
}

void diag_story_same_stream(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets; i++) {
        struct flow flow = diag_flow(traffic, 0, 40000, 0, 443);

        flow.stream = DIAG_NO_STREAM;
        diag_send_now(&flow, DIAG_CLIENT, DIAG_SYN);
    }
}

void diag_story_leaks(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 7; i++) {
        struct flow flow = diag_flow(traffic, i % 100, (uint16_t)(32768 + i % 28000), 0, 443);

        converse(&flow);
        diag_send_now(&flow, DIAG_CLIENT, DIAG_FIN | DIAG_ACK);
        diag_send_now(&flow, DIAG_SERVER, DIAG_ACK);
    }
    traffic->now_ns += 600 * SECOND;
    struct flow last = diag_flow(traffic, 0, 1, 1, 443);

    diag_send_now(&last, DIAG_CLIENT, DIAG_SYN);
}

void diag_story_ports_again(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 8; i++) {
        struct flow flow = diag_flow(traffic, 0, (uint16_t)(32768 + i % 4000), 0, 443);

        converse(&flow);
        hang_up(&flow);
    }
}
