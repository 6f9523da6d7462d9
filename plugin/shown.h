/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to show on one frame: its events, and on a later visit the verdicts about it. */
#ifndef DIAG_SHOWN_H
#define DIAG_SHOWN_H

#include "capture.h"

struct diag_shown {
    const struct diag_finding *finding;
    const struct diag_judged *judged; /* NULL as long as the capture is read for the first time */
    size_t place; /* among those of the frame, as they were found: qsort() keeps no order */
};

struct diag_shown_list {
    size_t count;
    struct diag_shown *item; /* the most telling one first */
};

/* Lives as long as the frame is dissected. */
struct diag_shown_list diag_shown_of_frame(struct diag_capture *capture, packet_info *pinfo);

/* As far as this visit knows. */
enum diag_severity diag_shown_severity(const struct diag_shown *shown);

#endif
