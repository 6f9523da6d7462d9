/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts one direction of a TCP connection in order. What comes too early waits in a small sorted
 * list; what will never come is told apart from what is merely late by the receiver's ACKs.
 */
#include "tls/stream.h"

#include <string.h>

/* No window is larger (RFC 7323 2.3): what lies further ahead belongs to another connection. */
#define FARTHEST (1u << 30)

struct piece {
    uint32_t seq;
    uint32_t payload;
    uint32_t captured;
    uint32_t frame;
    int64_t time_ns;
    bool starts_segment;
    uint8_t bytes[];
};

/* The frame on whose behalf bytes are delivered. */
struct origin {
    uint32_t frame;
    int64_t time_ns;
};

static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static uint32_t earlier(uint32_t a, uint32_t b)
{
    return before(a, b) ? a : b;
}

/* Bytes that were acknowledged and not delivered. An old ACK is no longer ahead after a wrap. */
static uint32_t acked_ahead(const struct diag_stream *stream)
{
    uint32_t ahead = stream->acked - stream->next;

    return stream->has_ack && ahead < FARTHEST ? ahead : 0;
}

static void hand_over(struct diag_stream *stream, struct diag_chunk *chunk, uint32_t length)
{
    if (length == 0 || stream->closed)
        return;
    chunk->seq = stream->next;
    chunk->length = length;
    stream->next += length;
    stream->consume(stream->context, chunk);
}

/* A segment that does not begin behind the next byte: its new bytes, then those cut off. */
static void deliver(struct diag_stream *stream, const struct diag_stream_input *in, bool whole,
                    struct origin on)
{
    uint32_t known = stream->next - in->seq;
    struct diag_chunk chunk = {
        .data = in->data, .frame = on.frame, .time_ns = on.time_ns, .carrier = in->frame};

    if (!before(stream->next, in->seq + in->payload))
        return;
    if (known < in->captured) {
        chunk.data += known;
        chunk.starts_segment = whole && known == 0;
        hand_over(stream, &chunk, in->captured - known);
        known = in->captured;
    }
    chunk.data = NULL;
    chunk.starts_segment = false;
    hand_over(stream, &chunk, in->payload - known);
}

static void deliver_hole(struct diag_stream *stream, uint32_t end, struct origin on)
{
    struct diag_chunk chunk = {.frame = on.frame, .time_ns = on.time_ns};

    hand_over(stream, &chunk, end - stream->next);
}

static struct piece *first_piece(const struct diag_stream *stream)
{
    if (!stream->pending || stream->pending->len == 0)
        return NULL;
    return g_ptr_array_index(stream->pending, 0);
}

static void forget_pending(struct diag_stream *stream)
{
    if (stream->pending)
        g_ptr_array_free(stream->pending, TRUE);
    stream->pending = NULL;
    stream->pending_bytes = 0;
}

/* Everything that waits no longer. The consumer may close the stream at any chunk. */
static void drain(struct diag_stream *stream, struct origin on)
{
    struct piece *piece;

    while ((piece = first_piece(stream)) && !before(stream->next, piece->seq)) {
        struct diag_stream_input in = {.seq = piece->seq,
                                       .payload = piece->payload,
                                       .captured = piece->captured,
                                       .data = piece->bytes,
                                       .frame = piece->frame};

        stream->pending_bytes -= piece->captured;
        g_ptr_array_steal_index(stream->pending, 0);
        deliver(stream, &in, piece->starts_segment, on);
        g_free(piece);
    }
    if (!piece)
        forget_pending(stream);
}

/* Before upto, whatever was acknowledged and is not here will never come. */
static void settle(struct diag_stream *stream, uint32_t upto, struct origin on)
{
    upto = earlier(upto, stream->next + acked_ahead(stream));
    while (!stream->closed && before(stream->next, upto)) {
        const struct piece *piece = first_piece(stream);

        deliver_hole(stream, piece ? earlier(piece->seq, upto) : upto, on);
        drain(stream, on);
    }
}

/* Index of the first piece that begins after seq. */
static guint place_of(const struct diag_stream *stream, uint32_t seq)
{
    guint i = stream->pending->len;

    while (i > 0) {
        const struct piece *piece = g_ptr_array_index(stream->pending, i - 1);

        if (!before(seq, piece->seq))
            break;
        i--;
    }
    return i;
}

static bool fits(const struct diag_stream *stream, uint32_t bytes)
{
    return stream->pending->len < DIAG_STREAM_PENDING_PIECES &&
           stream->pending_bytes + bytes <= DIAG_STREAM_PENDING_BYTES;
}

