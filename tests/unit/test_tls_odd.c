/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What real captures do to a reader: things that are not what they seem, and plain garbage. */
#include "check.h"
#include "tls_story.h"

static void text_in_a_reset_is_no_data(void)
{
    const struct diag_segment reset = {.frame = 9,
                                       .flags = DIAG_RST | DIAG_ACK,
                                       .seq = SERVER_ISN + 1,
                                       .payload = 9,
                                       .captured = 9,
                                       .data = (const uint8_t *)"Go away!\n"};
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    diag_tls_segment(s.tls, DIAG_SERVER, &reset);
    CHECK(facts_of(&s)->half[DIAG_SERVER].speech == DIAG_TLS_SILENT);
    AWAITS(&s, "server_hello", DIAG_SERVER);
    close_story(&s);
}

/* Ethernet pads short frames; some drivers count the padding as payload. */
static void padding_of_a_pure_ack_is_no_data(void)
{
    const struct diag_segment ack = {.frame = 9,
                                     .flags = DIAG_ACK,
                                     .seq = SERVER_ISN + 1,
                                     .payload = 6,
                                     .captured = 6,
                                     .data = (const uint8_t *)"\0\0\0\0\0\0"};
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    diag_tls_segment(s.tls, DIAG_SERVER, &ack);
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    CHECK(strcmp(facts_of(&s)->history, "Cs") == 0);
    close_story(&s);
}

static void a_keep_alive_is_no_data(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    send_segment(&s, DIAG_CLIENT, 9, s.seq[DIAG_CLIENT] - 1, (const uint8_t *)"\0", 1);
    SEND(&s, DIAG_CLIENT, put_alert(flight, 1, 0));
    CHECK(strcmp(facts_of(&s)->history, "CL") == 0);
    close_story(&s);
}

static void data_in_the_syn_are_read(void)
{
    struct tls_bytes *hello = g_new0(struct tls_bytes, 1);
    struct story s = open_story();
    struct diag_segment syn = {.frame = 1, .flags = DIAG_SYN, .seq = CLIENT_ISN};

    put_client_hello(hello, (struct hello){0});
    syn.data = hello->data;
    syn.payload = syn.captured = (uint32_t)hello->n;
    diag_tls_segment(s.tls, DIAG_CLIENT, &syn);
    CHECK(strcmp(facts_of(&s)->history, "C") == 0);
    CHECK(facts_of(&s)->messages[0].start == CLIENT_ISN + 1 + 5);
    g_free(hello);
    close_story(&s);
}

/* The server forgot the first SYN and answered the second with another sequence number; late copies
 * of its first answer come too. The client's ACK tells which one counts. */
static void the_client_decides_which_syn_ack_counts(void)
{
    struct story s = open_story();
    const struct diag_segment second = {.frame = 3, .flags = DIAG_SYN | DIAG_ACK, .seq = 77000};
    const struct diag_segment first = {.frame = 4, .flags = DIAG_SYN | DIAG_ACK, .seq = SERVER_ISN};

    diag_tls_segment(s.tls, DIAG_SERVER, &second);
    diag_tls_segment(s.tls, DIAG_SERVER, &first);
    s.seq[DIAG_SERVER] = 77001;
    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    CHECK(strcmp(facts_of(&s)->history, "Cs") == 0);
    close_story(&s);
}

static void a_giant_certificate_is_counted_to_its_end(void)
{
    struct story s = open_story();
    const size_t size = 330000;

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, size_t record = open_handshake_record(flight); put_number(flight, 11, 1);
         put_number(flight, (uint32_t)size + 6, 3); put_number(flight, (uint32_t)size + 3, 3);
         put_number(flight, (uint32_t)size, 3); close_length(flight, record, 2));
    for (size_t left = size; left > 0; left -= 16500)
        SEND(&s, DIAG_SERVER, put_record(flight, 22, 16500));
    CHECK(facts_of(&s)->certificates.count == 1);
    CHECK(facts_of(&s)->certificates.length == size + 10);
    CHECK(strcmp(facts_of(&s)->history, "Csx") == 0);
    close_story(&s);
}

