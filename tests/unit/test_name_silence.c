/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries that nobody answered, where addresses came from, and how much is remembered. */
#include "check.h"
#include "name_story.h"

enum {
    A = 1,
    PTR = 12,
    AAAA = 28,
    NXDOMAIN = 3
};

/* ---- name_no_answer */

static void a_query_repeated_in_vain_is_unanswered(void)
{
    start();
    ask(0, "web01.example.com");
    ask(5000, "web01.example.com");
    ask(10000, "web01.example.com");
    CHECK(judge() == 1 && problem[0].unanswered && problem[0].cause == DIAG_CAUSE_none);
    CHECK(problem[0].attempts == 3 && problem[0].query_frame == 1 && problem[0].frame == 3);
    CHECK(problem[0].duration_ns == 10000 * MS);
}

/* One query without an answer may as well be an answer that was not captured. */
static void a_single_query_is_not_enough(void)
{
    start();
    ask(0, "web01.example.com");
    CHECK(judge() == 0);
}

static void two_queries_are_enough_after_two_seconds(void)
{
    start();
    ask(0, "web01.example.com");
    ask(1000, "web01.example.com");
    CHECK(judge_at(1900) == 0);
    CHECK(judge_at(2000) == 1);
}

static void an_old_question_and_a_new_one_are_no_series(void)
{
    start();
    ask(0, "web01.example.com");
    ask(60000, "web01.example.com");
    CHECK(judge() == 0);
}

static void a_silent_server_is_one_problem(void)
{
    start();
    for (int64_t i = 0; i < 3; i++) {
        ask(i * 1000, "web01.example.com");
        ask(i * 1000 + 1, "web02");
        ask_type(i * 1000 + 2, 1, 53, "web01.example.com", AAAA);
    }
    CHECK(judge() == 1 && strcmp(problem[0].qname, "web01.example.com") == 0);
}

static void an_answer_from_elsewhere_is_an_answer(void)
{
    start();
    ask(0, "web01.example.com");
    ask(5000, "web01.example.com");
    ask_type(10000, 1, 54, "web01.example.com", A);
    answer_type(10020, 1, 54, "web01.example.com", A, NXDOMAIN);
    CHECK(judge() == 1 && !problem[0].unanswered); /* it is an error instead */

    start();
    ask(0, "web01");
    ask(1000, "web01");
    ask(2000, "web01");
    service = DIAG_LLMNR;
    try_name(2100, "web01", ADDRESS);
    CHECK(judge() == 0);
}

static void the_other_type_of_address_is_enough(void)
{
    start();
    ask_type(0, 1, 53, "web01.example.com", AAAA);
    answer_type(20, 1, 53, "web01.example.com", AAAA, ADDRESS);
    for (int64_t i = 0; i < 3; i++)
        ask(21 + i * 2000, "web01.example.com");
    CHECK(judge() == 0);
}

static void an_answer_without_a_question_is_an_answer(void)
{
    struct dns_message m;

    start();
    for (int64_t i = 0; i < 3; i++) {
        ask(i * 1000, "web01.example.com");
        put_header(&m, id_of("web01.example.com", A), 0x8181, 0, 0);
        send_message(i * 1000 + 20, server_end(53), client_end(1), &m);
    }
    CHECK(judge() == 0);
}

static void an_answer_with_a_wrong_id_server_or_name_is_none(void)
{
    struct dns_message m;

    start();
    ask(0, "web01.example.com");
    ask(1000, "web01.example.com");
    ask(2000, "web01.example.com");
    put_header(&m, id_of("web01.example.com", A) + 1, 0x8183, 1, 0);
    put_question(&m, "web01.example.com", A);
    send_message(2020, server_end(53), client_end(1), &m);
    answer_type(2030, 1, 77, "web01.example.com", A, NXDOMAIN);
    put_header(&m, id_of("web01.example.com", A), 0x8183, 1, 0);
    put_question(&m, "web02.example.com", A);
    send_message(2040, server_end(53), client_end(1), &m);
    CHECK(judge() == 2 && problem[0].unanswered); /* the other is an answer of its own */
    CHECK(strcmp(problem[1].qname, "web02.example.com") == 0);
}

static void silence_of_a_group_means_no(void)
{
    start();
    for (int64_t i = 0; i < 3; i++) {
        service = DIAG_LLMNR;
        ask(i * 1000, "web01");
        service = DIAG_MDNS;
        ask(i * 1000, "web01.example.com");
    }
    CHECK(judge() == 0);
}