/* Bytes at the front of the segment that the piece before its place holds already. */
static uint32_t held_already(const struct diag_stream *stream, const struct diag_stream_input *in,
                             guint place)
{
    const struct piece *piece;
    uint32_t end;

    if (place == 0)
        return 0;
    piece = g_ptr_array_index(stream->pending, place - 1);
    end = piece->seq + piece->payload;
    if (!before(in->seq, end))
        return 0;
    return MIN(end - in->seq, in->payload);
}

static void keep(struct diag_stream *stream, const struct diag_stream_input *in)
{
    guint place;
    uint32_t skip, captured;
    struct piece *piece;

    if (!stream->pending)
        stream->pending = g_ptr_array_new_with_free_func(g_free);
    place = place_of(stream, in->seq);
    skip = held_already(stream, in, place);
    if (skip == in->payload)
        return;
    captured = in->captured > skip ? in->captured - skip : 0;
    if (!fits(stream, captured)) {
        stream->dropped_bytes += in->payload - skip;
        return;
    }
    piece = g_malloc(sizeof *piece + captured);
    *piece = (struct piece){.seq = in->seq + skip,
                            .payload = in->payload - skip,
                            .captured = captured,
                            .frame = in->frame,
                            .time_ns = in->time_ns,
                            .starts_segment = skip == 0};
    if (captured)
        memcpy(piece->bytes, in->data + skip, captured);
    stream->pending_bytes += captured;
    g_ptr_array_insert(stream->pending, (gint)place, piece);
}

/* Without ACKs (only one way was captured) nothing else would ever end the wait. */
static void give_up_gap(struct diag_stream *stream, uint32_t bytes, struct origin on)
{
    const struct piece *piece = first_piece(stream);

    if (stream->has_ack || !piece || fits(stream, bytes))
        return;
    deliver_hole(stream, piece->seq, on);
    drain(stream, on);
}

void diag_stream_init(struct diag_stream *stream,
                      void (*consume)(void *context, const struct diag_chunk *chunk), void *context)
{
    *stream = (struct diag_stream){.consume = consume, .context = context};
}

void diag_stream_start(struct diag_stream *stream, uint32_t seq)
{
    if (stream->touched)
        return;
    stream->started = true;
    stream->next = seq;
}

void diag_stream_start_near(struct diag_stream *stream, uint32_t ack)
{
    /* A server that forgot the connection answers a repeated SYN with another sequence number;
     * which of them the client took shows in its ACK. Before that nobody sends more than this. */
    const uint32_t initial_window = 65536;

    if (!stream->started || ack - stream->next > initial_window)
        diag_stream_start(stream, ack);
}

void diag_stream_segment(struct diag_stream *stream, const struct diag_stream_input *input)
{
    struct diag_stream_input in = *input;
    struct origin on = {in.frame, in.time_ns};

    if (stream->closed || in.payload == 0 || in.payload >= FARTHEST)
        return;
    in.captured = in.data ? MIN(in.captured, in.payload) : 0;
    if (!stream->started)
        diag_stream_start(stream, in.seq);
    stream->touched = true;
    if (before(stream->next, in.seq)) {
        if (in.seq - stream->next >= FARTHEST)
            return;
        settle(stream, in.seq, on);
        give_up_gap(stream, in.captured, on);
    }
    if (stream->closed)
        return;
    if (before(stream->next, in.seq)) {
        keep(stream, &in);
        return;
    }
    deliver(stream, &in, true, on);
    drain(stream, on);
}

void diag_stream_skip(struct diag_stream *stream, uint32_t ack, uint32_t frame, int64_t time_ns)
{
    const struct piece *last;

    if (stream->closed || !stream->started)
        return;
    if (stream->has_end)
        ack = earlier(ack, stream->end);
    if (ack - stream->next < FARTHEST && ack - stream->next > acked_ahead(stream))
        stream->acked = ack;
    else if (acked_ahead(stream) == 0)
        stream->acked = stream->next;
    stream->has_ack = true;
    if (!first_piece(stream))
        return;
    last = g_ptr_array_index(stream->pending, stream->pending->len - 1);
    settle(stream, last->seq, (struct origin){frame, time_ns});
}

void diag_stream_finish(struct diag_stream *stream, uint32_t seq, uint32_t frame, int64_t time_ns)
{
    if (stream->closed || !stream->started || seq - stream->next >= FARTHEST)
        return;
    stream->has_end = true;
    stream->end = seq;
    if (stream->has_ack)
        stream->acked = earlier(stream->acked, seq);
    settle(stream, seq, (struct origin){frame, time_ns});
}

uint32_t diag_stream_unseen(const struct diag_stream *stream)
{
    return acked_ahead(stream);
}

void diag_stream_close(struct diag_stream *stream)
{
    stream->closed = true;
    forget_pending(stream);
}
