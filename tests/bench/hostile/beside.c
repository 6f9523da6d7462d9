/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, neighbours and ICMP errors: what is not TCP and told beside it. */
#include "traffic.h"

#include <stdio.h>
#include <string.h>

enum {
    A = 1,
    PTR = 12
};

static struct diag_endpoint resolver(uint32_t number)
{
    return (struct diag_endpoint){diag_server_address(60000 + number), 53};
}

/* "a.b.c" as labels. */
static size_t put_name(uint8_t *at, const char *name)
{
    size_t used = 0;

    while (*name) {
        size_t length = strcspn(name, ".");

        at[used++] = (uint8_t)length;
        memcpy(at + used, name, length);
        used += length;
        name += length + (name[length] == '.');
    }
    at[used++] = 0;
    return used;
}

/* A query, or the answer that it gets: rcode, and no records. */
static void send_question(struct traffic *traffic, const struct diag_endpoint *client,
                          uint32_t server, const char *name, unsigned type, int rcode)
{
    struct diag_endpoint to = resolver(server);
    uint8_t data[300] = {(uint8_t)name[1], (uint8_t)name[2], 1, 0, 0, 1};
    size_t length = 12 + put_name(data + 12, name);

    data[length + 1] = (uint8_t)type;
    data[length + 3] = 1;
    length += 4;
    if (rcode < 0) {
        diag_send_name(traffic, client, &to, data, length);
        return;
    }
    data[2] = 0x81;
    data[3] = (uint8_t)(0x80 | rcode);
    diag_send_name(traffic, &to, client, data, length);
}

void diag_story_queries(struct traffic *traffic, uint32_t packets)
{
    char name[64];

    for (uint32_t i = 0; i < packets / 3; i++) {
        struct diag_endpoint client = {diag_client_address(i % 300), (uint16_t)(1024 + i % 60000)};

        snprintf(name, sizeof name, "n%u.example.com", i);
        for (int k = 0; k < 3; k++) {
            send_question(traffic, &client, i % 40, name, A, -1);
            traffic->now_ns += SECOND / 50;
        }
    }
}

void diag_story_wrong_names(struct traffic *traffic, uint32_t packets)
{
    char name[64];

    for (uint32_t i = 0; i < packets / 2; i++) {
        struct diag_endpoint client = {diag_client_address(i % 3), (uint16_t)(1024 + i % 60000)};

        snprintf(name, sizeof name, "n%uxkrtbqz.example.com", i);
        send_question(traffic, &client, 0, name, A, -1);
        send_question(traffic, &client, 0, name, A, 3);
    }
}

void diag_story_one_label(struct traffic *traffic, uint32_t packets)
{
    char name[64];

    for (uint32_t i = 0; i < packets / 2; i++) {
        struct diag_endpoint client = {diag_client_address(i % 2), (uint16_t)(1024 + i % 60000)};

        snprintf(name, sizeof name, "www.n%u.example.com", i);
        send_question(traffic, &client, 0, name, A, -1);
        send_question(traffic, &client, 0, name, A, i % 3 ? 2 : 3);
        traffic->now_ns -= 2 * MS; /* all at once */
    }
}

/* Servers that ask who their clients are, and clients that never hear from them. */
void diag_story_reverse_names(struct traffic *traffic, uint32_t packets)
{
    char name[64];

    for (uint32_t i = 0; i < packets / 5; i++) {
        struct flow flow = diag_flow(traffic, i % 60000, (uint16_t)(1024 + i % 60000), i % 3, 22);
        const uint8_t *ip = flow.end[DIAG_CLIENT].address.bytes;
        struct diag_endpoint server = {flow.end[DIAG_SERVER].address, (uint16_t)(1024 + i % 60000)};

        flow.step_ns = MS / 10;
        diag_shake_hands(&flow);
        snprintf(name, sizeof name, "%u.%u.%u.%u.in-addr.arpa", ip[3], ip[2], ip[1], ip[0]);
        send_question(traffic, &server, 0, name, PTR, -1);
        traffic->now_ns -= MS;
        diag_send_data(&flow, DIAG_SERVER, "SSH-2.0-x\r\n", 11);
    }
}

void diag_story_neighbours(struct traffic *traffic, uint32_t packets)
{
    struct diag_address gateway = diag_client_address(0xfffff0);

    for (uint32_t i = 0; i < packets / 5; i++) {
        struct diag_address asker = diag_client_address(i % 4000);
        struct diag_address target = diag_client_address(0x10000 + i % 4000);
        struct flow flow = diag_flow(traffic, 0x20000 + i, 40000, i, 443);

        diag_send_arp(traffic, &asker, &target, i % 4000, false);
        traffic->now_ns += SECOND;
        diag_send_arp(traffic, &asker, &target, i % 4000, false);
        diag_send_arp(traffic, &asker, &gateway, i % 4000, false);
        diag_send_arp(traffic, &gateway, &asker, 1, true);
        diag_send_now(&flow, DIAG_CLIENT, DIAG_SYN);
    }
}

void diag_story_quarrels(struct traffic *traffic, uint32_t packets)
{
    struct diag_address asker = diag_client_address(0xfffff0);

    for (uint32_t i = 0; i < packets / 5; i++) {
        struct diag_address address = diag_server_address(i % 4000);
        struct flow flow = diag_flow(traffic, i, 40000, i % 4000, 443);

        diag_send_now(&flow, DIAG_CLIENT, DIAG_SYN);
        diag_send_now(&flow, DIAG_SERVER, DIAG_RST | DIAG_ACK);
        diag_send_arp(traffic, &asker, &address, 0, false);
        diag_send_arp(traffic, &address, &asker, 2 * i, true);
        diag_send_arp(traffic, &address, &asker, 2 * i + 1, true);
    }
}

void diag_story_errors(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = diag_flow(traffic, 0, 40000, 0, 443);

    for (uint32_t i = 0; i < packets; i++) {
        if (i % 5000 == 0) {
            flow = diag_flow(traffic, i / 5000, 40000, 0, 443);
            diag_shake_hands(&flow);
            diag_send_data(&flow, DIAG_CLIENT, "0123456789", 10);
        }
        flow.seq[DIAG_CLIENT] -= 10;
        diag_send_icmp(&flow, i % 3 ? 3 : 11, (uint8_t)(i % 14), i % 14 == 4 ? i % 1500 : 0);
        flow.seq[DIAG_CLIENT] += 10;
    }
}
