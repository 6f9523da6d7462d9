/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS handshakes as they should go: what is known after each flight, and who is awaited. */
#include "check.h"
#include "tls_story.h"

#define RSA_AES   0x002f
#define ECDHE_RSA 0xc02f
#define ANONYMOUS 0x0034
#define PLAIN_PSK 0x008c

static void each_step_of_a_full_tls12_handshake_is_told(void)
{
    struct story s = open_story();
    const struct diag_tls_facts *facts = facts_of(&s);

    AWAITS(&s, "client_hello", DIAG_CLIENT);
    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0})); /* frame 3 */
    AWAITS(&s, "server_hello", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){.session_id = 9})); /* 4 */
    AWAITS(&s, "server_certificate", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_certificate(flight, 700)); /* 5 */
    AWAITS(&s, "server_key_exchange", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_message(flight, 12, 300)); /* 6 */
    AWAITS(&s, "server_hello_done", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_message(flight, 14, 0)); /* 7 */
    AWAITS(&s, "client_key_exchange", DIAG_CLIENT);
    SEND(&s, DIAG_CLIENT, put_message(flight, 16, 66)); /* 8 */
    AWAITS(&s, "client_finished", DIAG_CLIENT);
    SEND(&s, DIAG_CLIENT, put_ccs(flight); put_record(flight, 22, 40)); /* 9 */
    AWAITS(&s, "server_finished", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_ccs(flight); put_record(flight, 22, 40)); /* 10 */
    AWAITS(&s, "nothing", DIAG_NO_SIDE);

    CHECK(strcmp(facts->history, "CsxknGIFif") == 0);
    CHECK(facts->version == 0x0303 && facts->server_hello.cipher == ECDHE_RSA);
    CHECK(facts->first_client_hello.frame == 3 && facts->server_hello_at.frame == 4);
    CHECK(facts->certificates.frame == 5 && facts->certificates.count == 2);
    CHECK(facts->certificates.length == 4 + 3 + 2 * (3 + 700));
    CHECK(facts->server_hello_done.frame == 7 && facts->server_hello_done.time_ns == 7000000);
    CHECK(facts->client_finished.frame == 9 && facts->server_finished.frame == 10);
    CHECK(facts->established.frame == 10 && !facts->resumed);
    CHECK(facts->first_data[0].frame == 0 && facts->alert_count == 0);
    close_story(&s);
}

static void the_messages_say_where_they_lie(void)
{
    struct story s = open_story();
    const struct diag_tls_message *m;

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_message(flight, 14, 10));
    SEND(&s, DIAG_SERVER, put_message(flight, 14, 0); put_record(flight, 23, 100);
         flight->n -= 60); /* frame 5 has the beginning of the data */
    SEND(&s, DIAG_SERVER, put_zeros(flight, 60));
    m = facts_of(&s)->messages;
    CHECK(facts_of(&s)->message_count == 4);
    CHECK(m[0].side == DIAG_CLIENT && m[0].letter == 'C' && m[0].handshake == 1);
    CHECK(m[0].start == CLIENT_ISN + 1 + 5 && m[0].end == m[0].start + m[0].length);
    CHECK(m[0].length == facts_of(&s)->client_hello->length);
    CHECK(m[1].side == DIAG_SERVER && m[1].letter == 'n' && m[1].first_frame == 4);
    CHECK(m[1].start == SERVER_ISN + 1 + 5 && m[1].length == 14);
    CHECK(m[2].start == SERVER_ISN + 1 + 5 + 14 + 5 && m[2].end == m[2].start + 4);
    CHECK(m[3].letter == 'd' && m[3].first_frame == 5 && m[3].frame == 6 && !m[3].holed);
    CHECK(m[3].start == m[2].end && m[3].end == m[3].start + 105 && m[3].length == 100);
    CHECK(facts_of(&s)->half[DIAG_SERVER].end_of_last_message == m[3].end);
    close_story(&s);
}

