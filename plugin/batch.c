/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few dozen frames are enough to share the cost of warm caches, and few enough to stay in them.
 */
#include "batch.h"

#include "capture.h"
#include "facts.h"

#include <string.h>

#define MOST_WAITING 32
#define BYTES        65536

struct entry {
    uint32_t frame; /* 0: one more segment of the frame before */
    int64_t time_ns;
    bool has_segment;
    struct diag_waiting waiting;
};

struct diag_batch {
    struct entry entry[MOST_WAITING];
    unsigned count;
    unsigned kept; /* the first so many borrow nothing */
    uint32_t used; /* of bytes */
    uint8_t bytes[BYTES];
};

struct diag_batch *diag_batch_new(void)
{
    return g_new0(struct diag_batch, 1);
}

void diag_batch_free(struct diag_batch *batch)
{
    g_free(batch);
}

static struct entry *new_entry(struct diag_capture *capture)
{
    struct diag_batch *batch = capture->batch;

    if (batch->count == MOST_WAITING)
        diag_batch_feed(capture);
    struct entry *entry = &batch->entry[batch->count++];

    entry->frame = 0;
    entry->has_segment = false;
    return entry;
}

void diag_batch_frame(struct diag_capture *capture, uint32_t frame, int64_t time_ns)
{
    struct entry *entry = new_entry(capture);

    entry->frame = frame;
    entry->time_ns = time_ns;
}

/* The first segment of a frame shares its entry. */
struct diag_waiting *diag_batch_room(struct diag_capture *capture)
{
    struct diag_batch *batch = capture->batch;
    struct entry *last = batch->count > 0 ? &batch->entry[batch->count - 1] : NULL;

    if (last == NULL || last->has_segment)
        last = new_entry(capture);
    return &last->waiting;
}

void diag_batch_add(struct diag_capture *capture)
{
    struct diag_batch *batch = capture->batch;

    batch->entry[batch->count - 1].has_segment = true;
}

/* False if there is no room, or more is borrowed than the packet. */
static bool keep(struct diag_batch *batch, struct diag_waiting *waiting)
{
    struct diag_segment *segment = &waiting->segment;
    struct diag_packet *packet = &waiting->packet;
    uint8_t *copy = batch->bytes + batch->used;

    if (segment->decrypted_count > 0 || packet->captured > BYTES - batch->used)
        return false;
    memcpy(copy, packet->bytes, packet->captured);
    if (segment->data != NULL)
        segment->data = copy + (segment->data - packet->bytes);
    packet->bytes = copy;
    batch->used += packet->captured;
    return true;
}

void diag_batch_keep(struct diag_capture *capture)
{
    struct diag_batch *batch = capture->batch;

    for (; batch->kept < batch->count; batch->kept++) {
        struct entry *entry = &batch->entry[batch->kept];

        if (entry->has_segment && !keep(batch, &entry->waiting)) {
            diag_batch_feed(capture);
            return;
        }
    }
}

static void feed_segment(struct diag_capture *capture, const struct diag_segment *segment)
{
    const struct diag_connection *connection = diag_feed_segment(capture->engine, segment);
    struct diag_name_message message;

    if (connection != NULL)
        diag_capture_note_sender(capture, segment->frame, diag_side_of(connection, segment));
    if (diag_fact_name_tcp(segment, &message))
        diag_feed_name(capture->engine, &message);
}

void diag_batch_feed(struct diag_capture *capture)
{
    struct diag_batch *batch = capture->batch;

    for (unsigned i = 0; i < batch->count; i++) {
        const struct entry *entry = &batch->entry[i];

        if (entry->frame != 0)
            diag_feed_frame(capture->engine, entry->frame, entry->time_ns);
        if (entry->has_segment)
            feed_segment(capture, &entry->waiting.segment);
    }
    batch->count = batch->kept = batch->used = 0;
}
