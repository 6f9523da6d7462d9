/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment line on its way to a fact; shared by segment.c and options.c only. */
#ifndef SCENARIO_DRAFT_H
#define SCENARIO_DRAFT_H

#include "scenario.h"

struct scn_draft {
    struct scn_line *line;
    struct scn_connection *connection;
    struct scn_flow *flow;
    enum diag_side from;
    const struct scn_half *half; /* the sender's */
    const struct scn_half *peer;
    int64_t story_ns;
    struct diag_segment segment;
    enum diag_checksum checksum;
    GByteArray *payload;
};

/* Needs flags, numbers and payload; sets all options, and "cut", which removes them. */
void scn_draft_options(struct scn_draft *draft);

/* What the line takes out of a copy's options ("nosack"), and its lower MSS. */
void scn_draft_strip(struct scn_draft *draft, struct diag_segment *copy);

#endif
