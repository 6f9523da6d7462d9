/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which names did not resolve, and which only seemed not to. */
#include "check.h"
#include "name_story.h"

enum {
    A = 1,
    AAAA = 28,
    SERVFAIL = 2,
    NXDOMAIN = 3,
    REFUSED = 5
};

/* ---- name_error */

static void a_name_that_does_not_exist_is_an_error(void)
{
    start();
    try_name(0, "Web01.example.com", NXDOMAIN);
    CHECK(judge() == 1);
    CHECK(!problem[0].unanswered && problem[0].cause == DIAG_CAUSE_nxdomain);
    CHECK(problem[0].rcode == 3 && strcmp(problem[0].qname, "web01.example.com") == 0);
    CHECK(problem[0].frame == 2 && problem[0].query_frame == 1 && problem[0].attempts == 1);
    CHECK(problem[0].duration_ns == 20 * MS);
    CHECK(problem[0].client.bytes[3] == 1 && problem[0].server.bytes[3] == 53);
    CHECK(judge() == 1); /* judging changes nothing */
}

static void the_answer_tells_the_cause(void)
{
    start();
    try_name(0, "a.example.com", SERVFAIL);
    try_name(0, "b.example.com", REFUSED);
    CHECK(judge() == 2);
    CHECK(problem[0].cause == DIAG_CAUSE_server_failure);
    CHECK(problem[1].cause == DIAG_CAUSE_refused);
}

static void a_name_that_resolves_at_last_is_none(void)
{
    start();
    try_name(0, "web01.example.com", SERVFAIL);
    try_name(60000, "web01.example.com", ADDRESS);
    CHECK(judge() == 0);
}

static void a_name_that_fails_at_last_is_one(void)
{
    start();
    try_name(0, "web01.example.com", ADDRESS);
    try_name(60000, "web01.example.com", NXDOMAIN);
    try_name(70000, "web01.example.com", NXDOMAIN);
    CHECK(judge() == 1);
    CHECK(problem[0].frame == 6 && problem[0].query_frame == 5 && problem[0].attempts == 2);
}

static void another_server_may_know_the_name(void)
{
    start();
    try_name(0, "web01.example.com", SERVFAIL);
    ask_type(21, 1, 54, "web01.example.com", A);
    answer_type(40, 1, 54, "web01.example.com", A, ADDRESS);
    CHECK(judge() == 0);
}

static void one_type_of_address_is_enough(void)
{
    start();
    ask_type(0, 1, 53, "web01.example.com", A);
    ask_type(0, 1, 53, "web01.example.com", AAAA);
    answer_type(20, 1, 53, "web01.example.com", A, ADDRESS);
    answer_type(21, 1, 53, "web01.example.com", AAAA, NXDOMAIN);
    CHECK(judge() == 0);
    /* The A record may be cached while AAAA is asked again. */
    ask_type(50000, 1, 53, "web01.example.com", AAAA);
    answer_type(50020, 1, 53, "web01.example.com", AAAA, SERVFAIL);
    CHECK(judge() == 0);
}

static void both_types_are_one_error(void)
{
    start();
    ask_type(0, 1, 53, "web01.example.com", A);
    ask_type(0, 1, 53, "web01.example.com", AAAA);
    answer_type(20, 1, 53, "web01.example.com", A, NXDOMAIN);
    answer_type(21, 1, 53, "web01.example.com", AAAA, NXDOMAIN);
    CHECK(judge() == 1 && problem[0].attempts == 1);
}

static void a_name_without_addresses_exists(void)
{
    start();
    try_name(0, "example.com", NODATA);
    CHECK(judge() == 0);
}

static void the_other_type_may_succeed_much_later(void)
{
    start();
    try_name(0, "web01.example.com", SERVFAIL);
    ask_type(60000, 1, 53, "web01.example.com", AAAA);
    answer_type(60020, 1, 53, "web01.example.com", AAAA, ADDRESS);
    CHECK(judge() == 0);
}

static void an_empty_answer_does_not_excuse_an_error(void)
{
    start();
    ask_type(0, 1, 53, "web01.example.com", A);
    ask_type(0, 1, 53, "web01.example.com", AAAA);
    answer_type(20, 1, 53, "web01.example.com", AAAA, NODATA);
    answer_type(21, 1, 53, "web01.example.com", A, SERVFAIL);
    CHECK(judge() == 1);
}

