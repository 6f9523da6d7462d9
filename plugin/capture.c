/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of the engine, and the index of verdicts by frame. Verdicts are computed when somebody looks
 * at them: there is no hook for the end of a capture that every program calls.
 */
#include "capture.h"

#include "conversations.h"
#include "preferences.h"

static struct diag_capture *open_capture;

struct diag_capture *diag_capture_open(void)
{
    return open_capture;
}

static void close_capture(void)
{
    struct diag_capture *capture = open_capture;

    if (capture == NULL)
        return;
    open_capture = NULL;
    if (capture->verdicts != NULL)
        g_hash_table_destroy(capture->verdicts);
    diag_streams_free(capture->streams);
    diag_engine_free(capture->engine);
    g_free(capture);
}

static void begin_capture(void)
{
    struct diag_settings settings = diag_preferences_settings();

    close_capture();
    open_capture = g_new0(struct diag_capture, 1);
    open_capture->engine = diag_engine_new(&settings);
    open_capture->streams = diag_streams_new();
}

void diag_capture_register(void)
{
    register_init_routine(begin_capture);
    register_cleanup_routine(close_capture);
}

static void free_list(void *list)
{
    g_array_free(list, TRUE);
}

static void add_verdict(GHashTable *index, const struct diag_judged *judged)
{
    GArray *list;
    void *frame = GUINT_TO_POINTER(judged->finding->frame);

    if (!judged->finding->verdict)
        return;
    list = g_hash_table_lookup(index, frame);
    if (list == NULL) {
        list = g_array_new(FALSE, FALSE, sizeof(struct diag_judged));
        g_hash_table_insert(index, frame, list);
    }
    g_array_append_val(list, *judged);
}

static GHashTable *index_verdicts(struct diag_engine *engine)
{
    GHashTable *index = g_hash_table_new_full(NULL, NULL, NULL, free_list);
    const struct diag_judged *of_capture = NULL;
    size_t count = diag_capture_findings(engine, &of_capture);

    for (size_t i = 0; i < count; i++)
        add_verdict(index, &of_capture[i]);
    for (size_t i = 0, hosts = diag_host_count(engine); i < hosts; i++) {
        struct diag_host_view host;

        diag_host_get(engine, i, &host);
        add_verdict(index, &host.judged);
    }
    for (size_t i = 0, views = diag_view_count(engine); i < views; i++) {
        struct diag_view view;

        diag_view_get(engine, i, &view);
        for (size_t f = 0; f < view.finding_count; f++)
            add_verdict(index, &view.findings[f]);
    }
    return index;
}

const GArray *diag_capture_verdicts(struct diag_capture *capture, uint32_t frame)
{
    if (capture->verdicts == NULL || capture->verdicts_frame != capture->last_frame) {
        if (capture->verdicts != NULL)
            g_hash_table_destroy(capture->verdicts);
        capture->verdicts = index_verdicts(capture->engine);
        capture->verdicts_frame = capture->last_frame;
    }
    return g_hash_table_lookup(capture->verdicts, GUINT_TO_POINTER(frame));
}
