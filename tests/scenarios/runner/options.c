/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP options of a segment line: what Linux would put there, and what the writer changes. */
#include "draft.h"

#define SYN_OPTIONS (DIAG_OPT_MSS | DIAG_OPT_WSCALE | DIAG_OPT_TIMESTAMPS | DIAG_OPT_SACK_PERMITTED)

static unsigned right_options(const struct scn_draft *draft)
{
    uint16_t flags = draft->segment.flags;
    unsigned common = draft->half->options & draft->peer->options;

    if (flags & DIAG_RST || draft->connection->plain)
        return 0;
    if (flags & DIAG_SYN)
        return flags & DIAG_ACK ? DIAG_OPT_MSS | (draft->peer->options & SYN_OPTIONS) : SYN_OPTIONS;
    return common & DIAG_OPT_TIMESTAMPS;
}

static unsigned without(struct scn_draft *draft, unsigned options)
{
    static const struct {
        const char *word;
        unsigned options;
    } refusal[] = {
        {"noopts", UINT32_MAX},
        {"nots", DIAG_OPT_TIMESTAMPS},
        {"nows", DIAG_OPT_WSCALE},
        {"nomss", DIAG_OPT_MSS},
        {"nosack", DIAG_OPT_SACK_PERMITTED | DIAG_OPT_SACK},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(refusal); i++)
        if (scn_line_flag(draft->line, refusal[i].word))
            options &= ~refusal[i].options;
    return options;
}

static void add_sack_block(struct diag_segment *segment, uint32_t left, uint32_t right)
{
    if (segment->sack_count == G_N_ELEMENTS(segment->sack))
        return;
    segment->sack[segment->sack_count][0] = left;
    segment->sack[segment->sack_count++][1] = right;
    segment->options |= DIAG_OPT_SACK;
}

/* A receiver with holes names what it has beyond them. */
static void set_right_sack(struct scn_draft *draft)
{
    unsigned common = draft->half->options & draft->peer->options;
    guint room = draft->segment.options & DIAG_OPT_TIMESTAMPS ? 3 : 4;

    if (!(common & DIAG_OPT_SACK_PERMITTED) ||
        (draft->segment.flags & (DIAG_ACK | DIAG_SYN | DIAG_RST)) != DIAG_ACK)
        return;
    for (guint i = 0; i < MIN(draft->half->early->len, room); i++) {
        struct scn_range range = g_array_index(draft->half->early, struct scn_range, i);

        add_sack_block(&draft->segment, draft->peer->isn + range.from, draft->peer->isn + range.to);
    }
}

static void set_sack(struct scn_draft *draft)
{
    const char *text = scn_line_value(draft->line, "sack");

    if (!text) {
        set_right_sack(draft);
        return;
    }
    char **blocks = g_strsplit(text, ",", 4);

    for (char **block = blocks; *block; block++) {
        char **edge = g_strsplit(*block, "-", 2);

        if (!edge[0] || !edge[1])
            scn_fail(draft->line, "a SACK block is from-to, not \"%s\"", *block);
        add_sack_block(&draft->segment,
                       draft->peer->isn + scn_number(draft->line, edge[0], UINT32_MAX),
                       draft->peer->isn + scn_number(draft->line, edge[1], UINT32_MAX));
        g_strfreev(edge);
    }
    g_strfreev(blocks);
}

/* The millisecond clocks of the two hosts. */
static void set_timestamps(struct scn_draft *draft)
{
    const char *text = scn_line_value(draft->line, "ts");
    struct diag_segment *segment = &draft->segment;

    if (!text) {
        segment->tsval = (uint32_t)(draft->story_ns / 1000000) +
                         (draft->from == DIAG_CLIENT ? 1000000 : 5000000);
        segment->tsecr = segment->flags & DIAG_ACK ? draft->half->ts_recent : 0;
        return;
    }
    char **value = g_strsplit(text, "/", 2);

    if (!value[0] || !value[1])
        scn_fail(draft->line, "ts=value/echo, not ts=%s", text);
    segment->tsval = scn_number(draft->line, value[0], UINT32_MAX);
    segment->tsecr = scn_number(draft->line, value[1], UINT32_MAX);
    segment->options |= DIAG_OPT_TIMESTAMPS;
    g_strfreev(value);
}

/* Values of absent options are zero, as the plugin leaves them. */
static void clear_absent(struct diag_segment *segment)
{
    if (!(segment->options & DIAG_OPT_MSS))
        segment->mss = 0;
    if (!(segment->options & DIAG_OPT_WSCALE))
        segment->wscale = 0;
    if (!(segment->options & DIAG_OPT_TIMESTAMPS))
        segment->tsval = segment->tsecr = 0;
    if (!(segment->options & DIAG_OPT_SACK))
        segment->sack_count = 0;
}

/* mptcp=join, or mptcp=REASON of a reset. */
static void set_mptcp(struct scn_draft *draft)
{
    const char *text = scn_line_value(draft->line, "mptcp");

    if (!text)
        return;
    draft->segment.options |= DIAG_OPT_MPTCP;
    if (strcmp(text, "join") == 0) {
        draft->segment.options |= DIAG_OPT_MPTCP_JOIN;
        return;
    }
    draft->segment.options |= DIAG_OPT_MPTCP_RESET;
    draft->segment.mptcp_reason = (uint8_t)scn_number(draft->line, text, UINT8_MAX);
}

void scn_draft_options(struct scn_draft *draft)
{
    struct diag_segment *segment = &draft->segment;
    struct scn_line *line = draft->line;

    segment->options = right_options(draft);
    set_timestamps(draft);
    set_sack(draft);
    segment->options = without(draft, segment->options);
    segment->mss = (uint16_t)scn_line_number(line, "mss", UINT16_MAX, 1460);
    segment->wscale = (uint8_t)scn_line_number(line, "ws", UINT8_MAX, 7);
    if (scn_line_flag(line, "sackok"))
        segment->options |= DIAG_OPT_SACK_PERMITTED;
    set_mptcp(draft);
    segment->cut = scn_line_flag(line, "cut");
    if (segment->cut) {
        segment->options = 0;
        segment->mptcp_reason = 0;
        segment->captured = 0;
    }
    clear_absent(segment);
}

void scn_draft_strip(struct scn_draft *draft, struct diag_segment *copy)
{
    copy->options = without(draft, copy->options);
    copy->mss = (uint16_t)scn_line_number(draft->line, "mss", UINT16_MAX, copy->mss);
    clear_absent(copy);
}
