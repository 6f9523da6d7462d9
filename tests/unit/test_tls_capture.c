/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same TLS session however it was cut, reordered and repeated; and honest about what is missing
 * from the capture. */
#include "check.h"
#include "tls_story.h"

/* A full handshake of TLS 1.2 with a request, an answer and an orderly end. */
static void tell_tls12(struct story *s)
{
    SEND(s, DIAG_CLIENT, put_client_hello(flight, (struct hello){.padding = 400}));
    SEND(s, DIAG_SERVER, size_t record = open_handshake_record(flight);
         put_server_hello_message(flight, (struct hello){.session_id = 3});
         put_certificate_message(flight, 900); close_length(flight, record, 2);
         put_message(flight, 12, 329); put_message(flight, 14, 0));
    SEND(s, DIAG_CLIENT, put_message(flight, 16, 66); put_ccs(flight); put_record(flight, 22, 40));
    SEND(s, DIAG_SERVER, put_message(flight, 4, 170); put_ccs(flight); put_record(flight, 22, 40));
    SEND(s, DIAG_CLIENT, put_record(flight, 23, 300));
    SEND(s, DIAG_SERVER, put_record(flight, 23, 2000); put_record(flight, 23, 0));
    SEND(s, DIAG_SERVER, put_record(flight, 21, 26));
    SEND(s, DIAG_CLIENT, put_record(flight, 21, 26));
}

static void tell_tls13(struct story *s)
{
    const struct hello hello = {.tls13 = true, .cipher = 0x1302, .session_id = 5};
    const struct hello retry = {.tls13 = true, .retry = true, .session_id = 5};

    SEND(s, DIAG_CLIENT, put_client_hello(flight, hello));
    SEND(s, DIAG_SERVER, put_server_hello(flight, retry); put_ccs(flight));
    SEND(s, DIAG_CLIENT, put_ccs(flight); put_client_hello(flight, hello));
    SEND(s, DIAG_SERVER, put_server_hello(flight, hello); put_record(flight, 23, 2500));
    SEND(s, DIAG_CLIENT, put_record(flight, 23, 69); put_record(flight, 23, 120));
    SEND(s, DIAG_SERVER, put_record(flight, 23, 250); put_record(flight, 23, 700));
    SEND(s, DIAG_CLIENT, put_alert(flight, 2, 80));
}

static char *told(void (*tell)(struct story *s), struct story how)
{
    struct story s = open_story();
    char *text;

    s.cut = how.cut;
    s.reversed = how.reversed;
    s.twice = how.twice;
    tell(&s);
    text = all_facts(&s);
    close_story(&s);
    return text;
}

static void check_same(void (*tell)(struct story *s), struct story how)
{
    char *whole = told(tell, (struct story){0});
    char *other = told(tell, how);

    CHECK(strcmp(whole, other) == 0);
    if (strcmp(whole, other) != 0)
        fprintf(stderr, "cut %zu:\n%s\n---\n%s\n", how.cut, whole, other);
    free(whole);
    free(other);
}

static void split_at_every_byte_the_facts_are_the_same(void)
{
    for (size_t cut = 1; cut < 2600 && !check_failures; cut++) {
        check_same(tell_tls12, (struct story){.cut = cut});
        check_same(tell_tls13, (struct story){.cut = cut});
    }
}

static void in_any_order_the_facts_are_the_same(void)
{
    for (size_t cut = 60; cut < 2600 && !check_failures; cut += 7) {
        check_same(tell_tls12, (struct story){.cut = cut, .reversed = true});
        check_same(tell_tls13, (struct story){.cut = cut, .reversed = true});
    }
}

static void with_every_segment_sent_twice_the_facts_are_the_same(void)
{
    for (size_t cut = 1; cut < 2600 && !check_failures; cut += 13) {
        check_same(tell_tls12, (struct story){.cut = cut, .twice = true});
        check_same(tell_tls13, (struct story){.cut = cut, .twice = true, .reversed = cut > 60});
    }
}

static void a_certificate_with_a_hole_is_still_a_certificate(void)
{
    struct tls_bytes *whole = g_new0(struct tls_bytes, 1);
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    put_certificate(whole, 900);
    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put(flight, whole->data, 500));
    lose_bytes(&s, DIAG_SERVER, 300);
    SEND(&s, DIAG_SERVER, put(flight, whole->data + 800, whole->n - 800);
         put_message(flight, 12, 100));
    CHECK(strcmp(facts_of(&s)->history, "Csxk") == 0);
    CHECK(facts_of(&s)->messages[2].holed && !facts_of(&s)->messages[3].holed);
    CHECK(facts_of(&s)->certificates.count == 2);
    CHECK(server->uncaptured == 300 && !server->missed && !server->lost);
    AWAITS(&s, "server_hello_done", DIAG_SERVER);
    close_story(&s);
    g_free(whole);
}

