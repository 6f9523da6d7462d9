/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds a story to the core, and collects whatever it found. */
#include "scenario.h"

#include "../../../plugin/certificates.h"

#include <stdio.h>

static void feed(struct diag_engine *engine, const struct scn_fact *fact)
{
    diag_feed_frame(engine, fact->frame, fact->time_ns);
    if (fact->drops)
        diag_feed_drops(engine, fact->frame, fact->drops);
    switch (fact->kind) {
    case SCN_SEGMENT:
        diag_feed_segment(engine, &fact->segment);
        break;
    case SCN_ICMP:
        diag_feed_icmp(engine, &fact->icmp);
        break;
    case SCN_NAME:
        diag_feed_name(engine, &fact->name);
        break;
    case SCN_ARP:
        diag_feed_arp(engine, &fact->arp);
        break;
    case SCN_OTHER:
        break;
    }
}

/* A person scrolling while the file loads: nothing that the core says later may depend on it. */
static void look_at_everything(struct diag_engine *engine)
{
    g_array_free(scn_findings(engine), TRUE);
}

struct diag_engine *scn_run(const struct scn_story *story, bool look)
{
    struct diag_engine *engine = diag_engine_new(&story->settings);

    diag_engine_read_certificates_with(engine, &diag_gnutls_reader);
    for (guint i = 0; i < story->facts->len; i++) {
        feed(engine, g_ptr_array_index(story->facts, i));
        if (look)
            look_at_everything(engine);
    }
    return engine;
}

static void add_judged(GArray *found, const struct diag_judged *judged, size_t count,
                       uint32_t stream)
{
    for (size_t i = 0; i < count; i++) {
        struct scn_found one = {judged[i], stream};

        g_array_append_val(found, one);
    }
}

GArray *scn_findings(struct diag_engine *engine)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(struct scn_found));
    const struct diag_judged *about_capture = NULL;
    size_t count = diag_view_count(engine);

    for (size_t i = 0; i < count; i++) {
        struct diag_view view;

        diag_view_get(engine, i, &view);
        add_judged(found, view.findings, view.finding_count, view.stream);
    }
    count = diag_host_count(engine);
    for (size_t i = 0; i < count; i++) {
        struct diag_host_view host;

        diag_host_get(engine, i, &host);
        add_judged(found, &host.judged, 1, DIAG_NO_STREAM);
    }
    count = diag_capture_findings(engine, &about_capture);
    add_judged(found, about_capture, count, DIAG_NO_STREAM);
    return found;
}

static bool is_found(const GArray *found, const struct diag_finding *finding)
{
    for (guint i = 0; i < found->len; i++)
        if (g_array_index(found, struct scn_found, i).judged.finding == finding)
            return true;
    return false;
}

/* What a frame shows and what the reports show are one set: every event of a frame is in it. */
unsigned scn_check_events(const struct scn_story *story, struct diag_engine *engine,
                          const GArray *found)
{
    unsigned failures = 0, events = 0;

    for (uint32_t frame = 1; frame <= story->frames; frame++) {
        const struct diag_finding *const *event = NULL;
        size_t count = diag_events_of_frame(engine, frame, &event);

        events += (unsigned)count;
        for (size_t i = 0; i < count; i++) {
            if (is_found(found, event[i]) && !event[i]->verdict)
                continue;
            fprintf(stderr, "%s: event %s of frame %u is not among the findings\n", story->file,
                    diag_catalogue[event[i]->id].slug, frame);
            failures++;
        }
    }
    for (guint i = 0; i < found->len; i++)
        events -= !g_array_index(found, struct scn_found, i).judged.finding->verdict;
    if (events != 0)
        fprintf(stderr, "%s: findings that are events, but of no frame\n", story->file);
    return failures + (events != 0);
}

bool scn_in_connection(const struct scn_story *story, int connection, uint32_t stream)
{
    const GArray *streams = story->connection[connection].streams;

    for (guint i = 0; i < streams->len; i++)
        if (g_array_index(streams, uint32_t, i) == stream)
            return true;
    return false;
}
