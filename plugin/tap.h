/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tap "diag": one event per frame for the reports and the tables of the Statistics menu. */
#ifndef DIAG_TAP_H
#define DIAG_TAP_H

#include "shown.h"

#define DIAG_TAP_STREAMS 8

struct diag_tap_frame {
    struct diag_shown_list shown;
    size_t stream_count;
    uint32_t stream[DIAG_TAP_STREAMS];
};

void diag_tap_register(void);
/* Costs nothing while nobody listens. */
void diag_tap_frame(struct diag_capture *capture, packet_info *pinfo);

#endif
