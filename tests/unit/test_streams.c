/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which segments make one connection, whatever stream the Wireshark at hand says they are in. */
#include "check.h"

#include "diag.h"

#define CLIENT_ISN 1000
#define SERVER_ISN 9000

struct story {
    struct diag_engine *engine;
    uint32_t frame;
};

static void begin(struct story *story)
{
    struct diag_settings settings = diag_settings_default();

    story->engine = diag_engine_new(&settings);
    story->frame = 0;
}

/* One segment of 192.0.2.1:50000, the client, or of its server. */
static void tell(struct story *story, uint32_t stream, bool client, unsigned flags, uint32_t seq,
                 uint32_t ack)
{
    const struct diag_endpoint end[2] = {{{4, {192, 0, 2, 1}}, 50000}, {{4, {192, 0, 2, 2}}, 443}};
    struct diag_segment segment = {.frame = ++story->frame,
                                   .time_ns = story->frame * (int64_t)10000000,
                                   .source = end[!client],
                                   .destination = end[client],
                                   .stream = stream,
                                   .flags = (uint16_t)flags,
                                   .seq = seq,
                                   .ack = ack};

    diag_feed_segment(story->engine, &segment);
}

static void syn(struct story *story, uint32_t stream, uint32_t isn)
{
    tell(story, stream, true, DIAG_SYN, isn, 0);
}

static void synack(struct story *story, uint32_t stream, uint32_t isn, uint32_t ack)
{
    tell(story, stream, false, DIAG_SYN | DIAG_ACK, isn, ack);
}

static void client_reset(struct story *story, uint32_t stream, uint32_t seq)
{
    tell(story, stream, true, DIAG_RST, seq, 0);
}

static void connect_and_abort(struct story *story, uint32_t stream)
{
    syn(story, stream, CLIENT_ISN);
    synack(story, stream, SERVER_ISN, CLIENT_ISN + 1);
    tell(story, stream, true, DIAG_ACK, CLIENT_ISN + 1, SERVER_ISN + 1);
    tell(story, stream, true, DIAG_RST | DIAG_ACK, CLIENT_ISN + 1, SERVER_ISN + 1);
}

static bool are_told(struct story *story, size_t connections)
{
    bool as_told = diag_view_count(story->engine) == connections;

    diag_engine_free(story->engine);
    return as_told;
}

static void tries_with_one_number_are_one_connection(void)
{
    struct story story;
    struct diag_view view;

    begin(&story);
    for (uint32_t stream = 3; stream < 6; stream++) {
        syn(&story, stream, CLIENT_ISN);
        synack(&story, stream, SERVER_ISN + stream, CLIENT_ISN + 1);
        client_reset(&story, stream, CLIENT_ISN + 1);
    }
    CHECK(diag_stream_told(story.engine, 5) == 3);
    CHECK(diag_stream_told(story.engine, 6) == 6);
    CHECK(diag_view_of_stream(story.engine, 5, &view) && view.stream == 3 && view.attempts == 3);
    CHECK(diag_reset_of_frame(story.engine, 5, 9) != NULL);
    CHECK(are_told(&story, 1));
}

static void another_number_is_another_connection(void)
{
    struct story story;

    begin(&story);
    syn(&story, 0, CLIENT_ISN);
    tell(&story, 0, false, DIAG_RST | DIAG_ACK, 0, CLIENT_ISN + 1);
    syn(&story, 1, CLIENT_ISN + 70000);
    CHECK(diag_stream_told(story.engine, 1) == 1);
    CHECK(are_told(&story, 2));
}

/* A small device begins every connection with the same number. */
static void the_same_number_after_a_connection_that_stood_is_another(void)
{
    struct story story;

    begin(&story);
    connect_and_abort(&story, 0);
    syn(&story, 1, CLIENT_ISN);
    CHECK(are_told(&story, 2));
}

static void the_servers_syn_with_the_clients_number_is_another(void)
{
    struct story story;

    begin(&story);
    syn(&story, 0, CLIENT_ISN);
    client_reset(&story, 0, CLIENT_ISN + 1);
    tell(&story, 1, false, DIAG_SYN, CLIENT_ISN, 0);
    CHECK(are_told(&story, 2));
}

static void an_answer_behind_a_reset_belongs_to_the_syn(void)
{
    struct story story;

    begin(&story);
    syn(&story, 0, CLIENT_ISN);
    tell(&story, 0, false, DIAG_RST | DIAG_ACK, 0, CLIENT_ISN + 1);
    synack(&story, 1, SERVER_ISN, CLIENT_ISN + 1);
    CHECK(are_told(&story, 1));

    begin(&story);
    connect_and_abort(&story, 0);
    synack(&story, 1, SERVER_ISN + 1, CLIENT_ISN + 1);
    CHECK(are_told(&story, 1));
}

static void an_answer_to_an_unseen_syn_is_another(void)
{
    struct story story;

    begin(&story);
    connect_and_abort(&story, 0);
    synack(&story, 1, SERVER_ISN + 70000, CLIENT_ISN + 80000);
    CHECK(are_told(&story, 2));
}

static void a_wrong_answer_belongs_to_the_syn_that_waits(void)
{
    struct story story;

    begin(&story);
    syn(&story, 0, CLIENT_ISN);
    synack(&story, 0, SERVER_ISN, CLIENT_ISN + 80000);
    synack(&story, 1, SERVER_ISN + 1, CLIENT_ISN + 80000);
    CHECK(are_told(&story, 1));
}

static void answers_alone_are_told_apart_by_their_numbers(void)
{
    struct story story;

    begin(&story);
    synack(&story, 0, SERVER_ISN, CLIENT_ISN + 1);
    client_reset(&story, 0, CLIENT_ISN + 1);
    synack(&story, 1, SERVER_ISN, CLIENT_ISN + 1);
    synack(&story, 2, SERVER_ISN + 70000, CLIENT_ISN + 80000);
    CHECK(are_told(&story, 2));
}

int main(void)
{
    tries_with_one_number_are_one_connection();
    another_number_is_another_connection();
    the_same_number_after_a_connection_that_stood_is_another();
    the_servers_syn_with_the_clients_number_is_another();
    an_answer_behind_a_reset_belongs_to_the_syn();
    an_answer_to_an_unseen_syn_is_another();
    a_wrong_answer_belongs_to_the_syn_that_waits();
    answers_alone_are_told_apart_by_their_numbers();
    return check_failures != 0;
}
