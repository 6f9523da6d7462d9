/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was sent and not captured: told apart from what is only late by ACKs, FINs and bounds. */
#include "tls/stream.h"
#include "check.h"
#include "stream_log.h"

static void an_ack_over_a_gap_with_data_behind_it_makes_it_a_hole(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "ab");
    send_text(&log, 2, 1005, "fg");
    diag_stream_skip(&log.stream, 1004, 3, 3000);
    CHECK(delivered(&log, "ab..")); /* the ACK vouches for no more */
    diag_stream_skip(&log.stream, 1007, 4, 4000);
    CHECK(delivered(&log, "ab...fg"));
    CHECK(log.chunk[1].frame == 3 && log.chunk[1].carrier == 0);
    CHECK(log.chunk[3].frame == 4 && log.chunk[3].carrier == 2);
    diag_stream_close(&log.stream);
}

static void an_ack_that_was_captured_before_its_data_makes_no_hole(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "ab");
    diag_stream_skip(&log.stream, 1006, 2, 2000);
    CHECK(delivered(&log, "ab"));
    CHECK(diag_stream_unseen(&log.stream) == 4);
    send_text(&log, 3, 1002, "cdef");
    CHECK(delivered(&log, "abcdef"));
    CHECK(diag_stream_unseen(&log.stream) == 0);
    diag_stream_close(&log.stream);
}

static void data_behind_bytes_acknowledged_before_are_read_at_once(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "ab");
    diag_stream_skip(&log.stream, 1004, 2, 2000);
    send_text(&log, 3, 1004, "ef");
    CHECK(delivered(&log, "ab..ef"));
    CHECK(log.chunk[1].frame == 3);
    diag_stream_close(&log.stream);
}

static void the_ack_of_a_fin_is_no_missing_byte(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "ab");
    diag_stream_finish(&log.stream, 1002, 2, 2000);
    diag_stream_skip(&log.stream, 1003, 3, 3000);
    CHECK(diag_stream_unseen(&log.stream) == 0);
    CHECK(delivered(&log, "ab"));
    diag_stream_close(&log.stream);
}

static void a_fin_behind_acknowledged_bytes_shows_the_hole(void)
{
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "ab");
    diag_stream_skip(&log.stream, 1006, 2, 2000);
    diag_stream_finish(&log.stream, 1005, 3, 3000);
    CHECK(delivered(&log, "ab..."));
    CHECK(log.chunk[1].frame == 3);
    diag_stream_close(&log.stream);
}

static void an_old_or_absurd_ack_changes_nothing(void)
{
    struct log log;

    open_log(&log);
    diag_stream_skip(&log.stream, 77, 1, 0); /* before anything began */
    send_text(&log, 1, 1000, "abcd");
    send_text(&log, 2, 1006, "gh");
    diag_stream_skip(&log.stream, 1002, 3, 0);
    diag_stream_skip(&log.stream, 1000 + 0x80000000u, 4, 0);
    diag_stream_skip(&log.stream, 900, 5, 0);
    CHECK(delivered(&log, "abcd"));
    send_text(&log, 6, 1004, "ef");
    CHECK(delivered(&log, "abcdefgh"));
    diag_stream_close(&log.stream);
}

static void an_ack_from_before_the_beginning_vouches_for_nothing(void)
{
    struct log log;

    open_log(&log);
    diag_stream_skip(&log.stream, 1500, 1, 0);
    diag_stream_start(&log.stream, 1000);
    send_text(&log, 2, 1100, "x");
    CHECK(log.chunks == 0 && diag_stream_unseen(&log.stream) == 0);
    diag_stream_close(&log.stream);
}

