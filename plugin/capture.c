/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of the engine, and indexes of what the whole capture shows. Both are computed when somebody
 * looks at them: there is no hook for the end of a capture that every program calls.
 */
#include "capture.h"

#include "certificates.h"
#include "conversations.h"
#include "preferences.h"

#include <string.h>

static struct diag_capture *open_capture;

struct diag_capture *diag_capture_reading(void)
{
    return open_capture;
}

struct diag_capture *diag_capture_open(void)
{
    if (open_capture != NULL)
        diag_batch_feed(open_capture);
    return open_capture;
}

uint32_t diag_capture_frame(const struct diag_capture *capture, const packet_info *pinfo)
{
    return diag_numbers_place(capture->numbers, pinfo);
}

int64_t diag_capture_time(const struct diag_capture *capture, uint32_t frame)
{
    return frame > 0 && frame <= capture->timed ? capture->times[frame - 1] : DIAG_UNKNOWN_NS;
}

enum diag_side diag_capture_sender(const struct diag_capture *capture, uint32_t frame)
{
    return frame > 0 && frame <= capture->timed ? (enum diag_side)capture->senders[frame - 1]
                                                : DIAG_NO_SIDE;
}

static void make_room(struct diag_capture *capture, uint32_t frame)
{
    uint32_t room = MAX(frame, frame / 2 * 3);

    room = MAX(room, 1024);
    capture->times = g_renew(int64_t, capture->times, room);
    capture->senders = g_renew(uint8_t, capture->senders, room);
    for (uint32_t i = capture->timed; i < room; i++)
        capture->times[i] = DIAG_UNKNOWN_NS;
    memset(capture->senders + capture->timed, DIAG_NO_SIDE, room - capture->timed);
    capture->timed = room;
}

void diag_capture_note_time(struct diag_capture *capture, uint32_t frame, int64_t time_ns)
{
    if (frame > capture->timed)
        make_room(capture, frame);
    capture->times[frame - 1] = time_ns;
}

void diag_capture_note_sender(struct diag_capture *capture, uint32_t frame, enum diag_side sender)
{
    capture->senders[frame - 1] = (uint8_t)sender; /* its time was noted before */
}

static void free_list(void *list)
{
    g_array_free(list, TRUE);
}

static void add_judged(GHashTable *index, uint32_t key, const struct diag_judged *judged)
{
    GArray *list = g_hash_table_lookup(index, GUINT_TO_POINTER(key));

    if (list == NULL) {
        list = g_array_new(FALSE, FALSE, sizeof(struct diag_judged));
        g_hash_table_insert(index, GUINT_TO_POINTER(key), list);
    }
    g_array_append_val(list, *judged);
}

static void index_all(struct diag_capture *capture, const struct diag_judged *judged, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_judged(capture->judged, judged[i].finding->frame, &judged[i]);
}

static void index_hosts(struct diag_capture *capture)
{
    for (size_t i = 0, count = diag_host_count(capture->engine); i < count; i++) {
        struct diag_host_view host;

        diag_host_get(capture->engine, i, &host);
        index_all(capture, &host.judged, 1);
        for (size_t s = 0; s < host.stream_count; s++)
            add_judged(capture->hosts, host.streams[s], &host.judged);
    }
}

static void index_connections(struct diag_capture *capture)
{
    for (size_t i = 0, count = diag_view_count(capture->engine); i < count; i++) {
        size_t findings = 0;
        const struct diag_judged *judged = diag_view_findings(capture->engine, i, &findings);

        index_all(capture, judged, findings);
    }
}

static void forget_judged(struct diag_capture *capture)
{
    if (capture->judged == NULL)
        return;
    g_hash_table_destroy(capture->judged);
    g_hash_table_destroy(capture->hosts);
    capture->judged = NULL;
    capture->hosts = NULL;
}

void diag_capture_judge_all(struct diag_capture *capture)
{
    if (capture->judged_frame == capture->last_frame)
        return;
    forget_judged(capture);
    diag_hold_verdicts(capture->engine, false);
}

static void index_judged(struct diag_capture *capture)
{
    const struct diag_judged *of_capture = NULL;

    capture->judged = g_hash_table_new_full(NULL, NULL, NULL, free_list);
    capture->hosts = g_hash_table_new_full(NULL, NULL, NULL, free_list);
    capture->judged_frame = capture->last_frame;
    size_t count = diag_capture_findings(capture->engine, &of_capture);

    index_all(capture, of_capture, count);
    index_hosts(capture);
    index_connections(capture);
}

/* A live capture grows between two repaints of Wireshark's window, and all of it is judged anew: of
 * 100 000 connections in a third of a second. No more than a tenth of the time is spent on that, so
 * that what is shown of a capture that grows may be a little older. */
#define JUDGING_SHARE    10
#define LONGEST_DELAY_US ((gint64)10 * G_USEC_PER_SEC)

static bool may_be_older(const struct diag_capture *capture)
{
    return capture->growing && g_get_monotonic_time() < capture->judge_again_us;
}

static void bring_up_to_date(struct diag_capture *capture)
{
    gint64 began = 0;

    if (capture->judged != NULL &&
        (capture->judged_frame == capture->last_frame || may_be_older(capture)))
        return;
    began = g_get_monotonic_time();
    forget_judged(capture);
    diag_hold_verdicts(capture->engine, false);
    index_judged(capture);
    diag_hold_verdicts(capture->engine, true);
    capture->judge_again_us = g_get_monotonic_time();
    capture->judge_again_us +=
        MIN(JUDGING_SHARE * (capture->judge_again_us - began), LONGEST_DELAY_US);
}

const GArray *diag_capture_judged(struct diag_capture *capture, uint32_t frame)
{
    bring_up_to_date(capture);
    return g_hash_table_lookup(capture->judged, GUINT_TO_POINTER(frame));
}

const GArray *diag_capture_hosts(struct diag_capture *capture, uint32_t stream)
{
    bring_up_to_date(capture);
    return g_hash_table_lookup(capture->hosts, GUINT_TO_POINTER(stream));
}

/* The file was read, or the live capture stopped. */
static void end_capture(void)
{
    if (open_capture != NULL)
        open_capture->growing = false;
}

static void close_capture(void)
{
    struct diag_capture *capture = open_capture;

    if (capture == NULL)
        return;
    open_capture = NULL;
    forget_judged(capture);
    diag_streams_free(capture->streams);
    diag_numbers_free(capture->numbers);
    diag_batch_free(capture->batch);
    g_free(capture->times);
    g_free(capture->senders);
    diag_engine_free(capture->engine);
    g_free(capture);
}

static void begin_capture(void)
{
    struct diag_settings settings = diag_preferences_settings();

    close_capture();
    open_capture = g_new0(struct diag_capture, 1);
    open_capture->engine = diag_engine_new(&settings);
    diag_engine_read_certificates_with(open_capture->engine, &diag_gnutls_reader);
    open_capture->streams = diag_streams_new();
    open_capture->numbers = diag_numbers_new();
    open_capture->batch = diag_batch_new();
    open_capture->growing = true;
}

void diag_capture_register(void)
{
    register_init_routine(begin_capture);
    register_postseq_cleanup_routine(end_capture);
    register_cleanup_routine(close_capture);
}
