/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture that is open: its engine, and what only the plugin knows of it. It exists between
 * Wireshark's init and cleanup routines; listeners outlive it and must ask every time.
 */
#ifndef DIAG_CAPTURE_H
#define DIAG_CAPTURE_H

#include "recorder.h"

struct diag_capture {
    struct diag_engine *engine;
    struct diag_streams *streams;
    uint32_t last_frame; /* fed so far */
    uint32_t frames;
    uint32_t bypassed;    /* first frame whose TCP did not pass the recorder, 0 if none */
    GHashTable *verdicts; /* frame -> GArray of struct diag_judged; as of verdicts_frame */
    uint32_t verdicts_frame;
};

/* Registers the init and cleanup routines. */
void diag_capture_register(void);

/* NULL while no capture is open. */
struct diag_capture *diag_capture_open(void);

/* First visit of a frame: turn its records into facts. Later visits change nothing. */
void diag_capture_feed(struct diag_capture *capture, packet_info *pinfo);

/* Verdicts (not events) that point at this frame, as of the last frame fed. NULL if none. */
const GArray *diag_capture_verdicts(struct diag_capture *capture, uint32_t frame);

#endif
