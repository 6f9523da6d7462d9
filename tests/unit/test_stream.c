/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of TCP in order: every byte once, however the segments come. */
#include "tls/stream.h"
#include "check.h"
#include "stream_log.h"

static void data_in_order_pass_at_once(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "abc");
    send_text(&log, 2, 1003, "def");
    CHECK(delivered(&log, "abcdef"));
    CHECK(log.chunks == 2);
    CHECK(log.chunk[1].seq == 1003 && log.chunk[1].frame == 2 && log.chunk[1].carrier == 2);
    CHECK(log.chunk[1].time_ns == 2000);
    CHECK(log.chunk[1].starts_segment);
    CHECK(log.stream.next == 1006);
    diag_stream_close(&log.stream);
}

static void data_that_come_too_early_wait_for_the_gap_to_close(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    send_text(&log, 1, 1006, "ghi");
    send_text(&log, 2, 1003, "def");
    CHECK(log.chunks == 0);
    CHECK(log.stream.pending_bytes == 6);
    send_text(&log, 3, 1000, "abc");
    CHECK(delivered(&log, "abcdefghi"));
    CHECK(log.chunks == 3);
    /* Readable only since frame 3, though frame 1 brought them. */
    CHECK(log.chunk[2].frame == 3 && log.chunk[2].time_ns == 3000 && log.chunk[2].carrier == 1);
    CHECK(log.chunk[1].starts_segment && log.chunk[2].starts_segment);
    CHECK(log.stream.pending_bytes == 0);
    diag_stream_close(&log.stream);
}

static void a_retransmission_is_silent(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "abcdef");
    send_text(&log, 2, 1000, "abcdef");
    send_text(&log, 3, 1002, "cd");
    CHECK(delivered(&log, "abcdef"));
    CHECK(log.chunks == 1);
    diag_stream_close(&log.stream);
}

static void an_overlap_is_delivered_once(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "abcd");
    send_text(&log, 2, 1002, "cdef");
    CHECK(delivered(&log, "abcdef"));
    CHECK(!log.chunk[1].starts_segment); /* its segment began before */
    send_text(&log, 3, 1010, "klm");
    send_text(&log, 4, 1008, "ijklm");
    send_text(&log, 5, 1009, "jklmnop");
    send_text(&log, 6, 1006, "ghi");
    CHECK(delivered(&log, "abcdefghijklmnop"));
    diag_stream_close(&log.stream);
}

static void data_that_wait_are_held_once(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    send_text(&log, 1, 1003, "def");
    send_text(&log, 2, 1003, "def");
    send_text(&log, 3, 1004, "efgh");
    CHECK(log.stream.pending_bytes == 5);
    send_text(&log, 4, 1000, "abc");
    CHECK(delivered(&log, "abcdefgh"));
    diag_stream_close(&log.stream);
}

static void sequence_numbers_wrap(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 0xfffffffeu);
    send_text(&log, 1, 2, "ef"); /* 4 bytes behind 0xfffffffe */
    send_text(&log, 2, 0xfffffffeu, "abcd");
    CHECK(delivered(&log, "abcdef"));
    CHECK(log.stream.next == 4);
    diag_stream_close(&log.stream);
}

static void bytes_cut_by_the_snap_length_are_a_hole(void)
{
    const struct diag_stream_input cut = {
        .seq = 1000, .payload = 6, .captured = 2, .data = (const uint8_t *)"ab", .frame = 1};
    const struct diag_stream_input nothing = {.seq = 1006, .payload = 2, .captured = 2, .frame = 2};
    struct log log;

    open_log(&log);
    diag_stream_segment(&log.stream, &cut);
    diag_stream_segment(&log.stream, &nothing); /* captured without data is captured nothing */
    send_text(&log, 3, 1008, "ij");
    CHECK(delivered(&log, "ab......ij"));
    CHECK(log.chunk[1].data == NULL && log.chunk[1].length == 4 && log.chunk[1].carrier == 1);
    CHECK(log.chunk[0].starts_segment && !log.chunk[1].starts_segment);
    diag_stream_close(&log.stream);
}

static void segments_of_another_connection_are_left_alone(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "ab");
    send_text(&log, 2, 1000 + 0x40000100u, "xy");
    CHECK(log.stream.pending == NULL);
    CHECK(delivered(&log, "ab"));
    diag_stream_close(&log.stream);
}

