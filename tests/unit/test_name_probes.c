/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that software asks for on its own account: that they fail harms nobody. */
#include "check.h"
#include "name_story.h"

enum {
    A = 1,
    PTR = 12,
    TXT = 16,
    SERVFAIL = 2,
    NXDOMAIN = 3
};

static void discovery_may_fail(void)
{
    static const char *const innocent[] = {
        "wpad",
        "wpad.corp.example.com",
        "isatap.example.com",
        "_ldap._tcp.dc._msdcs.example.com",
        "printer.local",
        "2.0.0.127.zen.blocklist.test",
        "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.blocklist.test",
        "b.resolver.arpa",
        "use-application-dns.net",
        ".",
    };

    start();
    for (size_t i = 0; i < sizeof innocent / sizeof innocent[0]; i++)
        try_name((int64_t)i * 1000, innocent[i], NXDOMAIN);
    CHECK(judge() == 0);
}

static void names_that_look_alike_are_errors(void)
{
    start();
    try_name(0, "wpads.example.com", NXDOMAIN);
    try_name(1000, "notlocal", NXDOMAIN);
    try_name(2000, "2.0.0.example.com", NXDOMAIN);
    CHECK(judge() == 3);
}

static void other_types_are_no_errors(void)
{
    start();
    ask_type(0, 1, 53, "example.com", TXT);
    answer_type(20, 1, 53, "example.com", TXT, NXDOMAIN);
    ask_type(100, 1, 53, "7.2.0.192.in-addr.arpa", PTR);
    answer_type(120, 1, 53, "7.2.0.192.in-addr.arpa", PTR, NXDOMAIN);
    CHECK(judge() == 0);
}

static void negative_answers_of_a_group_are_no_errors(void)
{
    start();
    service = DIAG_LLMNR;
    try_name(0, "web01", NXDOMAIN);
    service = DIAG_NBNS;
    ask_type(100, 1, 255, "WEB01", 32);
    answer_type(120, 1, 7, "WEB01", 32, NXDOMAIN);
    CHECK(judge() == 0);
}

static void made_up_names_of_a_browser_are_no_errors(void)
{
    start();
    try_name(0, "qkzwvhxbtr", NXDOMAIN);
    try_name(1, "oaeiupmqas.lan", NXDOMAIN);
    try_name(2, "yhtrgplvea.lan", NXDOMAIN);
    try_name(3, "bexohaquri.lan", NXDOMAIN);
    CHECK(judge() == 0);
}

static void three_real_names_that_fail_together_are_errors(void)
{
    start();
    try_name(0, "fileserver.lan", NXDOMAIN);
    try_name(1, "mailserver.lan", NXDOMAIN);
    try_name(2, "database.lan", NXDOMAIN);
    CHECK(judge() == 3);
    start();
    try_name(0, "fileserver", NXDOMAIN);
    CHECK(judge() == 1);
}

/* One label that is hard to pronounce is no proof: what is, is that there are three at once. */
static void a_real_name_that_is_hard_to_say_is_an_error(void)
{
    start();
    try_name(0, "nightschool.lan", NXDOMAIN); /* -ghtsch- */
    CHECK(judge() == 1);
    try_name(1, "mailserver.lan", NXDOMAIN);
    CHECK(judge() == 2);
    try_name(5000, "fileserver.lan", NXDOMAIN); /* much later */
    ask_type(2, 2, 53, "webserver.lan", A);     /* another client */
    answer_type(3, 2, 53, "webserver.lan", A, NXDOMAIN);
    try_name(4, "printserver.home", NXDOMAIN); /* another suffix */
    try_name(5, "srv.lan", NXDOMAIN);          /* too short */
    try_name(6, "timeserver.lan", SERVFAIL);   /* broken, not absent */
    CHECK(judge() == 7);
}

static void a_broken_server_makes_no_name_up(void)
{
    start();
    try_name(0, "qkzwvhxbtr", SERVFAIL);
    CHECK(judge() == 1);
}

int main(void)
{
    discovery_may_fail();
    names_that_look_alike_are_errors();
    other_types_are_no_errors();
    negative_answers_of_a_group_are_no_errors();
    made_up_names_of_a_browser_are_no_errors();
    three_real_names_that_fail_together_are_errors();
    a_real_name_that_is_hard_to_say_is_an_error();
    a_broken_server_makes_no_name_up();
    diag_names_free(names);
    return check_failures != 0;
}
