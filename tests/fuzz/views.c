/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views.h"

#include "../scenarios/runner/scenario.h"
#include "input.h"

#include <string.h>

/* Shorter than some texts and longer than others. */
static const size_t sizes[] = {1, 100};

/* Texts are for people: whatever the packets hold, they are UTF-8 without control characters. */
static void check_text(const char *text)
{
    demand(g_utf8_validate(text, -1, NULL));
    for (; *text; text++)
        demand((unsigned char)*text >= 0x20 || *text == '\n');
}

static void check_render(size_t (*render)(const struct diag_finding *, char *, size_t),
                         const struct diag_finding *finding)
{
    char whole[8192];
    size_t length = render(finding, whole, sizeof whole);

    demand(length < sizeof whole && strlen(whole) == length && length > 0);
    check_text(whole);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        char *text = malloc(sizes[i]); /* exactly, for the sanitizers */

        demand(text && render(finding, text, sizes[i]) == length);
        demand(memchr(text, '\0', sizes[i]) != NULL);
        free(text);
    }
}

static void check_finding(const struct diag_judged *judged, uint32_t last_frame)
{
    const struct diag_finding *finding = judged->finding;
    char blame[128];

    demand(finding->id < DIAG_ID_COUNT && finding->cause < DIAG_CAUSE_COUNT);
    demand(finding->frame <= last_frame && finding->side <= DIAG_NO_SIDE);
    demand(finding->severity <= DIAG_ERROR && judged->effective <= DIAG_ERROR);
    demand(!judged->explained || judged->explained_by < DIAG_ID_COUNT);
    demand(finding->evidence_count <= DIAG_MAX_EVIDENCE);
    for (size_t i = 0; i < finding->evidence_count; i++) {
        demand(finding->evidence[i].frame <= last_frame);
        demand(diag_role_name(finding->evidence[i].role) != NULL);
    }
    check_render(diag_render_summary, finding);
    check_render(diag_render_explanation, finding);
    check_render(diag_render_next_step, finding);
    diag_render_blame(finding->blame, blame, sizeof blame);
    check_text(blame);
}

static void check_resets(const struct diag_view *view, uint32_t last_frame)
{
    for (size_t i = 0; i < view->reset_count; i++) {
        const struct diag_reset *reset = &view->resets[i];

        demand(reset->frame <= last_frame && reset->answers <= last_frame);
        demand(reset->class < DIAG_ID_COUNT && diag_reset_kind_name(reset->kind));
        for (unsigned k = 0; k < reset->clue_count; k++) {
            char text[256];

            demand(reset->clues[k].reference <= last_frame);
            demand(diag_clue_name(reset->clues[k].kind) != NULL);
            diag_render_clue(&reset->clues[k], reset->side, text, sizeof text);
            check_text(text);
        }
    }
}

/* The parts add up, unless the clock has leapt further than sums reach. */
static void check_times(const struct diag_view *view)
{
    const int64_t decade = INT64_C(315360000) * 1000000000;
    int64_t sum = 0;
    char text[256];

    for (size_t part = 0; part < DIAG_PART_COUNT; part++) {
        demand(view->spent_ns[part] >= 0 || view->spent_ns[part] == DIAG_UNKNOWN_NS);
        sum += view->spent_ns[part] > 0 ? MIN(view->spent_ns[part], decade) : 0;
    }
    demand(sum == view->total_ns || sum >= decade || view->total_ns >= decade);
    diag_render_times(view, text, sizeof text);
    check_text(text);
    demand(view->first_frame <= view->last_frame);
}

static void check_view(const struct diag_view *view, uint32_t last_frame)
{
    char text[512];

    demand(view->outcome < DIAG_OUTCOME_COUNT && view->closer <= DIAG_NO_SIDE);
    demand(diag_stage_name(view->stage) && diag_vantage_name(view->vantage));
    demand(view->last_frame <= last_frame && view->success <= last_frame);
    check_text(view->tcp_history);
    check_text(view->ecn);
    check_text(view->timestamps);
    demand(!view->tls_has_offer || view->tls_history);
    demand(view->outcome != DIAG_FAILED || view->verdict);
    check_times(view);
    diag_render_options(view, text, sizeof text);
    check_text(text);
    for (size_t i = 0; i < view->finding_count; i++)
        check_finding(&view->findings[i], last_frame);
    check_resets(view, last_frame);
}

static void check_hosts(struct diag_engine *engine, uint32_t last_frame)
{
    const struct diag_judged *about_capture = NULL;
    size_t count = diag_host_count(engine);

    for (size_t i = 0; i < count; i++) {
        struct diag_host_view host;

        diag_host_get(engine, i, &host);
        check_finding(&host.judged, last_frame);
        for (size_t k = 0; k < host.stream_count; k++) {
            struct diag_view view;

            demand(diag_view_of_stream(engine, host.streams[k], &view));
        }
    }
    count = diag_capture_findings(engine, &about_capture);
    for (size_t i = 0; i < count; i++)
        check_finding(&about_capture[i], last_frame);
}

void views_check(struct diag_engine *engine, uint32_t last_frame)
{
    size_t count = diag_view_count(engine);

    for (size_t i = 0; i < count; i++) {
        struct diag_view view, label;

        diag_view_get(engine, i, &view);
        check_view(&view, last_frame);
        diag_view_label(engine, i, &label);
        demand(label.stream == view.stream);
        demand(diag_view_of_stream(engine, view.stream, &label));
    }
    check_hosts(engine, last_frame);
}

char *views_print(struct diag_engine *engine)
{
    GString *out = g_string_new(NULL);

    scn_print_findings(engine, out);
    return g_string_free(out, FALSE);
}
