/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which questions for a hardware address were never answered, and which silences mean nothing. */
#include "names/neighbours.h"
#include "check.h"

#include <string.h>

#define MS INT64_C(1000000)

static struct diag_neighbours *net;
static uint32_t frame;
static struct diag_unresolved fact[8];
static size_t facts;

static struct diag_address host(unsigned last)
{
    return (struct diag_address){.length = 4, .bytes = {192, 0, 2, (uint8_t)last}};
}

static void start(void)
{
    diag_neighbours_free(net);
    net = diag_neighbours_new();
    frame = 0;
}

static void arp(int64_t ms, bool reply, struct diag_address sender, struct diag_address target)
{
    frame++;

    struct diag_arp seen = {
        .frame = frame, .time_ns = ms * MS, .reply = reply, .sender = sender, .target = target};

    diag_neighbours_arp(net, &seen);
}

static void ask(int64_t ms, unsigned asker, unsigned target)
{
    arp(ms, false, host(asker), host(target));
}

static void reply(int64_t ms, unsigned from, unsigned to)
{
    arp(ms, true, host(from), host(to));
}

static void note(const struct diag_unresolved *found, void *context)
{
    (void)context;
    if (facts < sizeof fact / sizeof fact[0])
        fact[facts] = *found;
    facts++;
}

static size_t unresolved(void)
{
    facts = 0;
    diag_neighbours_unresolved(net, note, NULL);
    return facts;
}

static void three_questions_without_a_reply_are_unresolved(void)
{
    start();
    ask(0, 1, 9);
    ask(1000, 1, 9);
    ask(2000, 1, 9);
    CHECK(unresolved() == 1);
    CHECK(fact[0].asked == 3 && fact[0].first_frame == 1 && fact[0].last_frame == 3);
    CHECK(fact[0].last_ns - fact[0].first_ns == 2000 * MS);
    CHECK(fact[0].asker.bytes[3] == 1 && fact[0].target.bytes[3] == 9);
    CHECK(!fact[0].replies_visible);
    CHECK(unresolved() == 1); /* asking changes nothing */
}

static void two_questions_a_second_apart_are_enough(void)
{
    start();
    ask(0, 1, 9);
    CHECK(unresolved() == 0);
    ask(1000, 1, 9);
    CHECK(unresolved() == 1);
}

static void two_questions_at_once_are_not(void)
{
    start();
    ask(0, 1, 9);
    ask(500, 1, 9);
    CHECK(unresolved() == 0);
}

static void three_questions_at_once_are(void)
{
    start();
    ask(0, 1, 9);
    ask(300, 1, 9);
    ask(600, 1, 9);
    CHECK(unresolved() == 1);
}

static void a_late_reply_resolves(void)
{
    start();
    ask(0, 1, 9);
    ask(1000, 1, 9);
    ask(2000, 1, 9);
    reply(2001, 9, 1);
    CHECK(unresolved() == 0);
}

static void a_host_that_went_away_is_unresolved(void)
{
    start();
    ask(0, 1, 9);
    reply(1, 9, 1);
    ask(60000, 1, 9);
    ask(61000, 1, 9);
    ask(62000, 1, 9);
    CHECK(unresolved() == 1 && fact[0].first_frame == 3 && fact[0].replies_visible);
}

static void copies_of_a_question_count_once(void)
{
    start();
    for (int64_t i = 0; i < 4; i++)
        ask(i, 1, 9);
    CHECK(unresolved() == 0);
}

/* A capture that sees only broadcasts: addresses are renewed alone, minutes apart. */
static void renewals_are_no_series(void)
{
    start();
    for (int64_t minute = 0; minute < 10; minute++)
        ask(minute * 60000, 1, 9);
    CHECK(unresolved() == 0);
}

static void a_target_that_is_heard_is_there(void)
{
    start();
    ask(0, 1, 9);
    ask(1000, 1, 9);
    ask(2000, 1, 9);
    ask(2500, 9, 3); /* its reply went another way, but it asks itself */
    CHECK(unresolved() == 0);
}

static void having_been_heard_before_proves_nothing(void)
{
    start();
    ask(0, 9, 3);
    ask(1000, 1, 9);
    ask(2000, 1, 9);
    ask(3000, 1, 9);
    CHECK(unresolved() == 1);
}

static void nobody_answers_a_probe_for_a_free_address(void)
{
    struct diag_address nobody = {.length = 4};
    struct diag_address nobody6 = {.length = 16};
    struct diag_address tentative = {.length = 16, .bytes = {0xfe, 0x80, [15] = 1}};

    start();
    for (int64_t i = 0; i < 3; i++) {
        arp(i * 1000, false, nobody, host(1));
        arp(i * 1000, false, nobody6, tentative);
    }
    CHECK(unresolved() == 0);
}

static void nobody_answers_an_announcement(void)
{
    start();
    for (int64_t i = 0; i < 3; i++)
        ask(i * 1000, 1, 1);
    CHECK(unresolved() == 0);
}

static void the_longest_series_is_told(void)
{
    start();
    for (int64_t i = 0; i < 5; i++)
        ask(i * 1000, 1, 9);
    ask(100000, 1, 9);
    ask(101000, 1, 9);
    CHECK(unresolved() == 1 && fact[0].asked == 5 && fact[0].first_frame == 1);
}

static void facts_come_in_capture_order(void)
{
    start();
    ask(0, 1, 9);
    ask(100, 1, 8);
    ask(1100, 1, 8);
    ask(1200, 1, 9);
    CHECK(unresolved() == 2 && fact[0].first_frame == 1 && fact[1].first_frame == 2);
    CHECK(fact[0].targets == 2);
}

static void a_scan_is_bounded(void)
{
    start();
    for (uint32_t i = 0; i < 20000; i++) {
        struct diag_address target = {.length = 4, .bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};

        arp(i, false, host(1), target);
        arp(i + 1500, false, host(1), target);
    }
    CHECK(unresolved() == 4096);
    CHECK(fact[0].first_frame == 2 * (20000 - 4096) + 1); /* the oldest were forgotten */
}

int main(void)
{
    three_questions_without_a_reply_are_unresolved();
    two_questions_a_second_apart_are_enough();
    two_questions_at_once_are_not();
    three_questions_at_once_are();
    a_late_reply_resolves();
    a_host_that_went_away_is_unresolved();
    copies_of_a_question_count_once();
    renewals_are_no_series();
    a_target_that_is_heard_is_there();
    having_been_heard_before_proves_nothing();
    nobody_answers_a_probe_for_a_free_address();
    nobody_answers_an_announcement();
    the_longest_series_is_told();
    facts_come_in_capture_order();
    a_scan_is_bounded();
    diag_neighbours_free(net);
    return check_failures != 0;
}
