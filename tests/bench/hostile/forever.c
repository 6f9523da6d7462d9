/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handshakes of TLS that never end, clocks that cannot be, and everything at once. */
#include "traffic.h"

#include <stdio.h>
#include <string.h>

#define RECORD 1400

static struct flow begin(struct traffic *traffic, uint32_t number)
{
    struct flow flow = diag_flow(traffic, number, 40000, 0, 443);

    diag_shake_hands(&flow);
    return flow;
}

/* Big-endian, so many bytes. */
static size_t put(uint8_t *at, uint32_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
    return bytes;
}

/* A record with this body; returns its length. */
static uint32_t record(uint8_t *at, uint8_t type, const uint8_t *body, size_t length)
{
    at[0] = type;
    put(at + 1, 0x0303, 2);
    put(at + 3, (uint32_t)length, 2);
    memcpy(at + 5, body, length);
    return (uint32_t)(5 + length);
}

void diag_story_long_message(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic, 0);
    uint8_t body[RECORD] = {11, 0xff, 0xff, 0xff};
    uint8_t data[RECORD + 5];

    for (uint32_t i = 0; i < packets; i++) {
        uint32_t length = record(data, 22, body, sizeof body);

        diag_send_data(&flow, i & 1 ? DIAG_SERVER : DIAG_CLIENT, data, length);
        body[0] = 1;
    }
}

void diag_story_small_records(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic, 0);
    uint8_t data[6 * 200];
    uint32_t length = 0;

    while (length < sizeof data)
        length += record(data + length, 22, (const uint8_t *)"\1", 1);
    for (uint32_t i = 0; i < packets; i++)
        diag_send_data(&flow, i & 1 ? DIAG_SERVER : DIAG_CLIENT, data, length);
}

void diag_story_many_messages(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic, 0);
    uint8_t body[RECORD];
    uint8_t data[RECORD + 5];

    for (uint32_t i = 0; i < packets; i++) {
        size_t used = 0;

        while (used + 4 < sizeof body) {
            body[used] = (uint8_t)(1 + diag_dice(traffic) % 24);
            used += 1 + put(body + used + 1, 0, 3);
        }
        diag_send_data(&flow, i & 1 ? DIAG_SERVER : DIAG_CLIENT, data,
                       record(data, 22, body, used));
    }
}

void diag_story_many_alerts(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic, 0);
    uint8_t data[7 * 100];

    for (uint32_t i = 0; i < packets; i++) {
        uint32_t length = 0;

        while (length < sizeof data) {
            uint8_t alert[2] = {(uint8_t)(1 + i % 2), (uint8_t)diag_dice(traffic)};

            length += record(data + length, 21, alert, sizeof alert);
        }
        diag_send_data(&flow, i & 1 ? DIAG_SERVER : DIAG_CLIENT, data, length);
    }
}

static size_t client_hello(uint8_t *body, uint32_t number)
{
    char name[32];
    size_t length = (size_t)snprintf(name, sizeof name, "host%u.example.com", number);
    size_t at = 4;

    at += put(body + at, 0x0303, 2);
    memset(body + at, 7, 32);
    at += 32;
    at += put(body + at, 0, 1);
    at += put(body + at, 4, 2);
    at += put(body + at, 0x1301c02f, 4);
    at += put(body + at, 0x0100, 2);
    at += put(body + at, (uint32_t)(length + 9), 2);
    at += put(body + at, 0, 2);
    at += put(body + at, (uint32_t)(length + 5), 2);
    at += put(body + at, (uint32_t)(length + 3), 2);
    at += put(body + at, 0, 1);
    at += put(body + at, (uint32_t)length, 2);
    memcpy(body + at, name, length);
    at += length;
    body[0] = 1;
    put(body + 1, (uint32_t)(at - 4), 3);
    return at;
}

