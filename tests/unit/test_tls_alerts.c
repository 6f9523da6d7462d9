/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts and ends of sessions: what is known of them without keys, and nobody is awaited then. */
#include "check.h"
#include "tls_story.h"

static void hello_of_both(struct story *s, bool tls13)
{
    const struct hello hello = {.tls13 = tls13, .cipher = tls13 ? 0x1301 : 0};

    SEND(s, DIAG_CLIENT, put_client_hello(flight, hello));
    SEND(s, DIAG_SERVER, put_server_hello(flight, hello));
}

static void finish_tls12(struct story *s)
{
    hello_of_both(s, false);
    SEND(s, DIAG_CLIENT, put_message(flight, 16, 66); put_ccs(flight); put_record(flight, 22, 40));
    SEND(s, DIAG_SERVER, put_ccs(flight); put_record(flight, 22, 40));
}

static void a_fatal_alert_in_clear_is_read_and_ends_the_wait(void)
{
    struct story s = open_story();
    const struct diag_tls_alert *alert = facts_of(&s)->alerts;

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_alert(flight, 2, 40));
    CHECK(facts_of(&s)->alert_count == 1 && strcmp(facts_of(&s)->history, "Cl") == 0);
    CHECK(alert->side == DIAG_SERVER && !alert->encrypted && alert->frame == 4);
    CHECK(alert->level == 2 && alert->description == 40 && alert->time_ns == 4000000);
    CHECK(alert->end == SERVER_ISN + 1 + 7);
    CHECK(facts_of(&s)->close_notify[DIAG_SERVER].frame == 0);
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

static void a_warning_does_not_end_the_wait(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_alert(flight, 1, 112)); /* unrecognized_name */
    AWAITS(&s, "server_hello", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    AWAITS(&s, "server_certificate", DIAG_SERVER);
    close_story(&s);
}

static void close_notify_in_clear_is_noted_for_its_side(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_CLIENT, put_alert(flight, 1, 0));
    CHECK(facts_of(&s)->close_notify[DIAG_CLIENT].frame == 4);
    CHECK(facts_of(&s)->close_notify[DIAG_SERVER].frame == 0);
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

/* OpenSSL rejects a certificate of TLS 1.3 in clear text, behind its compatibility CCS. */
static void a_tls13_alert_of_two_bytes_is_in_clear_even_after_a_ccs(void)
{
    struct story s = open_story();

    hello_of_both(&s, true);
    SEND(&s, DIAG_SERVER, put_ccs(flight); put_record(flight, 23, 900));
    SEND(&s, DIAG_CLIENT, put_ccs(flight); put_alert(flight, 2, 48));
    CHECK(facts_of(&s)->alert_count == 1);
    CHECK(!facts_of(&s)->alerts[0].encrypted && facts_of(&s)->alerts[0].description == 48);
    CHECK(facts_of(&s)->client_finished.frame == 0);
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

static void in_tls13_the_level_of_an_alert_means_nothing(void)
{
    struct story s = open_story();

    hello_of_both(&s, true);
    SEND(&s, DIAG_CLIENT, put_alert(flight, 1, 90)); /* user_canceled: only announces a close */
    AWAITS(&s, "server_flight", DIAG_SERVER);
    SEND(&s, DIAG_CLIENT, put_alert(flight, 1, 42));
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

static void an_alert_behind_the_ccs_of_tls12_is_encrypted(void)
{
    struct story s = open_story();
    const struct diag_tls_alert *alert = facts_of(&s)->alerts;

    finish_tls12(&s); /* frames 3 to 6 */
    CHECK(facts_of(&s)->established.frame == 6);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 100));
    SEND(&s, DIAG_SERVER, put_record(flight, 21, 26)); /* frame 8 */
    CHECK(facts_of(&s)->alert_count == 1 && alert->encrypted && alert->frame == 8);
    CHECK(alert->level == 0 && alert->description == 0);
    CHECK(facts_of(&s)->close_notify[DIAG_SERVER].frame == 8);
    CHECK(strcmp(facts_of(&s)->history, "CsGIFifdl") == 0);
    close_story(&s);
}

static void a_longer_alert_record_is_encrypted_whatever_came_before(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_record(flight, 21, 24));
    CHECK(facts_of(&s)->alerts[0].encrypted);
    CHECK(facts_of(&s)->close_notify[DIAG_SERVER].frame == 0);
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

static void alerts_are_bounded_and_the_rest_is_counted(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    for (int i = 0; i < DIAG_TLS_MAX_ALERTS + 3; i++)
        SEND(&s, DIAG_SERVER, put_alert(flight, 1, 112));
    CHECK(facts_of(&s)->alert_count == DIAG_TLS_MAX_ALERTS);
    CHECK(facts_of(&s)->alerts_dropped == 3);
    close_story(&s);
}

static void a_tls13_close_is_invisible_but_its_length_is_not(void)
{
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    hello_of_both(&s, true);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 900));
    SEND(&s, DIAG_CLIENT, put_record(flight, 23, 19)); /* an alert: no Finished is so short */
    CHECK(facts_of(&s)->client_finished.frame == 0);
    AWAITS(&s, "client_finished", DIAG_CLIENT);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 19));
    CHECK(server->last[server->last_count - 1].length == 19);
    CHECK(facts_of(&s)->alert_count == 0 && facts_of(&s)->close_notify[DIAG_SERVER].frame == 0);
    close_story(&s);
}

static void a_renegotiation_is_not_a_second_handshake(void)
{
    struct story s = open_story();

    finish_tls12(&s);
    SEND(&s, DIAG_CLIENT, put_record(flight, 22, 300));
    SEND(&s, DIAG_SERVER, put_record(flight, 22, 900); put_record(flight, 22, 30));
    CHECK(strcmp(facts_of(&s)->history, "CsGIFifQq") == 0);
    CHECK(facts_of(&s)->client_finished.frame == 5 && facts_of(&s)->established.frame == 6);
    close_story(&s);
}

static void the_alert_registry_is_known(void)
{
    CHECK(strcmp(diag_alert_name(0), "close_notify") == 0);
    CHECK(strcmp(diag_alert_name(40), "handshake_failure") == 0);
    CHECK(strcmp(diag_alert_name(48), "unknown_ca") == 0);
    CHECK(strcmp(diag_alert_name(70), "protocol_version") == 0);
    CHECK(strcmp(diag_alert_name(86), "inappropriate_fallback") == 0);
    CHECK(strcmp(diag_alert_name(116), "certificate_required") == 0);
    CHECK(strcmp(diag_alert_name(121), "ech_required") == 0);
    CHECK(strcmp(diag_alert_name(1), "unassigned") == 0);
    CHECK(strcmp(diag_alert_name(255), "unassigned") == 0);
}

int main(void)
{
    a_fatal_alert_in_clear_is_read_and_ends_the_wait();
    a_warning_does_not_end_the_wait();
    close_notify_in_clear_is_noted_for_its_side();
    a_tls13_alert_of_two_bytes_is_in_clear_even_after_a_ccs();
    in_tls13_the_level_of_an_alert_means_nothing();
    an_alert_behind_the_ccs_of_tls12_is_encrypted();
    a_longer_alert_record_is_encrypted_whatever_came_before();
    alerts_are_bounded_and_the_rest_is_counted();
    a_tls13_close_is_invisible_but_its_length_is_not();
    a_renegotiation_is_not_a_second_handshake();
    the_alert_registry_is_known();
    return check_failures > 0;
}
