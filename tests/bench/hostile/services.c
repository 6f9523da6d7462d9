/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many connections of which one tells about the next. */
#include "traffic.h"

#include <stdio.h>
#include <string.h>

/* Two SYNs a second apart, and an answer to the second. */
void diag_story_backlog(struct traffic *traffic, uint32_t packets)
{
    for (uint32_t i = 0; i < packets / 5; i++) {
        struct flow flow = diag_flow(traffic, i % 3000, (uint16_t)(32768 + i % 28000), 0, 443);
        struct diag_segment syn = diag_next(&flow, DIAG_CLIENT, DIAG_SYN);

        flow.step_ns = MS / 10;
        diag_send(&flow, &syn);
        if (i % 3 == 0)
            flow.step_ns = SECOND;
        diag_send_now(&flow, DIAG_CLIENT, DIAG_SYN);
        flow.step_ns = MS / 10;
        diag_send_now(&flow, DIAG_SERVER, DIAG_SYN | DIAG_ACK);
        diag_send_now(&flow, DIAG_CLIENT, DIAG_ACK);
        diag_send_data(&flow, DIAG_SERVER, "hello", 5);
    }
}

/* The answer to a question for an address. */
static size_t write_answer(uint8_t *data, uint32_t number, const struct diag_address *address)
{
    static const uint8_t end_of_question[] = {0, 0, 1, 0, 1};
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4};
    char label[16];
    size_t length = (size_t)snprintf(label, sizeof label, "n%u", number);
    size_t at = 12;

    memset(data, 0, at);
    data[0] = (uint8_t)(number >> 8);
    data[1] = (uint8_t)number;
    data[2] = 0x81;
    data[3] = 0x80;
    data[5] = 1; /* question */
    data[7] = 1; /* answer */
    data[at++] = (uint8_t)length;
    memcpy(data + at, label, length);
    at += length;
    memcpy(data + at, end_of_question, sizeof end_of_question);
    at += sizeof end_of_question;
    memcpy(data + at, record, sizeof record);
    memcpy(data + at + sizeof record, address->bytes, 4);
    return at + sizeof record + 4;
}

/* Both addresses belong to one name; neither answers for a while. */
void diag_story_races(struct traffic *traffic, uint32_t packets)
{
    struct diag_endpoint resolver = {diag_server_address(9999), 53};
    uint8_t data[64];

    for (uint32_t i = 0; i < packets / 8; i++) {
        struct diag_endpoint client = {diag_client_address(i % 50), 5353};

        for (uint32_t k = 0; k < 2; k++) {
            struct diag_address address = diag_server_address(2 * (i % 2000) + k);
            size_t length = write_answer(data, i % 2000, &address);

            diag_send_name(traffic, &resolver, &client, data, length);
        }
        for (uint32_t k = 0; k < 2; k++) {
            struct flow flow =
                diag_flow(traffic, i % 50, (uint16_t)(32768 + i % 28000), 2 * (i % 2000) + k, 443);
            struct diag_segment syn = diag_next(&flow, DIAG_CLIENT, DIAG_SYN);

            diag_send(&flow, &syn);
            flow.step_ns = SECOND / 1000;
            diag_send(&flow, &syn);
            diag_send(&flow, &syn);
        }
    }
}

/* Two names out of three are reset at once. */
void diag_story_filtered_names(struct traffic *traffic, uint32_t packets)
{
    char request[128];

    for (uint32_t i = 0; i < packets / 5; i++) {
        struct flow flow = diag_flow(traffic, i / 200, (uint16_t)(32768 + i % 28000), 0, 80);
        int length = snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s%u\r\n\r\n",
                              i % 3 ? "bad" : "good", i % 40);

        diag_shake_hands(&flow);
        diag_send_data(&flow, DIAG_CLIENT, request, (uint32_t)length);
        if (i % 3)
            diag_send_now(&flow, DIAG_SERVER, DIAG_RST | DIAG_ACK);
        else
            diag_send_data(&flow, DIAG_SERVER, "HTTP/1.1 200 OK\r\n\r\n", 19);
    }
}