static void which_message_follows_depends_on_the_cipher(void)
{
    static const struct {
        uint16_t cipher;
        const char *after_hello;
        const char *after_certificate;
    } expected[] = {{RSA_AES, "server_certificate", "server_hello_done"},
                    {ECDHE_RSA, "server_certificate", "server_key_exchange"},
                    {ANONYMOUS, "server_key_exchange", NULL},
                    {PLAIN_PSK, "server_hello_done", NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        struct story s = open_story();
        struct hello hello = {.cipher = expected[i].cipher};

        SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
        SEND(&s, DIAG_SERVER, put_server_hello(flight, hello));
        AWAITS(&s, expected[i].after_hello, DIAG_SERVER);
        SEND(&s, DIAG_SERVER, put_certificate(flight, 10));
        if (expected[i].after_certificate)
            AWAITS(&s, expected[i].after_certificate, DIAG_SERVER);
        close_story(&s);
    }
}

static void a_certificate_request_shows_that_no_key_exchange_comes(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_certificate(flight, 10); put_message(flight, 13, 20));
    AWAITS(&s, "server_hello_done", DIAG_SERVER);
    CHECK(facts_of(&s)->certificate_requested);
    SEND(&s, DIAG_CLIENT, put_certificate(flight, 30));
    CHECK(facts_of(&s)->certificates.frame == 5); /* still the server's */
    CHECK(facts_of(&s)->certificates.length == 4 + 3 + 2 * (3 + 10));
    close_story(&s);
}

static void resumption_has_no_certificate(void)
{
    struct story s = open_story();
    const struct hello known = {.session_id = 7};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, known));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, known));
    CHECK(facts_of(&s)->server_hello.session_id_echoed && !facts_of(&s)->resumed);
    AWAITS(&s, "server_finished", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_ccs(flight); put_record(flight, 22, 40));
    CHECK(facts_of(&s)->resumed);
    AWAITS(&s, "client_finished", DIAG_CLIENT);
    SEND(&s, DIAG_CLIENT, put_ccs(flight); put_record(flight, 22, 40));
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    CHECK(strcmp(facts_of(&s)->history, "CsifIF") == 0);
    close_story(&s);
}

static void another_session_id_is_a_full_handshake(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){.session_id = 7}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){.session_id = 8}));
    CHECK(!facts_of(&s)->server_hello.session_id_echoed);
    AWAITS(&s, "server_certificate", DIAG_SERVER);
    close_story(&s);
}

static void tls13_hides_the_certificate_and_that_is_normal(void)
{
    struct story s = open_story();
    const struct hello hello = {.tls13 = true, .session_id = 7, .cipher = 0x1301};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, hello));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, hello); put_ccs(flight)); /* frame 4 */
    AWAITS(&s, "server_flight", DIAG_SERVER);
    CHECK(facts_of(&s)->version == 0x0304 && facts_of(&s)->server_hello.group == 0x17);
    CHECK(facts_of(&s)->client_hello->max_version == 0x0304);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 27)); /* EncryptedExtensions */
    AWAITS(&s, "server_flight", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 900); put_record(flight, 23, 53)); /* 6 */
    AWAITS(&s, "client_finished", DIAG_CLIENT);
    CHECK(facts_of(&s)->server_finished.frame == 6 && facts_of(&s)->established.frame == 0);
    SEND(&s, DIAG_CLIENT, put_ccs(flight); put_record(flight, 23, 53)); /* 7 */
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    CHECK(facts_of(&s)->client_finished.frame == 7 && facts_of(&s)->established.frame == 7);
    CHECK(facts_of(&s)->first_data[DIAG_CLIENT].frame == 0);
    SEND(&s, DIAG_CLIENT, put_record(flight, 23, 100)); /* 8 */
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 200)); /* 9 */
    CHECK(facts_of(&s)->first_data[DIAG_CLIENT].frame == 8);
    CHECK(facts_of(&s)->first_data[DIAG_SERVER].frame == 9);
    CHECK(strcmp(facts_of(&s)->history, "CsidIDd") == 0);
    CHECK(!facts_of(&s)->resumed && facts_of(&s)->alert_count == 0);
    close_story(&s);
}

static void tls13_resumes_by_a_pre_shared_key(void)
{
    struct story s = open_story();
    const struct hello hello = {.tls13 = true, .psk = true};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, hello));
    CHECK(facts_of(&s)->client_hello->psk);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, hello));
    CHECK(facts_of(&s)->resumed);
    close_story(&s);
}

