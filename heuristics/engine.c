/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes facts in capture order, finds the connection of each, and lets every family of rules look
 * at the step it makes.
 */
#include "tcp/copies.h"
#include "tcp/loss.h"
#include "portable.h"
#include "tcp/spent.h"

#include <assert.h>
#include <string.h>

#define RULE(name) extern const struct diag_rule diag_rule_##name;
#include "rules.def"
#undef RULE

static const struct diag_rule *const rules[] = {
#define RULE(name) &diag_rule_##name,
#include "rules.def"
#undef RULE
};

static_assert(G_N_ELEMENTS(rules) <= 64, "struct diag_asked has a bit for each family");

/* Once for all segments: most of them concern few families, and should not pay for the others. */
static void subscribe(struct diag_engine *engine)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        unsigned sees = rules[i]->sees ? rules[i]->sees : DIAG_SEES_ANY;
        unsigned sees_applied = rules[i]->sees_applied ? rules[i]->sees_applied : DIAG_SEES_ANY;

        for (unsigned trait = 0; trait < DIAG_TRAITS; trait++) {
            if (rules[i]->on_segment && (sees >> trait & 1))
                engine->asked[trait].on_segment |= UINT64_C(1) << i;
            if (rules[i]->on_applied && (sees_applied >> trait & 1))
                engine->asked[trait].on_applied |= UINT64_C(1) << i;
        }
    }
}

struct diag_engine *diag_engine_new(const struct diag_settings *settings)
{
    struct diag_engine *engine = g_new0(struct diag_engine, 1);

    engine->settings = *settings;
    subscribe(engine);
    diag_lookup_init(engine);
    engine->findings = g_ptr_array_new_with_free_func(g_free);
    engine->strings = g_string_chunk_new(256);
    engine->names = diag_names_new(settings);
    engine->neighbours = diag_neighbours_new();
    engine->claims = diag_claims_new();
    engine->certificates = diag_certificates_new();
    return engine;
}

void diag_engine_free(struct diag_engine *engine)
{
    if (!engine)
        return;
    diag_judgement_free(engine->judgement);
    diag_lookup_free(engine);
    g_ptr_array_free(engine->findings, TRUE);
    g_string_chunk_free(engine->strings);
    diag_names_free(engine->names);
    diag_neighbours_free(engine->neighbours);
    diag_claims_free(engine->claims);
    diag_certificates_free(engine->certificates);
    g_free(engine);
}

void diag_engine_read_certificates_with(struct diag_engine *engine,
                                        const struct diag_certificate_reader *reader)
{
    diag_certificates_read_with(engine->certificates, reader);
}

void diag_feed_frame(struct diag_engine *engine, uint32_t frame, int64_t time_ns)
{
    if (engine->frames++ == 0)
        engine->first_ns = time_ns;
    engine->fine_clock = engine->fine_clock || time_ns % DIAG_SECOND_NS != 0;
    engine->fed++;
    engine->last_frame = frame;
    engine->last_ns = diag_max_ns(engine->last_ns, time_ns);
}

void diag_feed_drops(struct diag_engine *engine, uint32_t frame, uint64_t count)
{
    engine->drop_frame = engine->drop_frame ? engine->drop_frame : frame;
    engine->drops += MIN(count, (uint64_t)INT64_MAX - engine->drops);
}

void diag_unmiss(struct diag_engine *engine, uint32_t bytes, bool all)
{
    engine->gap_bytes -= MIN(bytes, engine->gap_bytes);
    engine->gaps -= all && engine->gaps;
}

static void note_copy(struct diag_out *out, const struct diag_segment *seg,
                      const struct diag_original *original)
{
    struct diag_engine *engine = out->engine;

    out->conn->copies++;
    engine->copies++;
    if (original->frame) {
        engine->copy_frame[0] = original->frame;
        engine->copy_frame[1] = seg->frame;
        engine->copy_ns = seg->time_ns - original->time_ns;
    }
    diag_options_compare(out->conn, diag_side_of(out->conn, seg), seg);
    /* Two can be chance; the third makes it a property of the file. Said once. */
    if (engine->copies != 3)
        return;
    struct diag_finding *finding =
        diag_raise(out, DIAG_cap_duplicate_frames, diag_side_of(out->conn, seg), seg->frame,
                   engine->copies, engine->copy_ns);

    diag_cite(finding, DIAG_ROLE_first, engine->copy_frame[0]);
    diag_cite(finding, DIAG_ROLE_copy, engine->copy_frame[1]);
}

/* Takes the lowest bit out of a set that is not empty. */
static unsigned take_lowest(uint64_t *set)
{
    unsigned lowest = diag_lowest_bit(*set);

    *set &= *set - 1;
    return lowest;
}

static struct diag_asked asked_about(const struct diag_step *step)
{
    struct diag_asked asked = {0, 0};

    for (uint64_t traits = step->traits; traits;) {
        const struct diag_asked *by = &step->out->engine->asked[take_lowest(&traits)];

        asked.on_segment |= by->on_segment;
        asked.on_applied |= by->on_applied;
    }
    return asked;
}

