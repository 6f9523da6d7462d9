/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS sessions told flight by flight, and every fact of a session as one text, so that two ways of
 * capturing the same session can be compared.
 */
#ifndef TLS_STORY_H
#define TLS_STORY_H

#include "tls/tls.h"
#include "tls_bytes.h"

#include <glib.h>
#include <inttypes.h>

#define CLIENT_ISN 1000u
#define SERVER_ISN 0xfffff000u /* wraps within the first flights */

/* One session, fed flight by flight. */
struct story {
    struct diag_tls *tls;
    uint32_t seq[2];
    uint32_t frame;
    size_t cut;    /* bytes per segment, 0: one segment a flight */
    bool reversed; /* the segments of a flight come last one first */
    bool twice;    /* every segment comes twice */
};

static inline struct story open_story(void)
{
    struct story story = {.tls = diag_tls_new(), .seq = {CLIENT_ISN + 1, SERVER_ISN + 1}};
    const struct diag_segment syn = {.frame = 1, .flags = DIAG_SYN, .seq = CLIENT_ISN};
    const struct diag_segment answer = {
        .frame = 2, .flags = DIAG_SYN | DIAG_ACK, .seq = SERVER_ISN, .ack = CLIENT_ISN + 1};

    diag_tls_segment(story.tls, DIAG_CLIENT, &syn);
    diag_tls_segment(story.tls, DIAG_SERVER, &answer);
    story.frame = 2;
    return story;
}

static inline void close_story(struct story *story)
{
    diag_tls_free(story->tls);
}

static inline const struct diag_tls_facts *facts_of(const struct story *story)
{
    return diag_tls_facts(story->tls);
}

/* A segment with a copy of exactly its bytes, so that a sanitizer sees a byte read too many. */
static inline void send_segment(const struct story *story, enum diag_side side, uint32_t frame,
                                uint32_t seq, const uint8_t *data, size_t n)
{
    uint8_t *exact = g_memdup2(data, n);
    const struct diag_segment segment = {.frame = frame,
                                         .time_ns = frame * INT64_C(1000000),
                                         .flags = DIAG_ACK | DIAG_PSH,
                                         .seq = seq,
                                         .ack = story->seq[diag_peer(side)],
                                         .payload = (uint32_t)n,
                                         .captured = (uint32_t)n,
                                         .data = exact};

    diag_tls_segment(story->tls, side, &segment);
    g_free(exact);
}

/* The next bytes of a side. All segments of a flight have the same frame number here, which makes
 * facts comparable however the flight is cut. The peer acknowledges everything. */
static inline void send_bytes(struct story *story, enum diag_side side, const struct tls_bytes *b)
{
    size_t cut = story->cut ? story->cut : b->n;
    size_t segments = (b->n + cut - 1) / cut;

    story->frame++;
    for (size_t i = 0; i < segments; i++) {
        size_t at = (story->reversed ? segments - 1 - i : i) * cut, n = MIN(cut, b->n - at);

        for (int copies = story->twice ? 2 : 1; copies > 0; copies--)
            send_segment(story, side, story->frame, story->seq[side] + (uint32_t)at, b->data + at,
                         n);
    }
    story->seq[side] += (uint32_t)b->n;
    diag_tls_acked(story->tls, side, story->seq[side]);
}

/* Bytes that were sent and acknowledged and are not in the capture. */
static inline void lose_bytes(struct story *story, enum diag_side side, size_t n)
{
    story->seq[side] += (uint32_t)n;
    diag_tls_acked(story->tls, side, story->seq[side]);
}

static inline const char *awaited(const struct story *story)
{
    enum diag_side who;

    return diag_tls_expect_name(diag_tls_waiting_for(story->tls, &who));
}

static inline enum diag_side awaited_side(const struct story *story)
{
    enum diag_side who;

    (void)diag_tls_waiting_for(story->tls, &who);
    return who;
}

#define AWAITS(story, name, side)                                                                  \
    CHECK(strcmp(awaited(story), name) == 0 && awaited_side(story) == (side))

/* One flight: statements that put bytes into `flight`. */
#define SEND(story, side, ...)                                                                     \
    do {                                                                                           \
        struct tls_bytes *flight = g_new0(struct tls_bytes, 1);                                    \
        __VA_ARGS__;                                                                               \
        send_bytes(story, side, flight);                                                           \
        g_free(flight);                                                                            \
    } while (0)

