/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The taps of diag. A frame says only that it passed: what listeners want to know of it, they ask
 * for, so that nobody pays for what nobody wants.
 */
#ifndef DIAG_TAP_H
#define DIAG_TAP_H

#include "recorder.h"

/* Every frame, after its findings were made. */
#define DIAG_TAP DIAG_PREFIX
/* No frame: for those who only want to be called after the last one. */
#define DIAG_TAP_END DIAG_PREFIX "_end"

#define DIAG_TAP_STREAMS 8

void diag_tap_register(void);
void diag_tap_frame(packet_info *pinfo);

/* Does anybody listen to the frames? */
bool diag_tap_is_heard(void);

/* Streams of the TCP segments of a frame, each once, quoted ones included; returns how many. */
size_t diag_tap_streams(packet_info *pinfo, uint32_t stream[DIAG_TAP_STREAMS]);

#endif
