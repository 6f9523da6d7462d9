/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any capture must be taken within bounds. Events must stay as they were made, whoever looks in the
 * middle must change nothing, and every answer must make sense. Input: facts, see fact.c.
 */
#include "fact.h"
#include "views.h"

#include <string.h>

/* More facts make the fuzzer slow, and find nothing that fewer do not. */
#define MOST_FACTS 800
#define MOST_LOOKS 8

/* An event as it was when it was made. */
struct event {
    const struct diag_finding *made;
    uint32_t frame;
    uint8_t bytes[sizeof(struct diag_finding)];
};

struct run {
    struct diag_engine *seen;   /* whom somebody asks in the middle */
    struct diag_engine *unseen; /* whom nobody asks before the end */
    GArray *events;             /* of seen: struct event */
    uint32_t frame;             /* the last */
    unsigned facts;
    unsigned looks;
};

/* A stand-in for X.509: any bytes are a certificate, and each says what its bytes say. */
static bool read_anything(void *context, const uint8_t *der, size_t length,
                          struct diag_certificate *certificate)
{
    const int64_t now = 1800000000, days = INT64_C(86400);
    uint8_t last = der[length - 1];

    (void)context;
    for (size_t i = 0; i < length; i++)
        certificate->key_bits = (uint16_t)(certificate->key_bits + der[i]);
    certificate->not_before = now + days * 400 * ((last & 3) - 2);
    certificate->not_after = certificate->not_before + days * 300 * ((last >> 2 & 3) + 1);
    certificate->self_signed = last & 16;
    certificate->authority = last & 32;
    certificate->weak = last & 64;
    certificate->by_forum = last & 128;
    memcpy(certificate->subject, der, MIN(length, 40));
    memcpy(certificate->issuer, der + length / 2, MIN(length / 2, 40));
    memcpy(certificate->names, der, MIN(length, 100));
    strcpy(certificate->key, "RSA");
    return certificate->key_bits % 5;
}

static bool covers_some(void *context, const uint8_t *der, size_t length, const char *name)
{
    (void)context;
    return (der[length - 1] ^ (uint8_t)*name) & 1;
}

static bool inflate_anything(void *context, uint16_t algorithm, const uint8_t *data, size_t length,
                             uint8_t *result, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        result[i] = length ? data[i % length] : 0;
    return algorithm % 4;
}

static struct diag_engine *new_engine(void)
{
    static const struct diag_certificate_reader reader = {
        .read = read_anything, .covers = covers_some, .inflate = inflate_anything};
    struct diag_settings settings = diag_settings_default();
    struct diag_engine *engine = diag_engine_new(&settings);

    diag_engine_read_certificates_with(engine, &reader);
    return engine;
}

static void feed(struct diag_engine *engine, const struct fact *fact, bool new_frame)
{
    if (new_frame)
        diag_feed_frame(engine, fact->frame, fact->time_ns);
    if (fact->kind == FACT_FROM_CLIENT || fact->kind == FACT_FROM_SERVER)
        demand(diag_feed_segment(engine, &fact->segment) != NULL);
    else if (fact->kind == FACT_ICMP)
        diag_feed_icmp(engine, &fact->icmp);
    else if (fact->kind == FACT_NAME)
        diag_feed_name(engine, &fact->name);
    else if (fact->kind == FACT_ARP)
        diag_feed_arp(engine, &fact->arp);
    else if (fact->kind == FACT_DROPS)
        diag_feed_drops(engine, fact->frame, fact->drops);
}

/* Those that this fact made; the others of its frame were remembered before. */
static void remember_events(struct run *run, uint32_t frame)
{
    const struct diag_finding *const *event = NULL;
    size_t count = diag_events_of_frame(run->seen, frame, &event);
    size_t known = 0;

    for (guint i = run->events->len;
         i > 0 && g_array_index(run->events, struct event, i - 1).frame == frame; i--)
        known++;
    demand(known <= count);
    for (; known < count; known++) {
        struct event one = {.made = event[known], .frame = frame};

        memcpy(one.bytes, one.made, sizeof one.bytes);
        demand(!one.made->verdict);
        g_array_append_val(run->events, one);
    }
}

static void check_events(const struct run *run)
{
    size_t count = 0;

    for (guint i = 0; i < run->events->len; i++) {
        const struct event *one = &g_array_index(run->events, struct event, i);

        demand(memcmp((const uint8_t *)one->made, one->bytes, sizeof one->bytes) == 0);
    }
    for (uint32_t frame = 1; frame <= run->frame; frame++) {
        const struct diag_finding *const *event;

        count += diag_events_of_frame(run->seen, frame, &event);
    }
    demand(count == run->events->len);
}

static void check_reset(struct diag_engine *engine, const struct diag_segment *segment)
{
    const struct diag_reset *reset = diag_reset_of_frame(engine, segment->stream, segment->frame);

    /* A frame may hold several segments of a stream. */
    demand(!reset || reset->frame == segment->frame);
}

static void take(struct run *run, const struct fact *fact)
{
    bool new_frame = fact->frame != run->frame;

    run->facts++;
    run->frame = fact->frame;
    feed(run->seen, fact, new_frame);
    feed(run->unseen, fact, new_frame);
    remember_events(run, fact->frame);
    if (fact->kind == FACT_FROM_CLIENT || fact->kind == FACT_FROM_SERVER)
        check_reset(run->seen, &fact->segment);
}

static void check_the_end(struct run *run)
{
    views_check(run->seen, run->frame);
    char *seen = views_print(run->seen);
    char *unseen = views_print(run->unseen);
    char *again = views_print(run->unseen);

    demand(strcmp(seen, unseen) == 0);
    demand(strcmp(unseen, again) == 0);
    check_events(run);
    g_free(seen);
    g_free(unseen);
    g_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fact_story *story = fact_story_new(data, size);
    struct run run = {.seen = new_engine(),
                      .unseen = new_engine(),
                      .events = g_array_new(FALSE, FALSE, sizeof(struct event))};
    struct fact fact;

    while (run.facts < MOST_FACTS && fact_next(story, &fact)) {
        if (fact.kind != FACT_LOOK)
            take(&run, &fact);
        else if (run.looks++ < MOST_LOOKS)
            views_check(run.seen, run.frame);
        fact_free(&fact);
    }
    check_the_end(&run);
    diag_engine_free(run.seen);
    diag_engine_free(run.unseen);
    g_array_free(run.events, TRUE);
    fact_story_free(story);
    return 0;
}
