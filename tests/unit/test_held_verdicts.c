/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that looks at a capture which grows decides when it is judged anew. */
#include "check.h"

#include <diag.h>

#include <glib.h>

#define SECOND INT64_C(1000000000)

static struct diag_engine *engine;
static uint32_t frame;

static void begin(void)
{
    struct diag_settings settings = diag_settings_default();

    engine = diag_engine_new(&settings);
    frame = 0;
}

/* The client of this stream asks to connect. */
static void ask(uint32_t stream)
{
    const struct diag_address host[] = {{4, {192, 0, 2, 10}}, {4, {198, 51, 100, 80}}};

    frame++;
    diag_feed_frame(engine, frame, 2 * SECOND * frame);
    diag_feed_segment(engine,
                      &(struct diag_segment){.frame = frame,
                                             .time_ns = 2 * SECOND * frame,
                                             .source = {host[0], (uint16_t)(50000 + stream)},
                                             .destination = {host[1], 80},
                                             .stream = stream,
                                             .flags = DIAG_SYN,
                                             .ip_version = 4,
                                             .ip_id = (uint16_t)frame,
                                             .ttl = 64});
}

/* Nobody answers: that is said of three SYNs, and not of one. */
static bool is_unanswered(void)
{
    size_t count = 0;
    const struct diag_judged *judged = diag_view_findings(engine, 0, &count);
    uint32_t most = 0;

    for (size_t i = 0; i < count; i++)
        if (judged[i].finding->id == DIAG_syn_no_reply)
            most = MAX(most, (uint32_t)judged[i].finding->value[0]);
    return most == 3;
}

static void what_is_held_stands(void)
{
    struct diag_view view;

    begin();
    ask(0);
    CHECK(!is_unanswered());
    diag_hold_verdicts(engine, true);
    ask(0);
    ask(0);
    ask(1);
    CHECK(diag_view_count(engine) == 1);
    CHECK(!is_unanswered());
    CHECK(diag_view_of_stream(engine, 0, &view));
    CHECK(!diag_view_of_stream(engine, 1, &view));
    diag_engine_free(engine);
}

static void what_is_let_go_is_judged_anew(void)
{
    struct diag_view view;

    begin();
    ask(0);
    CHECK(!is_unanswered());
    diag_hold_verdicts(engine, true);
    ask(0);
    ask(0);
    ask(1);
    diag_hold_verdicts(engine, false);
    CHECK(diag_view_count(engine) == 2);
    CHECK(is_unanswered());
    CHECK(diag_view_of_stream(engine, 1, &view));
    diag_engine_free(engine);
}

static void who_looks_first_is_told_all_the_same(void)
{
    begin();
    diag_hold_verdicts(engine, true);
    ask(0);
    CHECK(diag_view_count(engine) == 1);
    diag_engine_free(engine);
}

int main(void)
{
    what_is_held_stands();
    what_is_let_go_is_judged_anew();
    who_looks_first_is_told_all_the_same();
    return check_failures != 0;
}
