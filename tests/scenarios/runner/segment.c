/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One segment line: flags and what the writer says, everything else as Linux would send it now.
 */
#include "draft.h"

#include <string.h>

static uint16_t flags_of(const struct scn_line *line, const char *text)
{
    static const char letter[] = "FSRP.UEWA";
    uint16_t flags = 0;

    for (const char *at = text; *at; at++) {
        const char *known = strchr(letter, *at);

        if (!known && strcmp(text, "-") != 0)
            scn_fail(line, "no TCP flag has the letter %c (known: %s)", *at, letter);
        if (known)
            flags |= (uint16_t)(1U << (known - letter));
    }
    return flags;
}

/* "17" counts from the ISN, "+1" and "-1" from what would be right, "@17" is on the wire. */
static uint32_t number_on_wire(struct scn_draft *draft, const char *name, uint32_t isn,
                               uint32_t right)
{
    const char *text = scn_line_value(draft->line, name);

    if (!text)
        return right;
    if (*text == '@')
        return scn_number(draft->line, text + 1, UINT32_MAX);
    if (*text == '+')
        return right + scn_number(draft->line, text + 1, UINT32_MAX);
    if (*text == '-')
        return right - scn_number(draft->line, text + 1, UINT32_MAX);
    return isn + scn_number(draft->line, text, UINT32_MAX);
}

static uint32_t right_seq(const struct scn_draft *draft)
{
    const struct scn_half *half = draft->half;
    uint16_t flags = draft->segment.flags;

    if (flags & DIAG_RST && !(flags & DIAG_ACK) && half->was_acked)
        return half->peer_ack; /* RFC 9293 3.10.7.1: a reset answers with the number it was sent */
    if (flags & DIAG_RST && !half->syn_sent)
        return 0;
    if (flags & DIAG_SYN)
        return half->isn;
    if (flags & DIAG_FIN && half->fin_sent)
        return half->isn + half->fin_seq;
    return half->isn + half->next;
}

static void set_numbers(struct scn_draft *draft, const struct scn_sent *again)
{
    struct diag_segment *segment = &draft->segment;
    uint32_t right_ack = draft->peer->isn + draft->half->received;

    segment->seq =
        number_on_wire(draft, "seq", draft->half->isn, again ? again->seq : right_seq(draft));
    segment->ack =
        number_on_wire(draft, "ack", draft->peer->isn, segment->flags & DIAG_ACK ? right_ack : 0);
}

static void set_payload(struct scn_draft *draft, const struct scn_sent *again)
{
    uint32_t relative = draft->segment.seq - draft->half->isn;

    draft->payload = again ? g_byte_array_ref(again->payload) : scn_payload(draft->line, relative);
    draft->segment.payload = draft->payload->len;
    draft->segment.captured =
        scn_line_number(draft->line, "captured", draft->payload->len, draft->payload->len);
    draft->segment.data = draft->payload->data;
}

static uint16_t right_window(const struct scn_draft *draft)
{
    bool scaled = draft->half->options & draft->peer->options & DIAG_OPT_WSCALE;

    if (draft->segment.flags & DIAG_RST)
        return 0;
    if (draft->segment.flags & DIAG_SYN || !scaled)
        return draft->from == DIAG_CLIENT ? 64240 : 65160;
    return draft->from == DIAG_CLIENT ? 502 : 509;
}

/* Linux counts its packets, but has no number for what it sends without a socket of its own. */
static uint16_t right_ip_id(const struct scn_draft *draft)
{
    uint16_t flags = draft->segment.flags;

    if (draft->segment.ip_version == 6 || (flags & DIAG_SYN && flags & DIAG_ACK) ||
        (flags & DIAG_RST && !draft->half->syn_sent))
        return 0;
    return ++draft->connection->ip_id[draft->from];
}

/* RFC 3168: data that is sent for the first time, and nothing else. */
static uint8_t right_ecn(const struct scn_draft *draft)
{
    bool first = draft->segment.seq - draft->half->isn == draft->half->next;

    return draft->half->ecn_setup && draft->peer->ecn_setup && draft->segment.payload && first ? 2
                                                                                               : 0;
}

