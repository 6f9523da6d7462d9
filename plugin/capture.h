/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture that is open: its engine, and what only the plugin knows of it. It exists between
 * Wireshark's init and cleanup routines; listeners outlive it and must ask every time.
 */
#ifndef DIAG_CAPTURE_H
#define DIAG_CAPTURE_H

#include "batch.h"
#include "numbers.h"
#include "recorder.h"

struct diag_capture {
    struct diag_engine *engine;
    struct diag_streams *streams;
    struct diag_numbers *numbers; /* which frame is meant */
    struct diag_batch *batch;     /* what the engine does not know yet */
    uint32_t last_frame;          /* fed so far */
    uint32_t frames;
    int64_t *times;        /* of frame i + 1 */
    uint8_t *senders;      /* of frame i + 1: enum diag_side */
    uint32_t timed;        /* frames that both have room for */
    uint32_t bypassed;     /* first frame whose TCP did not pass the recorder, 0 if none */
    GHashTable *judged;    /* frame -> GArray of struct diag_judged */
    GHashTable *hosts;     /* stream -> GArray of struct diag_judged, about hosts */
    uint32_t judged_frame; /* as of which both hold */
    bool growing;          /* frames are still being read */
    gint64 judge_again_us; /* by the monotonic clock; while it grows, not sooner */
};

/* Registers the init and cleanup routines. */
void diag_capture_register(void);

/* NULL while no capture is open. All frames that were visited are fed. */
struct diag_capture *diag_capture_open(void);

/* The same, but some frames may wait to be fed. */
struct diag_capture *diag_capture_reading(void);

/* Remember when a frame was captured: the reports tell it long after the frame is gone. */
void diag_capture_note_time(struct diag_capture *capture, uint32_t frame, int64_t time_ns);

/* Remember which end of its connection sent the TCP segment in a frame. */
void diag_capture_note_sender(struct diag_capture *capture, uint32_t frame, enum diag_side sender);

/* First visit of a frame: its records become facts, which may wait to be fed. Later visits change
 * nothing. */
void diag_capture_feed(struct diag_capture *capture, packet_info *pinfo);

/* The number of a frame in everything that diag says: its place in the file. */
uint32_t diag_capture_frame(const struct diag_capture *capture, const packet_info *pinfo);

/* When a frame was captured; DIAG_UNKNOWN_NS when it was not fed. */
int64_t diag_capture_time(const struct diag_capture *capture, uint32_t frame);

/* DIAG_NO_SIDE when the frame holds no TCP segment. */
enum diag_side diag_capture_sender(const struct diag_capture *capture, uint32_t frame);

/* From here on verdicts are those of the last frame fed, until a frame is looked at. */
void diag_capture_judge_all(struct diag_capture *capture);

/* All findings that point at this frame, as the capture up to the last frame fed shows them; NULL
 * if none. */
const GArray *diag_capture_judged(struct diag_capture *capture, uint32_t frame);

/* The findings about hosts that this connection is part of; NULL if none. */
const GArray *diag_capture_hosts(struct diag_capture *capture, uint32_t stream);

#endif
