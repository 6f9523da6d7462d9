/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that waited for a reverse lookup, and those that only happened beside one. */
#include "check.h"
#include "name_story.h"

enum {
    PTR = 12,
    NBSTAT = 33,
    NXDOMAIN = 3
};

/* Host 1 connects to host 7, whose address has this name. Host 7 looks up host 1. */
static const char *const name_of_7 = "7.2.0.192.in-addr.arpa";
static const char *const name_of_1 = "1.2.0.192.in-addr.arpa";
static const char *const name_of_1_6 =
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
static struct diag_name_delay delay;

static void look_up(int64_t ms)
{
    ask_type(ms, 1, 53, name_of_7, PTR);
}

static void look_up_answer(int64_t ms)
{
    answer_type(ms, 1, 53, name_of_7, PTR, NXDOMAIN);
}

static bool connect_at(int64_t ms)
{
    struct diag_address client = host(1);
    struct diag_address server = host(7);

    return diag_names_connecting(names, &client, &server, ms * MS, &delay);
}

static bool spoke_at(int64_t since_ms, int64_t ms)
{
    struct diag_address client = host(1);
    struct diag_address server = host(7);

    return diag_names_server_spoke(names, &client, &server, since_ms * MS, ms * MS, &delay);
}

/* ---- the client looks up the server, then connects */

static void a_late_answer_held_the_connection_back(void)
{
    start();
    look_up(0);
    look_up(1000);
    look_up_answer(2500);
    CHECK(connect_at(2510));
    CHECK(delay.delay_ns == 2500 * MS && delay.queries == 2);
    CHECK(delay.first_query == 1 && delay.last_query == 2 && delay.answer == 3);
    CHECK(strcmp(delay.qname, name_of_7) == 0);
}

static void an_answer_in_time_did_not(void)
{
    start();
    look_up(0);
    look_up_answer(900);
    CHECK(!connect_at(910));
}

static void a_connection_long_after_the_answer_did_not_wait(void)
{
    start();
    look_up(0);
    look_up_answer(2500);
    CHECK(!connect_at(2800));
}

static void resolvers_give_up_after_the_last_query(void)
{
    start(); /* glibc: 5 s each */
    look_up(0);
    look_up(5000);
    CHECK(connect_at(10003));
    CHECK(delay.delay_ns == 10003 * MS && delay.queries == 2 && delay.answer == 0);

    start(); /* doubling */
    look_up(0);
    look_up(1000);
    look_up(3000);
    CHECK(connect_at(7010));

    start(); /* Windows: the last wait is shorter */
    for (int64_t i = 1; i <= 8; i *= 2)
        look_up(i * 1000);
    CHECK(connect_at(10010));
}

static void a_retry_that_is_not_over_holds_nobody_back(void)
{
    start();
    look_up(0);
    look_up(5000);
    CHECK(!connect_at(5100));  /* just after the retry left: it did not wait for it */
    CHECK(!connect_at(10003)); /* and so the end means nothing either */
}

static void two_connections_may_wait_for_one_lookup(void)
{
    start();
    look_up(0);
    look_up(5000);
    CHECK(connect_at(10003));
    CHECK(connect_at(10050));
}

static void a_lookup_because_of_a_connection_is_not_its_cause(void)
{
    start();
    CHECK(!connect_at(0));
    look_up(10);
    look_up(5010);
    CHECK(!connect_at(10012)); /* the next connection, by chance */
}

static void other_connections_are_not_the_reason(void)
{
    struct diag_address client = host(1);
    struct diag_address other = host(8);
    struct diag_address server = host(7);

    start();
    CHECK(!connect_at(-1500)); /* more than a second before the lookup */
    diag_names_connecting(names, &client, &other, 0, &delay);
    diag_names_connecting(names, &other, &server, 0, &delay);
    look_up(10);
    look_up(5010);
    CHECK(connect_at(10012));
}

static void a_lookup_answered_before_is_history(void)
{
    start();
    look_up(0);
    look_up(1000);
    look_up_answer(1500);
    look_up(3000); /* a new one */
    look_up_answer(3020);
    CHECK(!connect_at(3030));
}

static void a_long_silence_begins_a_new_lookup(void)
{
    start();
    look_up(0);
    look_up(60000);
    look_up(61000);
    CHECK(connect_at(62005) && delay.queries == 2 && delay.delay_ns == 2005 * MS);
}