static void a_truncated_answer_is_asked_again_elsewhere(void)
{
    start();
    try_name(0, "web01.example.com", SERVFAIL);
    try_name(100, "web01.example.com", TRUNCATED);
    CHECK(judge() == 0);
}

/* ---- search lists */

static void suffixes_that_fail_before_one_succeeds_are_normal(void)
{
    start();
    try_name(0, "api.prod.svc.cluster.test", NXDOMAIN);
    try_name(30, "api.cluster.test", NXDOMAIN);
    try_name(60, "api", ADDRESS);
    CHECK(judge() == 0);
}

static void the_name_may_fail_before_its_suffixed_form_succeeds(void)
{
    start();
    try_name(0, "web01", NXDOMAIN);
    try_name(4000, "web01.example.com", ADDRESS);
    CHECK(judge() == 0);
}

static void a_form_that_succeeds_much_later_is_another_story(void)
{
    start();
    try_name(0, "web01", NXDOMAIN);
    try_name(6000, "web01.example.com", ADDRESS);
    CHECK(judge() == 1 && strcmp(problem[0].qname, "web01") == 0);
}

static void a_form_that_succeeded_just_before_counts(void)
{
    start();
    try_name(0, "web01", ADDRESS);
    try_name(1000, "web01.example.com", NXDOMAIN);
    CHECK(judge() == 0);
}

static void independent_suffixes_are_known_by_their_order(void)
{
    start();
    try_name(0, "web01.corp.test", NXDOMAIN);
    try_name(25, "web01.lab.example", ADDRESS); /* 5 ms after the answer */
    CHECK(judge() == 0);
}

static void another_name_that_begins_alike_proves_nothing(void)
{
    start();
    try_name(0, "www.misspelt.test", NXDOMAIN);
    try_name(2000, "www.example.com", ADDRESS);
    CHECK(judge() == 1);
}

static void all_forms_of_a_name_are_one_error(void)
{
    start();
    try_name(0, "web01.corp.test", NXDOMAIN);
    try_name(21, "web01.lab.example", NXDOMAIN);
    try_name(42, "web01", NXDOMAIN);
    CHECK(judge() == 1);
    CHECK(strcmp(problem[0].qname, "web01") == 0 && problem[0].frame == 6);
}

static void different_names_are_different_errors(void)
{
    start();
    try_name(0, "web01.example.com", NXDOMAIN);
    try_name(21, "web02.example.com", NXDOMAIN);
    CHECK(judge() == 2);
}

static void the_capture_may_end_in_the_middle_of_the_list(void)
{
    start();
    try_name(0, "web01.corp.test", NXDOMAIN);
    ask(21, "web01.lab.example");
    CHECK(judge_at(1000) == 0);
    CHECK(judge_at(20000) == 1);
}

/* ---- who asked */

static void each_client_has_its_own_error(void)
{
    start();
    try_name(0, "web01.example.com", NXDOMAIN);
    ask_type(10000, 2, 53, "web01.example.com", A);
    answer_type(10020, 2, 53, "web01.example.com", A, NXDOMAIN);
    CHECK(judge() == 2);
}

static void what_a_forwarder_asks_is_not_told_again(void)
{
    start();
    ask(0, "web01.example.com");
    ask_type(1, 53, 60, "web01.example.com", A);
    answer_type(20, 53, 60, "web01.example.com", A, NXDOMAIN);
    answer(21, "web01.example.com", NXDOMAIN);
    CHECK(judge() == 1 && problem[0].client.bytes[3] == 1);
}

static void what_name_servers_ask_each_other_holds_nobody_up(void)
{
    start();
    iterative = true;
    try_name(0, "web01.example.com", REFUSED);
    CHECK(judge() == 0);
}

static void an_answer_without_its_query_still_tells(void)
{
    start();
    answer(20, "web01.example.com", NXDOMAIN);
    CHECK(judge() == 1 && problem[0].query_frame == 0 && problem[0].attempts == 1);
}