static void a_closed_stream_holds_nothing_and_hears_nothing(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    send_text(&log, 1, 1002, "cd");
    diag_stream_close(&log.stream);
    CHECK(log.stream.pending == NULL && log.stream.pending_bytes == 0);
    send_text(&log, 2, 1000, "ab");
    diag_stream_skip(&log.stream, 1004, 3, 0);
    diag_stream_finish(&log.stream, 1004, 3, 0);
    diag_stream_close(&log.stream);
    CHECK(log.chunks == 0);
}

static void the_consumer_may_close_the_stream_at_any_chunk(void)
{
    for (size_t at = 1; at <= 5; at++) {
        struct log log;

        open_log(&log);
        log.close_at = at;
        diag_stream_start(&log.stream, 1000);
        send_text(&log, 1, 1002, "cd");
        send_text(&log, 2, 1006, "gh");
        diag_stream_skip(&log.stream, 1008, 3, 0); /* hole, cd, hole, gh */
        send_text(&log, 4, 1008, "ij");
        CHECK(log.chunks == at);
        CHECK(log.stream.pending == NULL);
        diag_stream_close(&log.stream);
    }
}

static void the_last_start_before_any_data_counts(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    diag_stream_start(&log.stream, 5000000);
    send_text(&log, 1, 5000000, "ab");
    diag_stream_start(&log.stream, 1000);
    send_text(&log, 2, 5000002, "cd");
    CHECK(delivered(&log, "abcd"));
    diag_stream_close(&log.stream);
}

static void more_captured_than_sent_is_cut_to_what_was_sent(void)
{
    const struct diag_stream_input in = {
        .seq = 1000, .payload = 3, .captured = 6, .data = (const uint8_t *)"abcdef"};
    struct log log;

    open_log(&log);
    diag_stream_segment(&log.stream, &in);
    send_text(&log, 2, 1003, "xyz");
    CHECK(delivered(&log, "abcxyz"));
    diag_stream_close(&log.stream);
}

static void segments_without_payload_or_with_an_absurd_one_begin_nothing(void)
{
    const struct diag_stream_input none = {.seq = 500};
    const struct diag_stream_input absurd = {.seq = 500, .payload = 0x40000000};
    struct log log;

    open_log(&log);
    diag_stream_segment(&log.stream, &none);
    diag_stream_segment(&log.stream, &absurd);
    CHECK(!log.stream.started);
    send_text(&log, 1, 1000, "ab");
    CHECK(delivered(&log, "ab"));
    diag_stream_close(&log.stream);
}

static uint32_t dice(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Sends text in segments of any size, some twice, overlapping, and within 8 segments out of order.
 */
static void send_shuffled(struct log *log, const char *text, uint32_t seq, uint32_t seed)
{
    uint32_t n = (uint32_t)strlen(text), state = seed;

    for (uint32_t at = 0; at < n; at += 40) {
        for (int i = 0; i < 24; i++) {
            uint32_t from = at + dice(&state) % 40, size = 1 + dice(&state) % 30;
            char part[31] = "";

            if (from < n)
                memcpy(part, text + from, MIN(size, n - from));
            send_text(log, at + 1, seq + from, part);
        }
        send_text(log, at + 2, seq + (at > 10 ? at - 10 : 0), text + (at > 10 ? at - 10 : 0));
    }
}

static void any_order_and_any_overlap_give_the_same_bytes(void)
{
    char text[1001];

    for (size_t i = 0; i < 1000; i++)
        text[i] = (char)('a' + i % 26);
    text[1000] = '\0';
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct log log;

        open_log(&log);
        diag_stream_start(&log.stream, 0xffffff00u);
        send_shuffled(&log, text, 0xffffff00u, seed);
        CHECK(delivered(&log, text));
        CHECK(log.stream.pending == NULL);
        diag_stream_close(&log.stream);
    }
}

int main(void)
{
    data_in_order_pass_at_once();
    data_that_come_too_early_wait_for_the_gap_to_close();
    a_retransmission_is_silent();
    an_overlap_is_delivered_once();
    data_that_wait_are_held_once();
    sequence_numbers_wrap();
    bytes_cut_by_the_snap_length_are_a_hole();
    segments_of_another_connection_are_left_alone();
    a_closed_stream_holds_nothing_and_hears_nothing();
    the_consumer_may_close_the_stream_at_any_chunk();
    the_last_start_before_any_data_counts();
    any_order_and_any_overlap_give_the_same_bytes();
    more_captured_than_sent_is_cut_to_what_was_sent();
    segments_without_payload_or_with_an_absurd_one_begin_nothing();
    return check_failures > 0;
}