static void a_hole_over_the_header_of_a_message_hides_the_rest_of_its_record(void)
{
    struct tls_bytes *whole = g_new0(struct tls_bytes, 1);
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    put_record(whole, 22, 600);
    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put(flight, whole->data, 5)); /* only the header of the record */
    lose_bytes(&s, DIAG_SERVER, 20);
    SEND(&s, DIAG_SERVER, put(flight, whole->data + 25, whole->n - 25); put_message(flight, 14, 0));
    CHECK(server->missed && !server->lost && server->records == 2);
    CHECK(strcmp(facts_of(&s)->history, "Cn") == 0);
    close_story(&s);
    g_free(whole);
}

static void a_fin_shows_that_bytes_before_it_are_missing(void)
{
    struct story s = open_story();
    struct diag_segment fin = {.frame = 9, .flags = DIAG_FIN | DIAG_ACK};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    lose_bytes(&s, DIAG_SERVER, 70);
    fin.seq = s.seq[DIAG_SERVER];
    diag_tls_segment(s.tls, DIAG_SERVER, &fin);
    diag_tls_acked(s.tls, DIAG_SERVER, fin.seq + 1);
    CHECK(facts_of(&s)->half[DIAG_SERVER].uncaptured == 70);
    CHECK(facts_of(&s)->half[DIAG_SERVER].unseen == 0);
    close_story(&s);
}

static void a_hole_over_a_record_header_loses_the_way_until_a_record_begins_a_segment(void)
{
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    lose_bytes(&s, DIAG_SERVER, 1000);
    SEND(&s, DIAG_SERVER, put_zeros(flight, 300); put_message(flight, 12, 50));
    CHECK(server->lost && server->missed && server->records == 1);
    CHECK(strcmp(facts_of(&s)->history, "Cs") == 0);
    /* The Certificate may be what was not captured. */
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    SEND(&s, DIAG_SERVER, put_message(flight, 14, 0));
    CHECK(!server->lost && strcmp(facts_of(&s)->history, "Csn") == 0);
    AWAITS(&s, "client_key_exchange", DIAG_CLIENT);
    close_story(&s);
}

static void only_the_first_byte_of_a_segment_can_show_the_way_again(void)
{
    struct tls_bytes *part = g_new0(struct tls_bytes, 1);
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    lose_bytes(&s, DIAG_SERVER, 1000);
    SEND(&s, DIAG_SERVER, put_zeros(flight, 300));
    put_zeros(part, 10); /* sent before */
    put_message(part, 14, 0);
    send_segment(&s, DIAG_SERVER, 9, s.seq[DIAG_SERVER] - 10, part->data, part->n);
    CHECK(server->lost && strcmp(facts_of(&s)->history, "Cs") == 0);
    close_story(&s);
    g_free(part);
}

static void a_message_that_lost_its_middle_does_not_swallow_the_next(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, size_t record = open_handshake_record(flight);
         put_number(flight, 11u << 24 | 9000, 4); put_zeros(flight, 600);
         close_length(flight, record, 2)); /* Certificate; the other records were not captured */
    lose_bytes(&s, DIAG_SERVER, 9000);
    SEND(&s, DIAG_SERVER, put_message(flight, 14, 0));
    CHECK(strcmp(facts_of(&s)->history, "Csn") == 0);
    AWAITS(&s, "client_key_exchange", DIAG_CLIENT);
    close_story(&s);
}

static void what_is_lost_after_the_handshake_hides_no_message_of_it(void)
{
    struct story s = open_story();

    tell_tls12(&s);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 600); flight->n = 200);
    lose_bytes(&s, DIAG_SERVER, 500);
    SEND(&s, DIAG_SERVER, put_number(flight, 0x17030300, 4); put_number(flight, 10, 1)); /* alone */
    SEND(&s, DIAG_SERVER, put_zeros(flight, 10));
    CHECK(facts_of(&s)->messages[facts_of(&s)->message_count - 1].holed);
    CHECK(facts_of(&s)->half[DIAG_SERVER].data_records == 4);
    SEND(&s, DIAG_SERVER, put_alert(flight, 1, 0));
    CHECK(!facts_of(&s)->messages[facts_of(&s)->message_count - 1].holed);
    CHECK(!facts_of(&s)->half[DIAG_SERVER].missed && !facts_of(&s)->half[DIAG_SERVER].lost);
    CHECK(facts_of(&s)->half[DIAG_SERVER].uncaptured == 500);
    close_story(&s);
}

static void an_acknowledged_flight_that_was_not_captured_is_seen_as_missing(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    lose_bytes(&s, DIAG_SERVER, 1234);
    CHECK(facts_of(&s)->half[DIAG_SERVER].unseen == 1234);
    CHECK(facts_of(&s)->half[DIAG_SERVER].speech == DIAG_TLS_SILENT);
    close_story(&s);
}

