/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What listeners learn of a frame: its findings, and the connections that it belongs to. */
#include "tap.h"

#include "conversations.h"
#include "facts.h"

static int tap = -1;

static void add_stream(struct diag_tap_frame *frame, uint32_t stream)
{
    for (size_t i = 0; i < frame->stream_count; i++)
        if (frame->stream[i] == stream)
            return;
    if (stream != DIAG_NO_STREAM && frame->stream_count < DIAG_TAP_STREAMS)
        frame->stream[frame->stream_count++] = stream;
}

void diag_tap_frame(struct diag_capture *capture, packet_info *pinfo)
{
    struct diag_tap_frame *frame;

    if (!have_tap_listener(tap))
        return;
    frame = wmem_new0(pinfo->pool, struct diag_tap_frame);
    frame->shown = diag_shown_of_frame(capture, pinfo);
    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next) {
        struct diag_endpoint source;
        struct diag_endpoint destination;

        if (record->kind == DIAG_RECORD_TCP && diag_fact_endpoints(record, &source, &destination))
            add_stream(frame, diag_stream_of(pinfo, &source, &destination));
    }
    tap_queue_packet(tap, pinfo, frame);
}

void diag_tap_register(void)
{
    tap = register_tap(DIAG_PREFIX);
}