static void a_second_answer_does_not_prolong_the_wait(void)
{
    start();
    look_up(0);
    ask_type(1000, 1, 54, name_of_7, PTR);
    look_up_answer(1500);
    answer_type(2500, 1, 54, name_of_7, PTR, NXDOMAIN);
    CHECK(!connect_at(2510));
    CHECK(connect_at(1510));
}

static void the_end_of_a_wait_is_not_anywhere(void)
{
    static const int64_t never[] = {5300, 6700, 8700, 9700, 10300, 14700, 15300, 40000};

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        start();
        look_up(0);
        look_up(5000);
        CHECK(!connect_at(never[i]));
    }
}

static void one_query_needs_an_exact_end(void)
{
    start();
    look_up(0);
    CHECK(!connect_at(4500));
    start();
    look_up(0);
    CHECK(connect_at(5004) && delay.queries == 1);
}

static void a_short_series_is_no_delay(void)
{
    start();
    look_up(0);
    look_up(400);
    CHECK(!connect_at(805));
}

static void other_hosts_and_addresses_do_not_count(void)
{
    start();
    ask_type(0, 2, 53, name_of_7, PTR);
    ask_type(5000, 2, 53, name_of_7, PTR);
    ask_type(0, 1, 53, "8.2.0.192.in-addr.arpa", PTR);
    ask_type(5000, 1, 53, "8.2.0.192.in-addr.arpa", PTR);
    CHECK(!connect_at(10003));
}

static void the_same_question_to_several_servers_is_one_step(void)
{
    start();
    look_up(0);
    for (unsigned server = 53; server < 56; server++)
        ask_type(2000, 1, server, name_of_7, PTR);
    CHECK(connect_at(4010) && delay.queries == 4);
}

/* DNS says no at once, then Windows tries LLMNR and asks the host itself by NetBIOS. */
static void windows_goes_on_with_other_services(void)
{
    start();
    look_up(0);
    look_up_answer(20);
    service = DIAG_LLMNR;
    look_up(30);
    look_up(430);
    service = DIAG_NBNS;
    for (int64_t i = 0; i < 3; i++)
        ask_type(850 + i * 1500, 1, 7, "*", NBSTAT);
    CHECK(connect_at(5360));
    CHECK(delay.queries == 6 && delay.first_query == 1 && strcmp(delay.qname, name_of_7) == 0);
    CHECK(delay.delay_ns == 5360 * MS);
}

static void a_node_status_query_is_told_by_address(void)
{
    start();
    service = DIAG_NBNS;
    for (int64_t i = 0; i < 3; i++)
        ask_type(i * 1500, 1, 7, "*", NBSTAT);
    CHECK(connect_at(4510) && strcmp(delay.qname, "192.0.2.7") == 0);
}

static void a_node_status_answer_ends_the_wait(void)
{
    start();
    service = DIAG_NBNS;
    ask_type(0, 1, 7, "*", NBSTAT);
    ask_type(1500, 1, 7, "*", NBSTAT);
    answer_type(1520, 1, 7, "*", NBSTAT, 0);
    CHECK(connect_at(1530) && delay.answer == 3);
}

/* ---- the server looks up the client before it speaks */

static void server_asks(int64_t ms)
{
    ask_type(ms, 7, 53, name_of_1, PTR);
}

static void a_banner_waited_for_the_lookup(void)
{
    start();
    server_asks(5);
    server_asks(5005);
    CHECK(spoke_at(0, 10010));
    CHECK(delay.queries == 2 && delay.delay_ns == 10005 * MS);
    CHECK(strcmp(delay.qname, name_of_1) == 0);
}

static void a_late_answer_held_the_banner_back(void)
{
    start();
    server_asks(5);
    answer_type(3000, 7, 53, name_of_1, PTR, NXDOMAIN);
    CHECK(spoke_at(0, 3010) && delay.answer == 2);
}

static void a_server_that_was_slow_for_other_reasons(void)
{
    start();
    server_asks(5);
    answer_type(3000, 7, 53, name_of_1, PTR, NXDOMAIN);
    CHECK(!spoke_at(0, 3500));     /* half a second after the answer */
    CHECK(!spoke_at(-2000, 3010)); /* the lookup covers 3 s of 5 */
    CHECK(!spoke_at(2500, 3010));  /* nobody noticed half a second */
}