static void after_a_retry_request_another_client_hello_is_due(void)
{
    struct story s = open_story();
    const struct hello retry = {.tls13 = true, .retry = true};
    const struct hello hello = {.tls13 = true};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, hello));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, retry); put_ccs(flight));
    AWAITS(&s, "client_hello", DIAG_CLIENT);
    CHECK(facts_of(&s)->hello_retries == 1 && facts_of(&s)->hello_retry.frame == 4);
    CHECK(facts_of(&s)->server_hello.group == 0x17); /* the group that it asks for */
    SEND(&s, DIAG_CLIENT, put_ccs(flight); put_client_hello(flight, hello));
    AWAITS(&s, "server_hello", DIAG_SERVER);
    CHECK(facts_of(&s)->first_client_hello.frame == 3);
    CHECK(facts_of(&s)->last_client_hello.frame == 5);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, hello));
    AWAITS(&s, "server_flight", DIAG_SERVER);
    CHECK(strcmp(facts_of(&s)->history, "CjiICs") == 0);
    close_story(&s);
}

static void early_data_are_not_taken_for_a_finished(void)
{
    struct story s = open_story();
    const struct hello hello = {.tls13 = true, .psk = true, .early_data = true};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, hello); put_ccs(flight);
         put_record(flight, 23, 300)); /* frame 3 */
    CHECK(facts_of(&s)->client_hello->early_data);
    CHECK(facts_of(&s)->first_data[DIAG_CLIENT].frame == 3);
    AWAITS(&s, "server_hello", DIAG_SERVER);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, hello); put_record(flight, 23, 80));
    SEND(&s, DIAG_CLIENT, put_record(flight, 23, 310)); /* still early */
    AWAITS(&s, "client_finished", DIAG_CLIENT);
    SEND(&s, DIAG_CLIENT, put_record(flight, 23, 21); put_record(flight, 23, 53));
    CHECK(facts_of(&s)->client_finished.frame == 6);
    close_story(&s);
}

static void in_tls13_a_record_can_be_a_finished_by_its_length(void)
{
    static const struct {
        bool early_data;
        uint16_t length;
        bool finished;
    } records[] = {{false, 44, false}, {false, 45, true}, {false, 900, true},
                   {true, 45, true},   {true, 53, true},  {true, 61, true},
                   {true, 69, true},   {true, 52, false}, {true, 900, false}};

    for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
        struct story s = open_story();
        const struct hello hello = {.tls13 = true, .early_data = records[i].early_data};

        SEND(&s, DIAG_CLIENT, put_client_hello(flight, hello));
        SEND(&s, DIAG_SERVER, put_server_hello(flight, hello); put_record(flight, 23, 99));
        SEND(&s, DIAG_CLIENT, put_record(flight, 23, records[i].length));
        CHECK((facts_of(&s)->client_finished.frame == 5) == records[i].finished);
        close_story(&s);
    }
}

static void the_side_that_says_client_hello_is_the_tls_client(void)
{
    struct story s = open_story(); /* FTP in active mode: the server opens the data connection */

    SEND(&s, DIAG_SERVER, put_client_hello(flight, (struct hello){0}));
    CHECK(facts_of(&s)->client == DIAG_SERVER);
    AWAITS(&s, "server_hello", DIAG_CLIENT);
    SEND(&s, DIAG_CLIENT, put_server_hello(flight, (struct hello){0}); put_certificate(flight, 9));
    CHECK(strcmp(facts_of(&s)->history, "^Csx") == 0);
    CHECK(facts_of(&s)->certificates.count == 2);
    AWAITS(&s, "server_key_exchange", DIAG_CLIENT);
    close_story(&s);
}

static void messages_packed_into_one_record_are_all_read(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, size_t record = open_handshake_record(flight);
         put_server_hello_message(flight, (struct hello){0}); put_certificate_message(flight, 500);
         put_number(flight, 14u << 24, 4); /* ServerHelloDone, empty */
         close_length(flight, record, 2));
    CHECK(strcmp(facts_of(&s)->history, "Csxn") == 0);
    CHECK(facts_of(&s)->certificates.count == 2);
    close_story(&s);
}

