/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any sequence of segments must be read within bounds, and the facts must stay sound. Input:
 * segments, each behind 4 bytes (what it is, distance from the expected sequence number, length).
 * Built without libFuzzer it replays the files that are named as arguments.
 */
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() may be compiled out. */
static void demand(bool condition)
{
    if (!condition)
        abort();
}

struct session {
    struct diag_tls *tls;
    struct diag_certificates *store;
    uint32_t next[2]; /* what each side sends next */
    uint32_t frame;
};

static void check_half(const struct diag_tls_half *half)
{
    demand(half->first_count <= DIAG_TLS_FIRST_BYTES);
    demand(half->last_count <= DIAG_TLS_MAX_RECORDS);
    demand(half->pending <= 65536);
    demand(half->data_records <= half->records);
    demand((half->wanting > 0) <= half->incomplete);
    demand(half->speech != DIAG_TLS_NOT_TLS || half->records == 0);
    for (size_t i = 0; i < half->last_count; i++)
        demand(half->last[i].frame > 0 && half->last[i].length <= 0x7fff);
}

static void check_message(const struct diag_tls_facts *facts, size_t i)
{
    const struct diag_tls_message *message = &facts->messages[i];
    bool client = message->letter >= 'A' && message->letter <= 'Z';
    size_t flip = facts->history[0] == '^';

    demand(facts->history[flip + i] == message->letter);
    demand(client == (message->side == facts->client));
    demand(i == 0 || facts->messages[i - 1].frame <= message->frame);
}

static void check_facts(const struct diag_tls *tls)
{
    const struct diag_tls_facts *facts = diag_tls_facts(tls);
    const struct diag_tls_client_hello *hello = facts->client_hello;
    enum diag_side who;
    enum diag_tls_expect expect = diag_tls_waiting_for(tls, &who);

    demand((expect == DIAG_TLS_EXPECT_nothing) == (who == DIAG_NO_SIDE));
    demand(diag_tls_expect_name(expect) != NULL);
    demand(facts->message_count <= DIAG_TLS_MAX_MESSAGES);
    demand(strlen(facts->history) == (size_t)facts->message_count + (facts->history[0] == '^'));
    demand(facts->alert_count <= DIAG_TLS_MAX_ALERTS);
    demand(hello->group_count <= DIAG_TLS_MAX_GROUPS);
    demand(strlen(hello->alpn) <= DIAG_TLS_MAX_ALPN);
    demand(strlen(hello->server_name) <= hello->server_name_length);
    demand(hello->length > 0 || hello->segments == 0);
    for (size_t i = 0; i < facts->message_count; i++)
        check_message(facts, i);
    check_half(&facts->half[DIAG_CLIENT]);
    check_half(&facts->half[DIAG_SERVER]);
}

/* Reads every byte, for the sanitizers. */
static bool read_anything(void *context, const uint8_t *der, size_t length,
                          struct diag_certificate *certificate)
{
    (void)context;
    for (size_t i = 0; i < length; i++)
        certificate->key_bits = (uint16_t)(certificate->key_bits + der[i]);
    certificate->authority = certificate->key_bits % 2;
    certificate->subject[0] = (char)der[0];
    return certificate->key_bits % 3;
}

static bool covers_nothing(void *context, const uint8_t *der, size_t length, const char *name)
{
    return context && der && length && name;
}

static void check_certificates(struct session *s)
{
    const struct diag_tls_certificates *seen = &diag_tls_facts(s->tls)->certificates;

    demand(seen->chain_count <= DIAG_TLS_MAX_CHAIN);
    for (size_t i = 0; i < seen->chain_count; i++)
        if (seen->chain[i])
            demand(seen->chain[i]->readable &&
                   !diag_certificates_cover(s->store, seen->chain[i], "name"));
}

/* A copy of exactly this size, so that a sanitizer sees the first byte read too many. */
static void feed(struct session *s, enum diag_side side, struct diag_segment segment)
{
    uint8_t *exact = malloc(segment.captured ? segment.captured : 1);

    memcpy(exact, segment.data, segment.captured);
    segment.data = exact;
    /* What keys show is anything, too: here the same bytes behind their own type. */
    const struct diag_decrypted decrypted[2] = {
        {.type = exact[0], .length = segment.captured / 2, .data = exact},
        {.type = 22, .length = segment.captured / 2, .data = exact}};

    if (segment.decrypted_count && segment.captured)
        segment.decrypted = decrypted;
    else
        segment.decrypted_count = 0;
    diag_tls_segment(s->tls, side, &segment);
    free(exact);
}

/* Bits of what: 0 side, 1 flags, 2 far away, 3 acknowledged, 4 snap length, 5 as expected, 7 with
 * keys. */
static size_t take_segment(struct session *s, const uint8_t *head, size_t rest)
{
    uint8_t what = head[0];
    enum diag_side side = what & 1 ? DIAG_SERVER : DIAG_CLIENT;
    size_t n = (size_t)(head[2] << 8 | head[3]) % 2048;
    uint32_t distance = what & 32 ? 0 : (uint32_t)(int8_t)head[1];
    struct diag_segment segment = {.frame = ++s->frame, .time_ns = s->frame};

    n = n < rest ? n : rest;
    segment.seq = s->next[side] + (what & 4 ? distance << 24 : distance);
    segment.flags = what & 2 ? (uint16_t)(head[2] >> 3) : DIAG_ACK;
    segment.ack = s->next[diag_peer(side)];
    segment.payload = (uint32_t)n + (what & 16 ? head[1] : 0u);
    segment.captured = (uint32_t)n;
    segment.decrypted_count = what & 128 ? 2 : 0;
    segment.data = head + HEAD;
    feed(s, side, segment);
    if (!(what & 4))
        s->next[side] = segment.seq + segment.payload;
    if (what & 8)
        diag_tls_acked(s->tls, side, s->next[side] + (what & 64 ? head[1] : 0u));
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct diag_certificate_reader reader = {.read = read_anything, .covers = covers_nothing};
    struct session s = {
        .tls = diag_tls_new(), .store = diag_certificates_new(), .next = {1000, 0xfffffff0u}};

    diag_certificates_read_with(s.store, &reader);
    diag_tls_read_certificates(s.tls, s.store);
    (void)diag_tls_looks_like(data, size);
    diag_tls_start(s.tls, DIAG_CLIENT, s.next[DIAG_CLIENT]);
    for (size_t at = 0; at + HEAD <= size;) {
        at += HEAD + take_segment(&s, data + at, size - at - HEAD);
        check_facts(s.tls);
        check_certificates(&s);
    }
    diag_tls_close(s.tls);
    check_facts(s.tls);
    diag_tls_free(s.tls);
    diag_certificates_free(s.store);
    return 0;
}

#ifndef DIAG_LIBFUZZER
static int replay(const char *path)
{
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (!file) {
        perror(path);
        return 1;
    }
    size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    return LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
    int failures = 0;

    for (int i = 1; i < argc; i++)
        failures += replay(argv[i]);
    return failures > 0;
}
#endif