static void a_gap_that_an_ack_gives_up_is_dated_by_that_ack(void)
{
    struct story s = open_story();
    struct diag_segment ack = {.frame = 8, .time_ns = 88, .flags = DIAG_ACK};
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 100); flight->n = 50);
    s.seq[DIAG_SERVER] += 20;
    send_segment(&s, DIAG_SERVER, 7, s.seq[DIAG_SERVER], (const uint8_t[35]){0}, 35);
    CHECK(server->records == 0);
    diag_tls_segment(s.tls, DIAG_CLIENT, &ack);
    diag_tls_acked(s.tls, DIAG_SERVER, s.seq[DIAG_SERVER] + 35);
    CHECK(server->records == 1 && server->last[0].frame == 8 && server->last[0].time_ns == 88);
    close_story(&s);
}

static void a_record_that_is_not_complete_says_how_much_it_lacks(void)
{
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    CHECK(!server->incomplete);
    SEND(&s, DIAG_SERVER, put_record(flight, 22, 100); flight->n -= 30);
    CHECK(server->incomplete && server->wanting == 30 && server->records == 0);
    SEND(&s, DIAG_SERVER, put_zeros(flight, 30));
    CHECK(!server->incomplete && server->wanting == 0 && server->records == 1);
    SEND(&s, DIAG_CLIENT, put_number(flight, 0x16, 1));
    CHECK(facts_of(&s)->half[DIAG_CLIENT].wanting == 4);
    close_story(&s);
}

static void a_gap_that_waits_is_visible(void)
{
    struct story s = open_story();
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    send_segment(&s, DIAG_SERVER, 4, s.seq[DIAG_SERVER] + 1448, (const uint8_t *)"abc", 3);
    CHECK(server->pending == 3 && server->begun && server->next == SERVER_ISN + 1);
    AWAITS(&s, "server_hello", DIAG_SERVER);
    close_story(&s);
}

static void text_in_reply_to_a_client_hello_is_not_tls(void)
{
    static const char *const replies[] = {"HTTP/1.1 400 Bad Request\r\n",
                                          "SSH-2.0-OpenSSH_9",
                                          "220 mail ready\r\n",
                                          "\x16\x03\x09zzzzzzzzzzzzz",
                                          "\x16\x03\x03\x48\x01zzzzzzzzzzz", /* too long */
                                          "\x13\x03\x03\x01\x01zzzzzzzzzzz",
                                          "\x19\x03\x03\x01\x01zzzzzzzzzzz" /* no such types */};

    for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
        struct story s = open_story();
        const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

        s.cut = i; /* whole, byte by byte, ... */
        SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
        SEND(&s, DIAG_SERVER, put(flight, replies[i], strlen(replies[i])));
        CHECK(server->speech == DIAG_TLS_NOT_TLS && server->first_count == 16);
        CHECK(memcmp(server->first, replies[i], 16) == 0);
        CHECK(strcmp(facts_of(&s)->history, "C") == 0);
        AWAITS(&s, "nothing", DIAG_NO_SIDE);
        close_story(&s);
    }
}

static void a_session_joined_in_the_middle_is_not_called_foreign(void)
{
    struct story s = {.tls = diag_tls_new(), .seq = {5000, 6000}, .frame = 20};
    const struct diag_tls_half *server = &facts_of(&s)->half[DIAG_SERVER];

    SEND(&s, DIAG_SERVER, put_zeros(flight, 400)); /* the rest of some record */
    CHECK(server->speech == DIAG_TLS_UNCLEAR);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 50));
    CHECK(server->speech == DIAG_TLS_SPOKEN && server->data_records == 1);
    SEND(&s, DIAG_CLIENT, put_record(flight, 23, 50));
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

int main(void)
{
    split_at_every_byte_the_facts_are_the_same();
    in_any_order_the_facts_are_the_same();
    with_every_segment_sent_twice_the_facts_are_the_same();
    a_certificate_with_a_hole_is_still_a_certificate();
    a_hole_over_the_header_of_a_message_hides_the_rest_of_its_record();
    a_fin_shows_that_bytes_before_it_are_missing();
    a_hole_over_a_record_header_loses_the_way_until_a_record_begins_a_segment();
    what_is_lost_after_the_handshake_hides_no_message_of_it();
    an_acknowledged_flight_that_was_not_captured_is_seen_as_missing();
    a_gap_that_an_ack_gives_up_is_dated_by_that_ack();
    a_record_that_is_not_complete_says_how_much_it_lacks();
    a_gap_that_waits_is_visible();
    text_in_reply_to_a_client_hello_is_not_tls();
    a_session_joined_in_the_middle_is_not_called_foreign();
    only_the_first_byte_of_a_segment_can_show_the_way_again();
    a_message_that_lost_its_middle_does_not_swallow_the_next();
    return check_failures > 0;
}