static void a_message_may_span_records(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, struct tls_bytes *whole = g_new0(struct tls_bytes, 1);
         put_client_hello(whole, (struct hello){0}); size_t half = (whole->n - 5) / 2;
         put_number(flight, 0x160301, 3); put_number(flight, (uint32_t)half, 2);
         put(flight, whole->data + 5, half); put_number(flight, 0x160301, 3);
         put_number(flight, (uint32_t)(whole->n - 5 - half), 2);
         put(flight, whole->data + 5 + half, whole->n - 5 - half); g_free(whole));
    CHECK(strcmp(facts_of(&s)->history, "C") == 0);
    CHECK(strcmp(facts_of(&s)->client_hello->server_name, "a.org") == 0);
    CHECK(facts_of(&s)->half[DIAG_CLIENT].records == 2);
    close_story(&s);
}

static void data_are_counted_and_noted_once_per_turn(void)
{
    struct story s = open_story();
    const struct diag_tls_half *client = &facts_of(&s)->half[DIAG_CLIENT];

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    for (int i = 0; i < 100; i++) {
        SEND(&s, DIAG_CLIENT, put_record(flight, 23, 10); put_record(flight, 23, 11));
        SEND(&s, DIAG_SERVER, put_record(flight, 23, 20));
    }
    SEND(&s, DIAG_CLIENT, put_alert(flight, 1, 0));
    CHECK(client->records == 202 && client->data_records == 200 && client->data_bytes == 2100);
    CHECK(strncmp(facts_of(&s)->history, "CDdDdD", 6) == 0);
    CHECK(facts_of(&s)->message_count < DIAG_TLS_MAX_MESSAGES);
    CHECK(facts_of(&s)->messages_dropped > 0);
    /* However long it talked, how it ended is still there. */
    CHECK(facts_of(&s)->history[strlen(facts_of(&s)->history) - 1] == 'L');
    CHECK(client->last_count == DIAG_TLS_MAX_RECORDS);
    CHECK(client->last[DIAG_TLS_MAX_RECORDS - 1].type == 21);
    CHECK(client->last[DIAG_TLS_MAX_RECORDS - 2].length == 11);
    CHECK(client->last[0].length == 11 && client->last[0].frame == client->last[1].frame - 2);
    CHECK(client->last[0].time_ns == client->last[0].frame * INT64_C(1000000));
    close_story(&s);
}

static void tls_may_begin_in_the_middle_of_a_connection(void)
{
    struct story s = {.tls = diag_tls_new(), .seq = {5000, 6000}, .frame = 20};
    const struct diag_segment ready = {
        .frame = 30, .seq = 5994, .payload = 6, .captured = 6, .data = (const uint8_t *)"220 ok"};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0})); /* acknowledges 6000 */
    diag_tls_segment(s.tls, DIAG_SERVER, &ready); /* sent again: the client has it already */
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    CHECK(strcmp(facts_of(&s)->history, "Cs") == 0);
    CHECK(facts_of(&s)->half[DIAG_SERVER].speech == DIAG_TLS_SPOKEN);
    close_story(&s);
}

static void a_closed_session_keeps_its_facts(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    diag_tls_close(s.tls);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    CHECK(strcmp(facts_of(&s)->history, "C") == 0);
    CHECK(strcmp(facts_of(&s)->client_hello->server_name, "a.org") == 0);
    close_story(&s);
    diag_tls_free(NULL);
}

int main(void)
{
    each_step_of_a_full_tls12_handshake_is_told();
    the_messages_say_where_they_lie();
    which_message_follows_depends_on_the_cipher();
    a_certificate_request_shows_that_no_key_exchange_comes();
    resumption_has_no_certificate();
    another_session_id_is_a_full_handshake();
    tls13_hides_the_certificate_and_that_is_normal();
    tls13_resumes_by_a_pre_shared_key();
    after_a_retry_request_another_client_hello_is_due();
    early_data_are_not_taken_for_a_finished();
    the_side_that_says_client_hello_is_the_tls_client();
    messages_packed_into_one_record_are_all_read();
    a_message_may_span_records();
    data_are_counted_and_noted_once_per_turn();
    tls_may_begin_in_the_middle_of_a_connection();
    a_closed_session_keeps_its_facts();
    in_tls13_a_record_can_be_a_finished_by_its_length();
    return check_failures > 0;
}