static void an_ack_of_long_ago_is_behind_even_after_a_wrap(void)
{
    const struct diag_stream_input block = {.payload = 0x3fffffff, .seq = 1004};
    struct diag_stream_input in = block;
    struct log log;

    open_log(&log);
    send_text(&log, 1, 1000, "abcd");
    diag_stream_skip(&log.stream, 1004, 2, 0);
    for (int i = 0; i < 3; i++, in.seq += in.payload)
        diag_stream_segment(&log.stream, &in);
    CHECK(diag_stream_unseen(&log.stream) == 0);
    in.seq += 10;
    diag_stream_segment(&log.stream, &in);
    CHECK(log.chunks == 4); /* the gap of 10 is not acknowledged */
    diag_stream_close(&log.stream);
}

static void what_waits_is_bounded_and_what_is_dropped_becomes_a_hole(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    diag_stream_skip(&log.stream, 1000, 1, 0);
    for (uint32_t i = 0; i < DIAG_STREAM_PENDING_PIECES + 2; i++)
        send_text(&log, 2 + i, 1001 + 2 * i, "x");
    CHECK(log.stream.pending->len == DIAG_STREAM_PENDING_PIECES);
    CHECK(log.stream.dropped_bytes == 2);
    diag_stream_skip(&log.stream, 1200, 90, 0);
    send_text(&log, 91, 1200, "y");
    CHECK(log.size == 201);
    CHECK(log.bytes[0] == '.' && log.bytes[1] == 'x' && log.bytes[127] == 'x');
    CHECK(log.bytes[129] == '.' && log.bytes[131] == '.'); /* the two dropped ones */
    CHECK(log.bytes[200] == 'y');
    diag_stream_close(&log.stream);
}

static void the_bytes_that_wait_are_bounded_too(void)
{
    static uint8_t big[30000];
    struct diag_stream_input in = {
        .payload = sizeof big, .captured = sizeof big, .data = big, .seq = 1001};
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    diag_stream_skip(&log.stream, 1000, 1, 0);
    for (int i = 0; i < 4; i++, in.seq += in.payload)
        diag_stream_segment(&log.stream, &in);
    CHECK(log.stream.pending_bytes == 2 * sizeof big);
    CHECK(log.stream.dropped_bytes == 2 * sizeof big);
    diag_stream_close(&log.stream);
}

static void without_any_ack_a_full_list_gives_the_gap_up(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 1000);
    for (uint32_t i = 0; i <= DIAG_STREAM_PENDING_PIECES; i++)
        send_text(&log, 1 + i, 1004 + i, "x");
    CHECK(log.size == 4 + DIAG_STREAM_PENDING_PIECES + 1);
    CHECK(log.bytes[3] == '.' && log.bytes[4] == 'x');
    diag_stream_close(&log.stream);
}

static void an_ack_corrects_a_start_that_it_contradicts(void)
{
    struct log log;

    open_log(&log);
    diag_stream_start(&log.stream, 5000000); /* of a SYN/ACK that the client did not take */
    diag_stream_start_near(&log.stream, 1000);
    CHECK(log.stream.next == 1000);
    diag_stream_start_near(&log.stream, 1400); /* 400 bytes were not captured, that is all */
    CHECK(log.stream.next == 1000);
    diag_stream_close(&log.stream);
}

int main(void)
{
    an_ack_over_a_gap_with_data_behind_it_makes_it_a_hole();
    an_ack_that_was_captured_before_its_data_makes_no_hole();
    data_behind_bytes_acknowledged_before_are_read_at_once();
    the_ack_of_a_fin_is_no_missing_byte();
    a_fin_behind_acknowledged_bytes_shows_the_hole();
    an_old_or_absurd_ack_changes_nothing();
    an_ack_of_long_ago_is_behind_even_after_a_wrap();
    what_waits_is_bounded_and_what_is_dropped_becomes_a_hole();
    the_bytes_that_wait_are_bounded_too();
    without_any_ack_a_full_list_gives_the_gap_up();
    an_ack_corrects_a_start_that_it_contradicts();
    an_ack_from_before_the_beginning_vouches_for_nothing();
    return check_failures > 0;
}
