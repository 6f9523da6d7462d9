/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims about a connection as a whole: "outcome failed verdict=syn_no_reply", "attempts 6",
 * "history \"ShR\"", and "summary <id> \"text\"" about a rendered line.
 */
#include "scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_text(GString *out, const char *text)
{
    g_string_append(out, text ? text : "none");
}

static void put_outcome(const struct diag_view *view, GString *out)
{
    put_text(out, diag_outcome_name(view->outcome));
}

static void put_stage(const struct diag_view *view, GString *out)
{
    put_text(out, diag_stage_name(view->stage));
}

static void put_closer(const struct diag_view *view, GString *out)
{
    put_text(out, view->closer == DIAG_NO_SIDE ? NULL : diag_side_name(view->closer));
}

static void put_vantage(const struct diag_view *view, GString *out)
{
    put_text(out, diag_vantage_name(view->vantage));
}

static void put_attempts(const struct diag_view *view, GString *out)
{
    g_string_append_printf(out, "%u", view->attempts);
}

static void put_attempt(const struct diag_view *view, GString *out)
{
    g_string_append_printf(out, "%u", view->attempt);
}

static void put_retries(const struct diag_view *view, GString *out)
{
    g_string_append_printf(out, "%u", view->syn_retries);
}

static void put_history(const struct diag_view *view, GString *out)
{
    put_text(out, view->tcp_history);
}

static void put_tls_history(const struct diag_view *view, GString *out)
{
    put_text(out, view->tls_history);
}

static void put_waiting_for(const struct diag_view *view, GString *out)
{
    put_text(out, view->tls_waiting_for);
}

static void put_waited(const struct diag_view *view, GString *out)
{
    if (view->tls_waited_ns == DIAG_UNKNOWN_NS)
        put_text(out, NULL);
    else
        g_string_append_printf(out, "%.3f", (double)view->tls_waited_ns / 1e9);
}

static void put_ecn(const struct diag_view *view, GString *out)
{
    put_text(out, view->ecn);
}

static void put_timestamps(const struct diag_view *view, GString *out)
{
    put_text(out, view->timestamps);
}

static void put_options(const struct diag_view *view, GString *out)
{
    char text[256];

    diag_render_options(view, text, sizeof text);
    put_text(out, text);
}

/* The parts that took any time, in milliseconds' precision: "connect=0.020 server=1.000". */
static void put_times(const struct diag_view *view, GString *out)
{
    for (int part = 0; part < DIAG_PART_COUNT; part++)
        if (view->spent_ns[part] != DIAG_UNKNOWN_NS && view->spent_ns[part] >= 500000)
            g_string_append_printf(out, "%s%s=%.3f", out->len ? " " : "",
                                   diag_part_name((enum diag_part)part),
                                   (double)view->spent_ns[part] / 1e9);
}

/* "5:hop_count,5:timing" */
static void put_clues(const struct diag_view *view, GString *out)
{
    for (size_t i = 0; i < view->reset_count; i++)
        for (unsigned k = 0; k < view->resets[i].clue_count; k++)
            g_string_append_printf(out, "%s%u:%s", out->len ? "," : "", view->resets[i].frame,
                                   diag_clue_name(view->resets[i].clues[k].kind));
    put_text(out, out->len ? "" : NULL);
}

/* "5: TTL 61, ..., 5: ..." */
static void put_clue_texts(const struct diag_view *view, GString *out)
{
    for (size_t i = 0; i < view->reset_count; i++)
        for (unsigned k = 0; k < view->resets[i].clue_count; k++) {
            char text[200];

            diag_render_clue(&view->resets[i].clues[k], view->resets[i].side, text, sizeof text);
            g_string_append_printf(out, "%s%u: %s", out->len ? ", " : "", view->resets[i].frame,
                                   text);
        }
    put_text(out, out->len ? "" : NULL);
}

/* "5:reply=4,6:reply=4:again": its kind, the frame that it answers */
static void put_resets(const struct diag_view *view, GString *out)
{
    for (size_t i = 0; i < view->reset_count; i++) {
        const struct diag_reset *reset = &view->resets[i];

        g_string_append_printf(out, "%s%u:%s", out->len ? "," : "", reset->frame,
                               diag_reset_kind_name(reset->kind));
        if (reset->answers)
            g_string_append_printf(out, "=%u", reset->answers);
        g_string_append(out, reset->repeat ? ":again" : "");
    }
    put_text(out, out->len ? "" : NULL);
}

static void put_tamper(const struct diag_view *view, GString *out)
{
    put_text(out, view->tamper_signature);
}

/* "server:network:after=1x1448" */
static void put_losses(const struct diag_view *view, GString *out)
{
    for (int row = 0; row < 2 * DIAG_LOSS_KINDS * DIAG_LOSS_PLACES; row++) {
        int side = row / (DIAG_LOSS_KINDS * DIAG_LOSS_PLACES);
        int kind = row / DIAG_LOSS_PLACES % DIAG_LOSS_KINDS;
        int where = row % DIAG_LOSS_PLACES;
        const struct diag_loss_sum *sum = &view->lost[side][kind][where];

        if (sum->count)
            g_string_append_printf(out, "%s%s:%s:%s=%ux%" PRIu64, out->len ? "," : "",
                                   diag_side_name((enum diag_side)side),
                                   diag_loss_kind_name((enum diag_loss_kind)kind),
                                   diag_loss_where_name((enum diag_loss_where)where), sum->count,
                                   sum->bytes);
    }
    put_text(out, out->len ? "" : NULL);
}