/* A host with a VPN asks two servers in the name of two addresses. */
static void the_same_host_may_have_another_address(void)
{
    start();
    try_name(0, "web01.example.com", NXDOMAIN);
    ask_type(10, 2, 60, "web01.example.com", A);
    answer_type(30, 2, 60, "web01.example.com", A, ADDRESS);
    CHECK(judge() == 0);

    start(); /* another form over IPv6 */
    try_name(0, "web01.example.com", NXDOMAIN);
    from_ipv6 = true;
    ask_type(30, 2, 60, "web01", A);
    answer_type(50, 2, 60, "web01", A, ADDRESS);
    CHECK(judge() == 0);

    start(); /* but another host's other name says nothing */
    try_name(0, "web01.example.com", NXDOMAIN);
    ask_type(30, 2, 60, "web01", A);
    answer_type(50, 2, 60, "web01", A, ADDRESS);
    CHECK(judge() == 1);
}

static void an_error_without_a_name_is_not_told(void)
{
    struct dns_message m;

    start();
    put_header(&m, 7, 0x8183, 0, 0);
    send_message(0, server_end(53), client_end(1), &m);
    CHECK(judge() == 0);
}

static void what_cannot_be_read_is_not_told(void)
{
    struct dns_message m;

    start();
    put_header(&m, 7, 0x8183, 1, 0);
    put_name(&m, "web01.example.com");
    put16(&m, A); /* and here the capture cut it */
    send_message(0, server_end(53), client_end(1), &m);
    CHECK(judge() == 0);
    put_header(&m, 7, 0xa883, 1, 0); /* an update that was refused */
    put_question(&m, "web01.example.com", A);
    send_message(0, server_end(53), client_end(1), &m);
    CHECK(judge() == 0);
}

static void copies_change_nothing(void)
{
    start();
    ask(0, "web01.example.com");
    ask(0, "web01.example.com");
    answer(20, "web01.example.com", NXDOMAIN);
    answer(20, "web01.example.com", NXDOMAIN);
    CHECK(judge() == 1);
    CHECK(problem[0].frame == 3 && problem[0].query_frame == 1 && problem[0].attempts == 1);
}

static void another_service_may_know_the_name(void)
{
    start();
    try_name(0, "fileserver-of-accounting.example.com", NXDOMAIN);
    service = DIAG_LLMNR;
    try_name(100, "fileserver-of-accounting", ADDRESS);
    CHECK(judge() == 0);

    start();
    try_name(0, "fileserver-of-accounting.example.com", NXDOMAIN);
    service = DIAG_NBNS;
    ask_type(100, 1, 255, "FILESERVER-OF-A", 32);
    answer_type(110, 1, 7, "FILESERVER-OF-A", 32, ADDRESS); /* the owner answers the broadcast */
    CHECK(judge() == 0);
}

int main(void)
{
    a_name_that_does_not_exist_is_an_error();
    the_answer_tells_the_cause();
    a_name_that_resolves_at_last_is_none();
    a_name_that_fails_at_last_is_one();
    another_server_may_know_the_name();
    one_type_of_address_is_enough();
    both_types_are_one_error();
    a_name_without_addresses_exists();
    the_other_type_may_succeed_much_later();
    an_empty_answer_does_not_excuse_an_error();
    a_truncated_answer_is_asked_again_elsewhere();
    suffixes_that_fail_before_one_succeeds_are_normal();
    the_name_may_fail_before_its_suffixed_form_succeeds();
    a_form_that_succeeds_much_later_is_another_story();
    a_form_that_succeeded_just_before_counts();
    independent_suffixes_are_known_by_their_order();
    another_name_that_begins_alike_proves_nothing();
    all_forms_of_a_name_are_one_error();
    different_names_are_different_errors();
    the_capture_may_end_in_the_middle_of_the_list();
    each_client_has_its_own_error();
    what_a_forwarder_asks_is_not_told_again();
    what_name_servers_ask_each_other_holds_nobody_up();
    an_answer_without_its_query_still_tells();
    the_same_host_may_have_another_address();
    an_error_without_a_name_is_not_told();
    what_cannot_be_read_is_not_told();
    copies_change_nothing();
    another_service_may_know_the_name();
    diag_names_free(names);
    return check_failures != 0;
}