static void ciphertext_behind_a_missing_ccs_is_not_taken_for_messages(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    for (int i = 0; i < 5; i++)
        SEND(&s, DIAG_SERVER, put_record(flight, 22, 40)); /* 0xee…: no such message */
    CHECK(strcmp(facts_of(&s)->history, "Csq") == 0);
    close_story(&s);
}

/* The ServerHello was not captured, and the client offered TLS 1.3: its key exchange shows that
 * this is TLS 1.2, where a ChangeCipherSpec has a meaning. */
static void without_the_server_hello_later_messages_show_the_version(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){.tls13 = true}));
    lose_bytes(&s, DIAG_SERVER, 3000);
    SEND(&s, DIAG_CLIENT, put_message(flight, 16, 66); put_ccs(flight); put_record(flight, 22, 40));
    SEND(&s, DIAG_SERVER, put_ccs(flight); put_record(flight, 22, 40));
    CHECK(strcmp(facts_of(&s)->history, "CGIFif") == 0);
    CHECK(facts_of(&s)->established.frame == 5);
    CHECK(facts_of(&s)->half[DIAG_SERVER].missed && !facts_of(&s)->resumed);
    close_story(&s);
}

static void data_of_the_server_prove_the_handshake_that_was_not_captured(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}));
    lose_bytes(&s, DIAG_SERVER, 3000);
    SEND(&s, DIAG_SERVER, put_record(flight, 23, 400)); /* frame 5 */
    CHECK(facts_of(&s)->established.frame == 5);
    CHECK(facts_of(&s)->first_data[DIAG_SERVER].frame == 5);
    AWAITS(&s, "nothing", DIAG_NO_SIDE);
    close_story(&s);
}

static void a_message_nobody_knows_hides_only_its_record(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_message(flight, 99, 10); put_message(flight, 14, 0));
    SEND(&s, DIAG_SERVER, size_t record = open_handshake_record(flight); put_number(flight, 12, 1);
         put_number(flight, 0x200000, 3); /* 2 MB of key exchange */
         close_length(flight, record, 2); put_message(flight, 4, 9));
    CHECK(strcmp(facts_of(&s)->history, "Cqnqt") == 0);
    close_story(&s);
}

static void hellos_from_the_wrong_side_are_noted_and_not_believed(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_client_hello(flight, (struct hello){.tls13 = true}));
    SEND(&s, DIAG_CLIENT, put_server_hello(flight, (struct hello){.tls13 = true}));
    CHECK(strcmp(facts_of(&s)->history, "CcS") == 0);
    CHECK(facts_of(&s)->version == 0 && facts_of(&s)->client == DIAG_CLIENT);
    CHECK(facts_of(&s)->client_hello->max_version == 0x0303);
    AWAITS(&s, "server_hello", DIAG_SERVER);
    close_story(&s);
}

static void text_from_a_server_before_any_hello_is_not_tls(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_SERVER, put(flight, "220 ready\r\n", 11));
    CHECK(facts_of(&s)->half[DIAG_SERVER].speech == DIAG_TLS_NOT_TLS);
    close_story(&s);
}

static void without_the_syn_the_client_hello_shows_where_the_answer_begins(void)
{
    struct story s = {.tls = diag_tls_new(), .seq = {5000, 6000}, .frame = 20};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put(flight, "HTTP/1.1 400", 12));
    CHECK(facts_of(&s)->half[DIAG_SERVER].speech == DIAG_TLS_NOT_TLS);
    close_story(&s);
}

static void an_echoed_session_id_does_not_overrule_a_certificate(void)
{
    struct story s = open_story();
    const struct hello known = {.session_id = 7};

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, known));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, known); put_certificate(flight, 50));
    AWAITS(&s, "server_key_exchange", DIAG_SERVER);
    close_story(&s);
}

static void a_heartbeat_is_noted(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_CLIENT, put_record(flight, 24, 30));
    CHECK(strcmp(facts_of(&s)->history, "CB") == 0);
    close_story(&s);
}

static void a_compressed_certificate_counts_as_one(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}); put_message(flight, 25, 80));
    CHECK(facts_of(&s)->certificates.compressed && facts_of(&s)->certificates.length == 84);
    AWAITS(&s, "server_key_exchange", DIAG_SERVER);
    close_story(&s);
}