/* ---- all facts as text */

static inline void tell_moment(GString *text, const char *name, struct diag_tls_moment moment)
{
    g_string_append_printf(text, "%s %u/%" PRId64 "\n", name, moment.frame, moment.time_ns);
}

static inline void tell_half(GString *text, const struct diag_tls_half *half)
{
    g_string_append_printf(text, "half %d %d %d %d %d %d %u %" PRIu64 " %" PRIu64 " %" PRIu64,
                           half->speech, half->first_count, half->lost, half->missed, half->ccs,
                           half->incomplete, half->wanting, half->records, half->data_records,
                           half->data_bytes);
    g_string_append_printf(text, " %" PRIu64 " %u %u %u %d %u\n", half->uncaptured, half->unseen,
                           half->pending, half->next, half->begun, half->end_of_last_message);
    for (size_t i = 0; i < half->first_count; i++)
        g_string_append_printf(text, "%02x ", half->first[i]);
    for (size_t i = 0; i < half->last_count; i++)
        g_string_append_printf(text, "record %d %d %u %u\n", half->last[i].type,
                               half->last[i].length, half->last[i].frame, half->last[i].end);
}

static inline void tell_hellos(GString *text, const struct diag_tls_facts *facts)
{
    const struct diag_tls_client_hello *c = facts->client_hello;
    const struct diag_tls_server_hello *s = &facts->server_hello;

    g_string_append_printf(text, "client %u %d %x %x-%x %d %d %s %s %d %d %d %d %d %d %d\n",
                           c->length, c->partial, c->legacy_version, c->min_version, c->max_version,
                           c->ciphers, c->session_id_length, c->server_name, c->alpn,
                           c->group_count, c->hybrid, c->ticket, c->psk, c->early_data, c->ech,
                           c->fallback);
    g_string_append_printf(text, "server %u %d %x %x %x %d %d %s\n", s->length, s->partial,
                           s->version, s->cipher, s->group, s->session_id_echoed, s->psk, s->alpn);
    g_string_append_printf(text, "certificates %u %u %u %d\n", facts->certificates.frame,
                           facts->certificates.length, facts->certificates.count,
                           facts->certificates.compressed);
}

static inline void tell_events(GString *text, const struct diag_tls_facts *facts)
{
    for (size_t i = 0; i < facts->message_count; i++) {
        const struct diag_tls_message *m = &facts->messages[i];

        g_string_append_printf(text, "message %d %c %d %d %u-%u %" PRId64 " %u %u-%u\n", m->side,
                               m->letter, m->handshake, m->holed, m->first_frame, m->frame,
                               m->time_ns, m->length, m->start, m->end);
    }
    for (size_t i = 0; i < facts->alert_count; i++) {
        const struct diag_tls_alert *a = &facts->alerts[i];

        g_string_append_printf(text, "alert %d %d %d %d %u %u\n", a->side, a->encrypted, a->level,
                               a->description, a->frame, a->end);
    }
}

/* Everything but the number of segments; free with free(). */
static inline char *all_facts(const struct story *story)
{
    const struct diag_tls_facts *facts = facts_of(story);
    GString *text = g_string_new(facts->history);

    g_string_append_printf(text, "\n%d %x %d %d %d %u %u %s\n", facts->client, facts->version,
                           facts->resumed, facts->hello_retries, facts->certificate_requested,
                           facts->messages_dropped, facts->alerts_dropped, awaited(story));
    tell_hellos(text, facts);
    tell_events(text, facts);
    tell_moment(text, "first hello", facts->first_client_hello);
    tell_moment(text, "last hello", facts->last_client_hello);
    tell_moment(text, "retry", facts->hello_retry);
    tell_moment(text, "server hello", facts->server_hello_at);
    tell_moment(text, "done", facts->server_hello_done);
    tell_moment(text, "client finished", facts->client_finished);
    tell_moment(text, "server finished", facts->server_finished);
    tell_moment(text, "established", facts->established);
    for (size_t side = 0; side < 2; side++) {
        tell_half(text, &facts->half[side]);
        tell_moment(text, "data", facts->first_data[side]);
        tell_moment(text, "close", facts->close_notify[side]);
    }
    return g_string_free(text, FALSE);
}

#endif