static void a_lookup_that_goes_on_held_nothing_back(void)
{
    start();
    server_asks(5);
    server_asks(5005);
    CHECK(!spoke_at(0, 6000));
}

static void the_resolver_may_have_another_address(void)
{
    struct diag_endpoint stub = {.address = {.length = 4, .bytes = {127, 0, 0, 1}}, .port = 40000};
    struct dns_message m;

    start();
    put_header(&m, 9, 0x0100, 1, 0);
    put_question(&m, name_of_1, PTR);
    send_message(5, stub, server_end(53), &m);
    send_message(5005, stub, server_end(53), &m);
    CHECK(spoke_at(0, 10010));

    start(); /* its own address of the loopback interface, in the family of the connection */
    struct diag_address client6 = {.length = 16, .bytes = {0x20, 1, 0x0d, 0xb8, [15] = 1}};
    struct diag_address server6 = {.length = 16, .bytes = {0x20, 1, 0x0d, 0xb8, [15] = 7}};
    put_header(&m, 9, 0x0100, 1, 0);
    put_question(&m, name_of_1_6, PTR);
    stub.address = (struct diag_address){.length = 16, .bytes = {[15] = 1}};
    send_message(5, stub, server_end(53), &m);
    send_message(5005, stub, server_end(53), &m);
    CHECK(diag_names_server_spoke(names, &client6, &server6, 0, 10010 * MS, &delay));

    start(); /* but not any address */
    stub.address.bytes[14] = 1;
    send_message(5, stub, server_end(53), &m);
    send_message(5005, stub, server_end(53), &m);
    CHECK(!diag_names_server_spoke(names, &client6, &server6, 0, 10010 * MS, &delay));

    start(); /* asked over IPv6 */
    put_header(&m, 9, 0x0100, 1, 0);
    put_question(&m, name_of_1, PTR);
    stub.address = (struct diag_address){.length = 16, .bytes = {0x20, 1, 0x0d, 0xb8, [15] = 7}};
    send_message(5, stub, server_end(53), &m);
    send_message(5005, stub, server_end(53), &m);
    CHECK(spoke_at(0, 10010));
}

static void multicast_answers_reach_everybody(void)
{
    start();
    service = DIAG_MDNS;
    server_asks(0);
    server_asks(1000);
    answer_type(2500, 251, 1, name_of_1, PTR, 0); /* to the group */
    CHECK(spoke_at(0, 2510) && delay.answer == 3);
}

static void old_lookups_are_forgotten(void)
{
    struct dns_message m;

    start();
    server_asks(5);
    server_asks(5005);
    for (unsigned i = 0; i < 1024; i++) {
        char name[] = "00.00.51.198.in-addr.arpa";

        name[0] = (char)('0' + i / 10 % 10);
        name[1] = (char)('0' + i % 10);
        name[3] = (char)('0' + i / 1000);
        name[4] = (char)('0' + i / 100 % 10);
        put_header(&m, i, 0x0100, 1, 0);
        put_question(&m, name, PTR);
        send_message(5006, client_end(3), server_end(53), &m);
    }
    CHECK(!spoke_at(0, 10010));
}

int main(void)
{
    a_late_answer_held_the_connection_back();
    an_answer_in_time_did_not();
    a_connection_long_after_the_answer_did_not_wait();
    resolvers_give_up_after_the_last_query();
    a_retry_that_is_not_over_holds_nobody_back();
    two_connections_may_wait_for_one_lookup();
    a_lookup_because_of_a_connection_is_not_its_cause();
    other_connections_are_not_the_reason();
    a_lookup_answered_before_is_history();
    a_long_silence_begins_a_new_lookup();
    a_second_answer_does_not_prolong_the_wait();
    the_end_of_a_wait_is_not_anywhere();
    one_query_needs_an_exact_end();
    a_short_series_is_no_delay();
    other_hosts_and_addresses_do_not_count();
    the_same_question_to_several_servers_is_one_step();
    windows_goes_on_with_other_services();
    a_node_status_query_is_told_by_address();
    a_node_status_answer_ends_the_wait();
    a_banner_waited_for_the_lookup();
    a_late_answer_held_the_banner_back();
    a_server_that_was_slow_for_other_reasons();
    a_lookup_that_goes_on_held_nothing_back();
    the_resolver_may_have_another_address();
    multicast_answers_reach_everybody();
    old_lookups_are_forgotten();
    diag_names_free(names);
    return check_failures != 0;
}