static void set_ip(struct scn_draft *draft)
{
    struct diag_segment *segment = &draft->segment;
    struct scn_line *line = draft->line;
    uint8_t ttl = draft->connection->ttl[draft->from];

    segment->ip_version = segment->source.address.length == 4 ? 4 : 6;
    segment->ttl = (uint8_t)scn_line_number(line, "ttl", UINT8_MAX, ttl);
    segment->ip_id = (uint16_t)scn_line_number(line, "id", UINT16_MAX, right_ip_id(draft));
    segment->dont_fragment = !scn_line_flag(line, "nodf") && segment->ip_version == 4;
    segment->ecn = (uint8_t)scn_line_number(line, "ecn", 3, right_ecn(draft));
    segment->dscp = (uint8_t)scn_line_number(line, "dscp", 63, 0);
    segment->vlan = (uint16_t)scn_line_number(line, "vlan", 4094, 0);
    segment->tunnel = (uint8_t)scn_line_number(line, "tunnel", 1, 0);
    segment->opaque = scn_line_flag(line, "opaque");
}

/* The last that was sent, or the last that began at the number that the line names. */
static const struct scn_sent *what_again(struct scn_draft *draft, const char *flags)
{
    const GArray *sent = draft->half->sent;

    if (strcmp(flags, "again") != 0)
        return NULL;
    if (sent->len == 0)
        scn_fail(draft->line, "there is nothing to send again");
    const struct scn_sent *last = &g_array_index(sent, struct scn_sent, sent->len - 1);
    uint32_t seq = number_on_wire(draft, "seq", draft->half->isn, last->seq);

    for (guint i = sent->len; i-- > 0;)
        if (g_array_index(sent, struct scn_sent, i).seq == seq)
            return &g_array_index(sent, struct scn_sent, i);
    scn_fail(draft->line, "nothing was sent that begins at that number");
}

static void remember(struct scn_draft *draft)
{
    struct scn_sent sent = {draft->segment.flags, draft->segment.seq, draft->payload};

    if (!draft->payload->len && !(draft->segment.flags & (DIAG_SYN | DIAG_FIN)))
        return;
    g_byte_array_ref(sent.payload);
    g_array_append_val(draft->flow->half[draft->from].sent, sent);
}

/* Wireshark begins a stream at a SYN with another number than it has for that side, and takes the
 * number for a side that it has not seen yet from the first ACK. */
static bool begins_stream(const struct scn_draft *draft)
{
    bool syn = (draft->segment.flags & (DIAG_SYN | DIAG_ACK)) == DIAG_SYN;
    int64_t base = draft->connection->base[draft->from];

    return draft->connection->stream == DIAG_NO_STREAM ||
           (syn && base >= 0 && base != draft->segment.seq);
}

static void learn_bases(struct scn_draft *draft)
{
    const struct diag_segment *segment = &draft->segment;
    int64_t *base = draft->connection->base;

    if (base[draft->from] < 0)
        base[draft->from] = segment->flags & DIAG_SYN ? segment->seq : segment->seq - 1;
    if (base[diag_peer(draft->from)] < 0 && segment->flags & DIAG_ACK)
        base[diag_peer(draft->from)] = segment->ack - 1;
}

static void set_stream(struct scn_story *story, struct scn_draft *draft)
{
    struct scn_connection *connection = draft->connection;
    const char *text = scn_line_value(draft->line, "stream");

    if (text || begins_stream(draft)) {
        connection->base[DIAG_CLIENT] = connection->base[DIAG_SERVER] = -1;
        connection->stream = text ? scn_number(draft->line, text, 1000) : story->streams;
        story->streams = MAX(story->streams, connection->stream + 1);
        g_array_append_val(connection->streams, connection->stream);
    }
    learn_bases(draft);
}

/* What cuts a segment cuts what its checksum covers. */
static enum diag_checksum said_checksum(const struct scn_draft *draft)
{
    bool wrong = scn_line_flag(draft->line, "badsum");
    bool partial = scn_line_flag(draft->line, "partsum");

    if (draft->segment.cut || draft->segment.captured < draft->segment.payload)
        return DIAG_CHECKSUM_UNKNOWN;
    return wrong ? DIAG_CHECKSUM_WRONG : partial ? DIAG_CHECKSUM_PARTIAL : DIAG_CHECKSUM_RIGHT;
}

static enum diag_checksum read_checksum(const void *checksum)
{
    return *(const enum diag_checksum *)checksum;
}