static void before_the_server_chose_a_ccs_means_what_the_client_offered(void)
{
    struct story old = open_story(), new = open_story();

    SEND(&old, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}); put_ccs(flight);
         put_record(flight, 22, 40)); /* the ServerHello was not captured yet */
    CHECK(strcmp(facts_of(&old)->history, "CIF") == 0);
    SEND(&new, DIAG_CLIENT, put_client_hello(flight, (struct hello){.tls13 = true});
         put_ccs(flight); put_alert(flight, 2, 80));
    CHECK(!facts_of(&new)->alerts[0].encrypted);
    close_story(&old);
    close_story(&new);
}

static void data_that_a_client_sends_too_soon_prove_no_handshake(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0}); put_message(flight, 14, 0));
    SEND(&s, DIAG_CLIENT, put_message(flight, 16, 66); put_ccs(flight); put_record(flight, 22, 40);
         put_record(flight, 23, 100)); /* False Start, RFC 7918 */
    CHECK(facts_of(&s)->first_data[DIAG_CLIENT].frame == 5);
    CHECK(facts_of(&s)->established.frame == 0);
    AWAITS(&s, "server_finished", DIAG_SERVER);
    close_story(&s);
}

static uint32_t dice(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void check_bounds(const struct diag_tls_facts *facts)
{
    CHECK(facts->message_count <= DIAG_TLS_MAX_MESSAGES);
    CHECK(strlen(facts->history) <= DIAG_TLS_MAX_MESSAGES + 1);
    CHECK(facts->alert_count <= DIAG_TLS_MAX_ALERTS);
    for (size_t side = 0; side < 2; side++) {
        CHECK(facts->half[side].last_count <= DIAG_TLS_MAX_RECORDS);
        CHECK(facts->half[side].first_count <= DIAG_TLS_FIRST_BYTES);
    }
}

/* One segment of random bytes, now and then behind the header of a record. */
static void send_garbage(struct story *s, uint32_t *state)
{
    enum diag_side side = dice(state) % 2 ? DIAG_SERVER : DIAG_CLIENT;
    uint8_t garbage[200];
    size_t n = 1 + dice(state) % sizeof garbage;

    for (size_t i = 0; i < n; i++)
        garbage[i] = (uint8_t)dice(state);
    if (n > 8 && dice(state) % 2) {
        memcpy(garbage, "\x16\x03\x03\x00", 4);
        garbage[0] = (uint8_t)(20 + dice(state) % 5);
        garbage[5] = (uint8_t)(dice(state) % 27);
        garbage[6] = 0;
    }
    send_segment(s, side, 3, s->seq[side] + dice(state) % 64, garbage, n);
    s->seq[side] += (uint32_t)n;
    if (dice(state) % 4 == 0)
        diag_tls_acked(s->tls, side, s->seq[side] + dice(state) % 16);
}

static void garbage_stays_within_bounds(void)
{
    for (uint32_t seed = 0; seed < 300; seed++) {
        struct story s = open_story();
        uint32_t state = seed;

        for (int i = 0; i < 100; i++)
            send_garbage(&s, &state);
        check_bounds(facts_of(&s));
        CHECK(awaited(&s) != NULL);
        close_story(&s);
    }
}

int main(void)
{
    text_in_a_reset_is_no_data();
    padding_of_a_pure_ack_is_no_data();
    a_keep_alive_is_no_data();
    data_in_the_syn_are_read();
    the_client_decides_which_syn_ack_counts();
    a_giant_certificate_is_counted_to_its_end();
    ciphertext_behind_a_missing_ccs_is_not_taken_for_messages();
    without_the_server_hello_later_messages_show_the_version();
    data_of_the_server_prove_the_handshake_that_was_not_captured();
    garbage_stays_within_bounds();
    a_message_nobody_knows_hides_only_its_record();
    hellos_from_the_wrong_side_are_noted_and_not_believed();
    text_from_a_server_before_any_hello_is_not_tls();
    without_the_syn_the_client_hello_shows_where_the_answer_begins();
    an_echoed_session_id_does_not_overrule_a_certificate();
    a_heartbeat_is_noted();
    a_compressed_certificate_counts_as_one();
    before_the_server_chose_a_ccs_means_what_the_client_offered();
    data_that_a_client_sends_too_soon_prove_no_handshake();
    return check_failures > 0;
}