static void judge_step(struct diag_step *step)
{
    diag_step_derive(step);
    diag_spent_add(step);
    struct diag_asked asked = asked_about(step);

    while (asked.on_segment)
        rules[take_lowest(&asked.on_segment)]->on_segment(step);
    diag_step_apply(step);
    while (asked.on_applied)
        rules[take_lowest(&asked.on_applied)]->on_applied(step);
}

/* Some drivers count Ethernet padding in the IP length: a pure ACK seems to carry 2 or 6 zeros. */
static bool is_padding(const struct diag_segment *seg)
{
    static const uint8_t zeros[6];

    return (seg->payload == 2 || seg->payload == 6) && seg->captured == seg->payload &&
           (seg->flags & ~(unsigned)DIAG_RST) == DIAG_ACK &&
           memcmp(seg->data, zeros, seg->payload) == 0;
}

struct diag_connection *diag_feed_segment(struct diag_engine *engine,
                                          const struct diag_segment *segment)
{
    struct diag_connection *conn = diag_connection_of(engine, segment);

    engine->fed++;
    engine->last_ns = diag_max_ns(engine->last_ns, segment->time_ns);
    if (!conn)
        return NULL;
    struct diag_out out = {engine, conn, engine->findings, false};
    enum diag_side from = diag_side_of(conn, segment);
    struct diag_segment bare;

    if (is_padding(segment)) {
        bare = *segment;
        bare.payload = bare.captured = 0;
        segment = &bare;
    }
    struct diag_step step = {.out = &out, .conn = conn, .seg = segment, .from = from};
    const struct diag_original original = diag_original_of(conn, segment, from);

    if (original.exists)
        note_copy(&out, segment, &original);
    else
        judge_step(&step);
    return conn;
}

void diag_rules_end(const struct diag_connection *conn, struct diag_out *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (rules[i]->on_end)
            rules[i]->on_end(conn, out);
}

bool diag_rules_overtaken(const struct diag_connection *conn, const struct diag_finding *event)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (rules[i]->overtaken && rules[i]->overtaken(conn, event))
            return true;
    return false;
}

struct diag_connection *diag_feed_icmp(struct diag_engine *engine, const struct diag_icmp *icmp)
{
    struct diag_connection *conn =
        diag_connection_between(engine, &icmp->source, &icmp->destination);
    struct diag_out out = {engine, conn, engine->findings, false};

    engine->fed++;
    if (conn)
        diag_icmp_answers(&out, icmp);
    return conn;
}

void diag_feed_name(struct diag_engine *engine, const struct diag_name_message *message)
{
    engine->fed++;
    diag_names_message(engine->names, message);
}

void diag_feed_arp(struct diag_engine *engine, const struct diag_arp *arp)
{
    engine->fed++;
    diag_neighbours_arp(engine->neighbours, arp);
    diag_claims_arp(engine->claims, arp);
}

static uint32_t frame_of(const GPtrArray *findings, guint i)
{
    return ((const struct diag_finding *)g_ptr_array_index(findings, i))->frame;
}

/* Events are made in frame order, so the first of a frame is found by bisection. */
static guint first_event(const GPtrArray *findings, uint32_t frame)
{
    guint low = 0;
    guint high = findings->len;

    /* While the capture is read, the answer is nearly always "none so far". */
    if (!high || frame_of(findings, high - 1) < frame)
        return high;

    while (low < high) {
        guint middle = (low + high) / 2;
        const struct diag_finding *finding = g_ptr_array_index(findings, middle);

        if (finding->frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t diag_events_of_frame(const struct diag_engine *engine, uint32_t frame,
                            const struct diag_finding *const **events)
{
    const GPtrArray *findings = engine->findings;
    guint first = first_event(findings, frame);
    guint end = first;

    while (end < findings->len &&
           ((const struct diag_finding *)g_ptr_array_index(findings, end))->frame == frame)
        end++;
    /* An array that was never filled has no memory to point into. */
    *events = NULL;
    if (end > first)
        *events = (const struct diag_finding *const *)(findings->pdata + first);
    return end - first;
}

/* A connection keeps its resets in frame order. */
const struct diag_reset *diag_reset_of_frame(const struct diag_engine *engine, uint32_t stream,
                                             uint32_t frame)
{
    const struct diag_connection *conn = diag_connection_of_stream(engine, stream);
    uint32_t low = 0;
    uint32_t high = conn ? conn->reset_count : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (conn->reset[middle].frame == frame)
            return &conn->reset[middle];
        if (conn->reset[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

uint32_t diag_connection_stream(const struct diag_connection *connection)
{
    return connection->stream;
}

uint32_t diag_stream_told(const struct diag_engine *engine, uint32_t stream)
{
    const struct diag_connection *conn = diag_connection_of_stream(engine, stream);

    return conn ? conn->stream : stream;
}