/* ---- memory and strange input */

static void the_newest_errors_are_kept(void)
{
    char name[] = "host-00000.example.com";

    start();
    for (int64_t i = 0; i < 6000; i++) {
        for (int64_t digit = 9, rest = i; digit >= 5; digit--, rest /= 10)
            name[digit] = (char)('0' + rest % 10);
        try_name(i * 100, name, NXDOMAIN);
    }
    CHECK(judge_at(1000000) == 1024);
    CHECK(strcmp(problem[0].qname, "host-04976.example.com") == 0);
}

static void many_lookups_do_not_push_out_an_error(void)
{
    char name[] = "host-00000.example.com";

    start();
    try_name(0, "missing.example.com", NXDOMAIN);
    for (int64_t i = 0; i < 6000; i++) {
        for (int64_t digit = 9, rest = i; digit >= 5; digit--, rest /= 10)
            name[digit] = (char)('0' + rest % 10);
        try_name(i * 100, name, ADDRESS);
    }
    CHECK(judge_at(1000000) == 1);
}

static void time_may_do_what_it_wants(void)
{
    static const int64_t times[] = {
        0, INT64_MAX / MS - 100, INT64_MIN / MS, -1, 5, -7, INT64_MIN / MS, 7};
    struct diag_address client = host(1);
    struct diag_address server = host(7);
    struct diag_name_delay delay;

    start();
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        try_name(times[i], "web01.example.com", i % 2 ? NXDOMAIN : ADDRESS);
        ask_type(times[i], 1, 53, "7.2.0.192.in-addr.arpa", PTR);
        diag_names_connecting(names, &client, &server, times[i] * MS, &delay);
        diag_names_server_spoke(names, &server, &client, times[i] * MS, -times[i] * MS, &delay);
        CHECK(judge_at(times[i]) <= 1);
    }
}

/* ---- origins */

static void an_address_comes_from_a_name(void)
{
    struct diag_address client = host(1);
    struct diag_address address = {.length = 4, .bytes = {198, 51, 100, 7}};
    struct diag_name_origin origin;

    start();
    try_name(100, "web01.example.com", ADDRESS);
    CHECK(diag_names_origin(names, &client, &address, &origin));
    CHECK(strcmp(origin.qname, "web01.example.com") == 0);
    CHECK(origin.query_frame == 1 && origin.answer_frame == 2);
    CHECK(origin.query_ns == 100 * MS && origin.answer_ns == 120 * MS);
    CHECK(!diag_names_origin(names, &address, &address, &origin));
    answer(121, "web01.example.com", ADDRESS); /* a copy */
    CHECK(diag_names_origin(names, &client, &address, &origin) && origin.answer_frame == 2);
}

static void addresses_of_one_name_are_alternatives(void)
{
    struct diag_address client = host(1);
    struct diag_address address = {.length = 4, .bytes = {198, 51, 100, 7}};
    struct diag_address address6 = {.length = 16, .bytes = {198, 51, 100, 7}};
    struct diag_name_origin origin;

    start();
    try_name(100, "web01.example.com", ADDRESS);
    CHECK(!diag_names_alternatives(names, &client, &address, &address6, &origin));
    ask_type(100, 1, 53, "web01.example.com", AAAA);
    answer_type(130, 1, 53, "web01.example.com", AAAA, ADDRESS);
    CHECK(diag_names_alternatives(names, &client, &address, &address6, &origin));
    CHECK(origin.answer_frame == 4);
    CHECK(!diag_names_alternatives(names, &client, &address, &address, &origin));

    try_name(200, "web02.example.com", ADDRESS); /* the same address under another name */
    CHECK(!diag_names_alternatives(names, &client, &address, &address6, &origin));
}

int main(void)
{
    a_query_repeated_in_vain_is_unanswered();
    a_single_query_is_not_enough();
    two_queries_are_enough_after_two_seconds();
    an_old_question_and_a_new_one_are_no_series();
    a_silent_server_is_one_problem();
    an_answer_from_elsewhere_is_an_answer();
    the_other_type_of_address_is_enough();
    an_answer_without_a_question_is_an_answer();
    an_answer_with_a_wrong_id_server_or_name_is_none();
    silence_of_a_group_means_no();
    the_newest_errors_are_kept();
    many_lookups_do_not_push_out_an_error();
    time_may_do_what_it_wants();
    an_address_comes_from_a_name();
    addresses_of_one_name_are_alternatives();
    diag_names_free(names);
    return check_failures != 0;
}
