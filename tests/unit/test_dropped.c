/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists are bounded, and what did not fit is counted. */
#include "check.h"

#include "core.h"

#include <string.h>

#define MS INT64_C(1000000)

static struct diag_engine *engine;
static uint32_t frame;

static const struct diag_address host[] = {{4, {192, 0, 2, 10}}, {4, {198, 51, 100, 80}}};

static void begin(void)
{
    struct diag_settings settings = diag_settings_default();

    engine = diag_engine_new(&settings);
    frame = 0;
}

/* How much of this was dropped, if nothing else was. */
static uint64_t only(enum diag_dropped what)
{
    uint64_t dropped[DIAG_DROPPED_COUNT];

    diag_dropped(engine, dropped);
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++)
        CHECK(i == what || dropped[i] == 0);
    diag_engine_free(engine);
    return dropped[what];
}

static void server_says(uint16_t flags, uint32_t seq, uint32_t payload)
{
    static const uint8_t data[100];

    frame++;
    diag_feed_segment(engine, &(struct diag_segment){.frame = frame,
                                                     .time_ns = 300 * MS * frame,
                                                     .source = {host[1], 80},
                                                     .destination = {host[0], 50000},
                                                     .flags = flags,
                                                     .seq = seq,
                                                     .payload = payload,
                                                     .captured = payload,
                                                     .data = data,
                                                     .ip_version = 4,
                                                     .ip_id = (uint16_t)frame,
                                                     .ttl = 64});
}

static void resets_beyond_the_list_are_counted(void)
{
    begin();
    server_says(DIAG_ACK, 1000, 10);
    for (uint32_t i = 0; i < 4100; i++)
        server_says(DIAG_RST, 1010 + i, 0);
    CHECK(only(DIAG_DROPPED_resets) == 4);
}

static void losses_beyond_the_list_are_counted(void)
{
    begin();
    for (uint32_t i = 0; i < 4103; i++)
        server_says(DIAG_ACK, 1000, 100);
    CHECK(only(DIAG_DROPPED_losses) == 4103 - 1 - 4096);
}

/* Two lists: who asked, and what. */
static void questions_beyond_the_list_are_counted(void)
{
    begin();
    for (uint32_t i = 0; i < 4096 + 5; i++) {
        struct diag_arp arp = {.frame = i + 1, .time_ns = i * MS, .sender = host[0]};

        arp.target = (struct diag_address){4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        diag_feed_arp(engine, &arp);
    }
    CHECK(only(DIAG_DROPPED_neighbours) == 5);
}

/* A SYN of this client port, in this stream. */
static void client_asks(uint16_t port, uint32_t stream)
{
    frame++;
    diag_feed_segment(engine, &(struct diag_segment){.frame = frame,
                                                     .time_ns = frame * MS,
                                                     .source = {host[0], port},
                                                     .destination = {host[1], 80},
                                                     .stream = stream,
                                                     .flags = DIAG_SYN,
                                                     .ip_version = 4,
                                                     .ttl = 64});
}

static void begin_with_room_for(uint32_t connections)
{
    struct diag_settings settings = diag_settings_default();

    settings.connections = connections;
    engine = diag_engine_new(&settings);
    frame = 0;
}

static void connections_beyond_the_setting_are_counted_once(void)
{
    begin_with_room_for(3);
    for (int tries = 0; tries < 2; tries++)
        for (uint16_t i = 0; i < 5; i++)
            client_asks((uint16_t)(50000 + i), i);
    CHECK(diag_view_count(engine) == 3);
    CHECK(only(DIAG_DROPPED_connections) == 2);
}

static void without_streams_their_syns_are_counted(void)
{
    begin_with_room_for(1);
    for (uint16_t i = 0; i < 4; i++)
        client_asks((uint16_t)(50000 + i), DIAG_NO_STREAM);
    CHECK(diag_view_count(engine) == 1);
    CHECK(only(DIAG_DROPPED_connections) == 3);
}

/* What the first connection goes on to say is judged as ever. */
static void what_was_begun_before_goes_on(void)
{
    struct diag_view view;

    begin_with_room_for(1);
    client_asks(50000, 0);
    client_asks(50001, 1);
    client_asks(50000, 0);
    diag_view_get(engine, 0, &view);
    CHECK(view.last_frame == 3);
    CHECK(only(DIAG_DROPPED_connections) == 1);
}

/* No traffic is known that gets there: rules say most things once. */
static void events_beyond_the_list_are_counted(void)
{
    begin();
    struct diag_connection *conn =
        diag_feed_segment(engine, &(struct diag_segment){.frame = 1,
                                                         .source = {host[0], 50000},
                                                         .destination = {host[1], 80},
                                                         .flags = DIAG_ACK});
    struct diag_out out = {engine, conn, engine->findings, false};

    for (uint32_t i = conn->events ? conn->events->len : 0; i < 260; i++)
        diag_raise(&out, DIAG_cap_offload, DIAG_SERVER, 1, i);
    CHECK(only(DIAG_DROPPED_events) == 4);
}

static void an_ordinary_capture_drops_nothing(void)
{
    begin();
    server_says(DIAG_ACK, 1000, 10);
    server_says(DIAG_RST, 1010, 0);
    CHECK(only(DIAG_DROPPED_resets) == 0);
}

static void each_list_has_a_name_and_a_text(void)
{
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++) {
        CHECK(strlen(diag_dropped_name((enum diag_dropped)i)) > 0);
        CHECK(strlen(diag_dropped_text((enum diag_dropped)i)) > 0);
    }
}

int main(void)
{
    resets_beyond_the_list_are_counted();
    losses_beyond_the_list_are_counted();
    questions_beyond_the_list_are_counted();
    connections_beyond_the_setting_are_counted_once();
    without_streams_their_syns_are_counted();
    what_was_begun_before_goes_on();
    events_beyond_the_list_are_counted();
    an_ordinary_capture_drops_nothing();
    each_list_has_a_name_and_a_text();
    return check_failures != 0;
}
