/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with the capture file as a whole. Accuses nobody. */
#include "judge.h"

/* More gaps, or a larger share of all bytes, than a capture that is fit to be judged by. */
#define MANY_GAPS 10
#define SHARE     100
/* So many frames in so many seconds do not all fall on a whole second. */
#define SOME_FRAMES 20
#define SOME_TIME   (3 * DIAG_SECOND_NS)

static void add(struct diag_judgement *judgement, struct diag_finding *finding)
{
    struct diag_judged judged = {.finding = finding, .effective = finding->severity};

    g_array_append_val(judgement->capture, judged);
}

/* How many copies there are is known at the end; the event said that there are some. */
static void count_copies(struct diag_engine *engine, struct diag_judgement *judgement,
                         struct diag_judged *event)
{
    const struct diag_finding *said = event->finding;
    struct diag_connection *conn = g_ptr_array_index(engine->connections, said->connection->index);
    struct diag_out out = {engine, conn, judgement->made, true};
    struct diag_finding *f =
        diag_raise(&out, said->id, said->side, said->frame, engine->copies, said->value[1]);

    diag_cite_again(f, said);
    add(judgement, f);
    event->explained = true;
    event->explained_by = said->id;
}

static uint64_t bytes_of_all(const struct diag_engine *engine)
{
    uint64_t bytes = 0;

    for (guint i = 0; i < engine->connections->len; i++) {
        const struct diag_connection *conn = g_ptr_array_index(engine->connections, i);

        bytes += conn->half[DIAG_CLIENT].bytes + conn->half[DIAG_SERVER].bytes;
    }
    return bytes;
}

static void lost_packets(struct diag_engine *engine, struct diag_judgement *judgement)
{
    struct diag_out out = {engine, NULL, judgement->made, true};
    bool many = engine->gaps > MANY_GAPS;

    if (!many && !engine->drops && engine->gap_bytes <= bytes_of_all(engine) / SHARE)
        return;
    if (!engine->drops && engine->gaps <= 1)
        return; /* told where it is */
    uint32_t frame = engine->drops ? engine->drop_frame : engine->gap_frame;
    struct diag_finding *f = diag_raise(&out, DIAG_cap_drops, DIAG_NO_SIDE, frame, engine->gaps,
                                        (int64_t)engine->gap_bytes, (int64_t)engine->drops);

    diag_cite(f, DIAG_ROLE_gap, engine->gap_frame);
    diag_cite(f, DIAG_ROLE_first, engine->drop_frame);
    add(judgement, f);
}

static void coarse_clock(struct diag_engine *engine, struct diag_judgement *judgement)
{
    struct diag_out out = {engine, NULL, judgement->made, true};

    if (engine->fine_clock || engine->frames < SOME_FRAMES ||
        engine->last_ns - engine->first_ns < SOME_TIME)
        return;
    struct diag_finding *f = diag_raise(&out, DIAG_cap_clock_backwards, DIAG_NO_SIDE,
                                        engine->last_frame, DIAG_SECOND_NS);

    f->cause = DIAG_CAUSE_coarse;
    diag_cite(f, DIAG_ROLE_last, engine->last_frame);
    add(judgement, f);
}

void diag_judge_capture(struct diag_engine *engine, struct diag_judgement *judgement)
{
    lost_packets(engine, judgement);
    coarse_clock(engine, judgement);
    for (guint i = 0; i < judgement->sentences->len; i++) {
        struct diag_sentence *s = g_ptr_array_index(judgement->sentences, i);

        for (size_t k = 0; k < s->count; k++)
            if (s->findings[k].finding->id == DIAG_cap_duplicate_frames)
                count_copies(engine, judgement, &s->findings[k]);
    }
}
