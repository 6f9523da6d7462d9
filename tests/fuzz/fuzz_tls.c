/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any sequence of segments must be read within bounds, and the facts must stay sound. Input: what
 * is known at the start, then segments, each behind 4 bytes (enum what, distance from the expected
 * sequence number, length) and perhaps followed by what somebody with the keys reads in it.
 */
#include "input.h"
#include "tls/tls.h"
#include "tls/upgrade.h"

#include <string.h>

#define LONGEST   2048
#define DECRYPTED 8

/* The first byte. */
enum known {
    CLIENT_START = 1 << 0,
    SERVER_START = 1 << 1,
    NO_CERTIFICATES = 1 << 2
};

/* The first byte of a segment. */
enum what {
    BY_SERVER = 1 << 0,
    FLAGS = 1 << 1,
    FAR_AWAY = 1 << 2,
    ACKED = 1 << 3,
    SNAPPED = 1 << 4, /* the distance is what the capture cut off */
    IN_ORDER = 1 << 5,
    BADLY_ACKED = 1 << 6,
    KEYS = 1 << 7
};

struct session {
    struct diag_tls *tls;
    struct diag_certificates *store;
    uint32_t next[2]; /* what each side sends next */
    uint32_t frame;
    enum diag_upgrade asked;
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

/* Any size comes out of any bytes, as with a crafted stream. */
static bool inflate_anything(void *context, uint16_t algorithm, const uint8_t *data, size_t length,
                             uint8_t *result, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        result[i] = data[i % length];
    return algorithm & 1;
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

static void check_words(const struct diag_tls_facts *facts)
{
    char text[32]; /* too short for some */

    diag_tls_offered_versions(facts->client_hello, text, sizeof text);
    demand(memchr(text, '\0', sizeof text) != NULL);
    diag_tls_offered_parameters(facts->client_hello, text, sizeof text);
    demand(memchr(text, '\0', sizeof text) != NULL);
    diag_tls_chosen_parameters(&facts->server_hello, text, sizeof text);
    demand(memchr(text, '\0', sizeof text) != NULL);
    for (int side = DIAG_CLIENT; side <= DIAG_SERVER; side++) {
        diag_tls_offered_certificate(facts, (enum diag_side)side, text, sizeof text);
        demand(memchr(text, '\0', sizeof text) != NULL);
    }
    for (size_t i = 0; i < facts->message_count; i++)
        demand(diag_tls_message_name(&facts->messages[i]) != NULL);
}

/* A copy of exactly this size, so that a sanitizer sees the first byte read too many. */
static uint8_t *exactly(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    return copy;
}

static uint8_t *take_bytes(struct input *in, size_t wanted, uint32_t *length)
{
    const uint8_t *data;

    *length = (uint32_t)input_bytes(in, wanted % LONGEST, &data);
    return exactly(data, *length);
}

/* What keys show is anything, too. */
static uint8_t take_decrypted(struct input *in, struct diag_decrypted *list, uint8_t **copies)
{
    uint8_t count = input_byte(in) % DECRYPTED;

    for (uint8_t i = 0; i < count; i++) {
        list[i].type = input_byte(in);
        copies[i] = take_bytes(in, input_16(in), &list[i].length);
        list[i].data = copies[i];
    }
    return count;
}

/* The requests and answers in plain text before TLS. */
static void ask_for_upgrade(struct session *s, const struct diag_segment *segment)
{
    enum diag_upgrade asked = diag_upgrade_asked(segment);

    (void)diag_upgrade_refused(s->asked, segment);
    demand(diag_upgrade_status(segment) < 1000);
    demand(diag_upgrade_offered(segment) <= DIAG_OFFER_MISSING);
    (void)diag_upgrade_proxy_header(segment);
    if (asked != DIAG_UPGRADE_NONE)
        s->asked = asked;
}

static void feed(struct session *s, enum diag_side side, struct diag_segment *segment,
                 struct input *in, bool keys)
{
    struct diag_decrypted decrypted[DECRYPTED];
    uint8_t *copies[DECRYPTED] = {NULL};

    segment->decrypted = decrypted;
    segment->decrypted_count = keys ? take_decrypted(in, decrypted, copies) : 0;
    ask_for_upgrade(s, segment);
    (void)diag_tls_looks_like(segment->data, segment->captured);
    diag_tls_segment(s->tls, side, segment);
    for (uint8_t i = 0; i < segment->decrypted_count; i++)
        free(copies[i]);
    segment->decrypted = NULL;
}

static void take_segment(struct session *s, struct input *in)
{
    uint8_t what = input_byte(in);
    uint8_t apart = input_byte(in);
    uint16_t size = input_16(in);
    enum diag_side side = what & BY_SERVER ? DIAG_SERVER : DIAG_CLIENT;
    uint32_t distance = what & IN_ORDER ? 0 : (uint32_t)(int8_t)apart;
    struct diag_segment segment = {.frame = ++s->frame, .time_ns = s->frame};
    uint8_t *data = take_bytes(in, size, &segment.captured);

    segment.seq = s->next[side] + (what & FAR_AWAY ? distance << 24 : distance);
    segment.flags = what & FLAGS ? size >> 11 : DIAG_ACK;
    segment.ack = s->next[diag_peer(side)];
    segment.payload = segment.captured + (what & SNAPPED ? apart : 0u);
    segment.data = data;
    feed(s, side, &segment, in, what & KEYS);
    free(data);
    if (!(what & FAR_AWAY))
        s->next[side] = segment.seq + segment.payload;
    if (what & ACKED)
        diag_tls_acked(s->tls, side, s->next[side] + (what & BADLY_ACKED ? apart : 0u));
}

static void start(struct session *s, uint8_t known)
{
    static const struct diag_certificate_reader reader = {
        .read = read_anything, .covers = covers_nothing, .inflate = inflate_anything};

    if (!(known & NO_CERTIFICATES)) {
        diag_certificates_read_with(s->store, &reader);
        diag_tls_read_certificates(s->tls, s->store);
    }
    if (known & CLIENT_START)
        diag_tls_start(s->tls, DIAG_CLIENT, s->next[DIAG_CLIENT]);
    if (known & SERVER_START)
        diag_tls_start(s->tls, DIAG_SERVER, s->next[DIAG_SERVER]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct session s = {
        .tls = diag_tls_new(), .store = diag_certificates_new(), .next = {1000, 0xfffffff0u}};

    start(&s, input_byte(&in));
    while (in.left > 0) {
        take_segment(&s, &in);
        check_facts(s.tls);
        check_certificates(&s);
    }
    diag_tls_close(s.tls);
    check_facts(s.tls);
    check_words(diag_tls_facts(s.tls));
    diag_tls_free(s.tls);
    diag_certificates_free(s.store);
    return 0;
}
