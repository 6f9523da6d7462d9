/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The taps of diag, and which connections a frame belongs to. */
#include "tap.h"

#include "capture.h"
#include "conversations.h"

static int tap = -1;

static size_t add_stream(uint32_t stream, uint32_t list[DIAG_TAP_STREAMS], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == stream)
            return count;
    if (stream == DIAG_NO_STREAM || count == DIAG_TAP_STREAMS)
        return count;
    list[count] = stream;
    return count + 1;
}

size_t diag_tap_streams(packet_info *pinfo, uint32_t stream[DIAG_TAP_STREAMS])
{
    const struct diag_capture *capture = diag_capture_open();
    size_t count = 0;

    if (capture == NULL)
        return 0;
    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next)
        if (record->kind == DIAG_RECORD_TCP)
            count = add_stream(diag_stream_told(capture->engine, diag_stream_of(pinfo, record)),
                               stream, count);
    return count;
}

bool diag_tap_is_heard(void)
{
    return have_tap_listener(tap);
}

void diag_tap_frame(packet_info *pinfo)
{
    if (diag_tap_is_heard())
        tap_queue_packet(tap, pinfo, NULL);
}

void diag_tap_register(void)
{
    tap = register_tap(DIAG_TAP);
    register_tap(DIAG_TAP_END);
}