static void capture(struct scn_story *story, struct scn_draft *draft)
{
    const char *decrypted = scn_line_value(draft->line, "decrypted");

    set_stream(story, draft);
    struct scn_fact *fact = scn_story_fact(story, SCN_SEGMENT);

    fact->payload = g_byte_array_ref(draft->payload);
    fact->segment = draft->segment;
    fact->segment.frame = fact->frame;
    fact->segment.time_ns = fact->time_ns;
    fact->segment.stream = draft->connection->stream;
    fact->segment.checksum = read_checksum;
    fact->segment.packet = &fact->checksum;
    fact->checksum = draft->checksum;
    if (decrypted)
        scn_decrypt(draft->line, fact, decrypted);
    draft->flow->half[draft->from].newest = fact;
}

static void copy(struct scn_story *story, struct scn_draft *draft)
{
    const struct scn_fact *original = draft->half->newest;

    if (!original)
        scn_fail(draft->line, "there is nothing to copy");
    struct scn_fact *fact = scn_story_fact(story, SCN_SEGMENT);
    struct diag_segment *segment = &fact->segment;

    fact->payload = g_byte_array_ref(original->payload);
    *segment = original->segment;
    segment->packet = &fact->checksum;
    fact->checksum = original->checksum;
    segment->frame = fact->frame;
    segment->time_ns = fact->time_ns;
    segment->ttl = (uint8_t)scn_line_number(draft->line, "ttl", UINT8_MAX, segment->ttl);
    segment->vlan = (uint16_t)scn_line_number(draft->line, "vlan", 4094, segment->vlan);
    segment->tunnel = (uint8_t)scn_line_number(draft->line, "tunnel", 1, segment->tunnel);
    scn_draft_strip(draft, segment);
}

/* A segment of the earlier incarnation reaches a host that lives in the new one: a reset answers it
 * with its own number. */
static void surprise(struct scn_draft *draft)
{
    struct scn_half *receiver = &draft->connection->now.half[diag_peer(draft->from)];

    receiver->was_acked = draft->segment.flags & DIAG_ACK;
    receiver->peer_ack = draft->segment.ack;
}

/* lost: neither captured nor received. missed: received. dropped: captured. */
static void send_segment(struct scn_story *story, struct scn_draft *draft)
{
    bool lost = scn_line_flag(draft->line, "lost");
    bool missed = scn_line_flag(draft->line, "missed");
    bool dropped = scn_line_flag(draft->line, "dropped");

    if (!lost && !missed)
        capture(story, draft);
    scn_flow_sent(draft->flow, draft->from, &draft->segment, !lost && !dropped);
    if (draft->flow == &draft->connection->old && !lost && !dropped)
        surprise(draft);
    remember(draft);
}

static void compose(struct scn_story *story, struct scn_draft *draft, const char *flags)
{
    const struct scn_sent *again = what_again(draft, flags);

    draft->segment.flags = again ? again->flags : flags_of(draft->line, flags);
    scn_flow_start(draft->flow, draft->from, draft->segment.flags);
    draft->segment.source = draft->connection->end[draft->from];
    draft->segment.destination = draft->connection->end[diag_peer(draft->from)];
    set_numbers(draft, again);
    set_payload(draft, again);
    scn_draft_options(draft);
    draft->segment.window =
        (uint16_t)scn_line_number(draft->line, "win", UINT16_MAX, right_window(draft));
    set_ip(draft);
    draft->checksum = said_checksum(draft);
    send_segment(story, draft);
    g_byte_array_unref(draft->payload);
}

void scn_segment_line(struct scn_story *story, struct scn_line *line, unsigned number,
                      enum diag_side from)
{
    struct scn_connection *connection = scn_story_connection(story, line, number);
    const char *flags = scn_line_at(line, 2);

    if (!flags)
        scn_fail(line, "flags are missing");
    if (scn_line_flag(line, "new"))
        scn_connection_anew(connection, number);
    bool old = scn_line_flag(line, "old");

    if (old && !connection->old.started)
        scn_fail(line, "this connection has no earlier incarnation");
    struct scn_draft draft = {.line = line,
                              .connection = connection,
                              .flow = old ? &connection->old : &connection->now,
                              .from = from,
                              .story_ns = story->now_ns};

    draft.half = &draft.flow->half[from];
    draft.peer = &draft.flow->half[diag_peer(from)];
    if (strcmp(flags, "copy") == 0)
        copy(story, &draft);
    else
        compose(story, &draft, flags);
}