void diag_story_many_hellos(struct traffic *traffic, uint32_t packets)
{
    uint8_t body[256];
    uint8_t data[300];

    for (uint32_t i = 0; i < packets / 5; i++) {
        struct flow flow = begin(traffic, i);
        size_t hello = client_hello(body, i);

        diag_send_data(&flow, DIAG_CLIENT, data, record(data, 22, body, hello));
        if (i % 2)
            diag_send_now(&flow, DIAG_SERVER, DIAG_RST | DIAG_ACK);
        else
            diag_send_data(&flow, DIAG_SERVER, "\x15\3\3\0\2\2\x28", 7);
    }
}

/* Each a little different from the one before, so that no two have the same fingerprint. */
void diag_story_many_certificates(struct traffic *traffic, uint32_t packets)
{
    uint8_t body[1200];
    uint8_t data[1300];
    struct flow flow = begin(traffic, 0);

    for (uint32_t i = 0; i < packets / 2; i++) {
        size_t at = 7;

        if (i % 500 == 0) {
            size_t hello = client_hello(body, i);

            flow = begin(traffic, i);
            diag_send_data(&flow, DIAG_CLIENT, data, record(data, 22, body, hello));
        }
        while (at + 203 < sizeof body) {
            at += put(body + at, 200, 3);
            for (int k = 0; k < 50; k++)
                at += put(body + at, diag_dice(traffic), 4);
        }
        body[0] = 11;
        put(body + 1, (uint32_t)(at - 4), 3);
        put(body + 4, (uint32_t)(at - 7), 3);
        diag_send_data(&flow, DIAG_SERVER, data, record(data, 22, body, at));
        diag_send_now(&flow, DIAG_CLIENT, DIAG_ACK);
    }
}

/* ---- clocks and copies */

void diag_story_clock(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic, 0);

    for (uint32_t i = 0; i < packets; i++) {
        enum diag_side from = i & 1 ? DIAG_CLIENT : DIAG_SERVER;

        diag_send_data(&flow, from, "0123456789", 10);
        flow.step_ns = (i & 2 ? -1 : 1) * (int64_t)(diag_dice(traffic) % 100000) * SECOND;
    }
}

void diag_story_copies(struct traffic *traffic, uint32_t packets)
{
    struct flow flow = begin(traffic, 0);

    for (uint32_t i = 0; i < packets / 2; i++) {
        struct diag_segment segment = diag_next(&flow, i & 1 ? DIAG_CLIENT : DIAG_SERVER, DIAG_ACK);

        segment.ip_id = (uint16_t)(i + 1);
        segment.data = (const uint8_t *)"0123456789";
        segment.payload = segment.captured = 10;
        diag_send(&flow, &segment);
        segment.ttl--;
        diag_send(&flow, &segment);
        flow.seq[i & 1 ? DIAG_CLIENT : DIAG_SERVER] += 10;
    }
}

/* ---- everything */

void diag_story_anything(struct traffic *traffic, uint32_t packets)
{
    static const uint8_t data[RECORD] = {22, 3, 3, 0, 200, 1};
    struct flow flow[64];

    for (uint32_t i = 0; i < 64; i++)
        flow[i] = diag_flow(traffic, i % 8, (uint16_t)(40000 + i), i % 5, 443);
    for (uint32_t i = 0; i < packets; i++) {
        struct flow *one = &flow[diag_dice(traffic) % 64];
        enum diag_side from = diag_dice(traffic) & 1 ? DIAG_CLIENT : DIAG_SERVER;
        struct diag_segment segment = diag_next(one, from, diag_dice(traffic) & 0x17);

        segment.seq += diag_dice(traffic) % 5000 - 2500;
        segment.ack += diag_dice(traffic) % 5000 - 2500;
        segment.window = (uint16_t)(diag_dice(traffic) % 3 ? diag_dice(traffic) : 0);
        segment.payload = diag_dice(traffic) % 3 ? diag_dice(traffic) % RECORD : 0;
        segment.captured = segment.payload;
        segment.data = data;
        one->step_ns = (int64_t)(diag_dice(traffic) % 3000) * MS;
        diag_send(one, &segment);
        one->seq[from] += diag_dice(traffic) % 2 ? segment.payload : 0;
    }
}