static const struct statement {
    const char *keyword;
    void (*put)(const struct diag_view *view, GString *out);
} statements[] = {
    {"outcome", put_outcome},
    {"stage", put_stage},
    {"closer", put_closer},
    {"vantage", put_vantage},
    {"attempts", put_attempts},
    {"attempt", put_attempt},
    {"syn_retries", put_retries},
    {"history", put_history},
    {"tls_history", put_tls_history},
    {"waiting_for", put_waiting_for},
    {"waited", put_waited},
    {"ecn", put_ecn},
    {"timestamps", put_timestamps},
    {"options", put_options},
    {"times", put_times},
    {"clues", put_clues},
    {"resets", put_resets},
    {"clue_texts", put_clue_texts},
    {"tamper", put_tamper},
    {"losses", put_losses},
};

static const struct statement *statement_of(const char *keyword)
{
    for (size_t i = 0; i < G_N_ELEMENTS(statements); i++)
        if (strcmp(statements[i].keyword, keyword) == 0)
            return &statements[i];
    return NULL;
}

bool scn_is_statement(const char *keyword)
{
    return statement_of(keyword) || strcmp(keyword, "summary") == 0;
}

static bool same(const struct scn_line *line, const char *what, const char *wanted,
                 const char *found)
{
    if (strcmp(wanted, found) == 0)
        return true;
    fprintf(stderr, "%s:%u: %s: wanted \"%s\", found \"%s\"\n", line->file, line->number, what,
            wanted, found);
    return false;
}

/* Of several incarnations the last one, unless the line names the stream. */
static void view_of(const struct scn_story *story, struct diag_engine *engine,
                    struct scn_expectation *claim, struct diag_view *view)
{
    const GArray *streams = story->connection[MAX(claim->connection, 1)].streams;
    const char *text = scn_line_value(&claim->line, "stream");
    uint32_t stream = text           ? scn_number(&claim->line, text, 1000)
                      : streams->len ? g_array_index(streams, uint32_t, streams->len - 1)
                                     : DIAG_NO_STREAM;

    if (stream == DIAG_NO_STREAM || !diag_view_of_stream(engine, stream, view))
        scn_fail(&claim->line, "diag knows no such connection");
}

static unsigned check_view(const struct scn_story *story, struct diag_engine *engine,
                           struct scn_expectation *claim, const struct statement *statement)
{
    GString *text = g_string_new(NULL);
    const char *wanted = scn_line_at(&claim->line, 1);
    const char *verdict = scn_line_value(&claim->line, "verdict");
    struct diag_view view;

    if (!wanted)
        scn_fail(&claim->line, "%s needs a value", statement->keyword);
    view_of(story, engine, claim, &view);
    statement->put(&view, text);
    unsigned failures = !same(&claim->line, statement->keyword, wanted, text->str);

    if (verdict)
        failures += !same(&claim->line, "verdict", verdict,
                          view.verdict ? diag_catalogue[view.verdict->finding->id].slug : "none");
    g_string_free(text, TRUE);
    return failures;
}

static unsigned check_summary(const struct scn_story *story, struct scn_expectation *claim,
                              const GArray *found)
{
    const char *slug = scn_line_at(&claim->line, 1);
    const char *wanted = scn_line_at(&claim->line, 2);
    enum diag_id id = slug ? diag_id_of(slug) : DIAG_ID_COUNT;
    char text[512] = "(no such finding)";

    if (id == DIAG_ID_COUNT || !wanted)
        scn_fail(&claim->line, "summary <diagnosis> \"text\"");
    for (guint i = 0; i < found->len; i++) {
        const struct scn_found *one = &g_array_index(found, struct scn_found, i);

        if (one->judged.finding->id != id ||
            (claim->connection && !scn_in_connection(story, claim->connection, one->stream)))
            continue;
        diag_render_summary(one->judged.finding, text, sizeof text);
        if (strcmp(text, wanted) == 0)
            return 0;
    }
    return !same(&claim->line, slug, wanted, text);
}

/* Whatever the story: no part is negative, and the parts are the whole. */
unsigned scn_check_times(const struct scn_story *story, struct diag_engine *engine)
{
    size_t count = diag_view_count(engine);
    unsigned failures = 0;

    for (size_t i = 0; i < count; i++) {
        struct diag_view view;
        int64_t sum = 0;
        bool negative = false;

        diag_view_get(engine, i, &view);
        for (int part = 0; part < DIAG_PART_COUNT; part++) {
            int64_t spent = view.spent_ns[part] == DIAG_UNKNOWN_NS ? 0 : view.spent_ns[part];

            sum += spent;
            negative = negative || spent < 0;
        }
        if (!negative && sum == view.total_ns)
            continue;
        fprintf(stderr, "%s: stream %u: the parts of the time are not the whole\n", story->file,
                view.stream);
        failures++;
    }
    return failures;
}

unsigned scn_check_statements(const struct scn_story *story, struct diag_engine *engine,
                              const GArray *found)
{
    unsigned failures = 0;

    for (guint i = 0; i < story->statements->len; i++) {
        struct scn_expectation *claim =
            &g_array_index(story->statements, struct scn_expectation, i);
        const struct statement *statement = statement_of(scn_line_at(&claim->line, 0));

        failures += statement ? check_view(story, engine, claim, statement)
                              : check_summary(story, claim, found);
        scn_line_finish(&claim->line);
    }
    return failures;
}
