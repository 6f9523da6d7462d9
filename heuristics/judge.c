/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From findings to a verdict: every family's second look, the folding of symptoms under causes,
 * what the connections say together, and the outcome of each.
 */
#include "judge.h"

static void free_sentence(void *data)
{
    struct diag_sentence *sentence = data;

    g_free(sentence->findings);
    g_free(sentence);
}

static void free_host(void *data)
{
    struct diag_host *host = data;

    g_array_free(host->streams, TRUE);
    g_free(host);
}

void diag_judgement_free(struct diag_judgement *judgement)
{
    if (!judgement)
        return;
    g_ptr_array_free(judgement->made, TRUE);
    g_ptr_array_free(judgement->sentences, TRUE);
    g_ptr_array_free(judgement->hosts, TRUE);
    g_array_free(judgement->capture, TRUE);
    g_free(judgement);
}

/* ---- folding */

static bool is_listed(const struct diag_id_list *list, enum diag_id id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->id[i] == id)
            return true;
    return false;
}

static bool share_a_frame(const struct diag_finding *a, const struct diag_finding *b)
{
    for (size_t i = 0; i < a->evidence_count; i++)
        for (size_t j = 0; j < b->evidence_count; j++)
            if (a->evidence[i].frame == b->evidence[j].frame)
                return true;
    return false;
}

/* A copy or a hole in the capture explains only what rests on those very frames, a slow answer only
 * who gave up waiting for it. */
static bool is_narrow(const struct diag_finding *cause)
{
    if (cause->id == DIAG_cap_one_way)
        return false;
    if (cause->id == DIAG_cap_clock_backwards)
        return cause->value[0] < DIAG_NO_CLOCK_NS;
    return cause->id == DIAG_slow_response || diag_catalogue[cause->id].stage == DIAG_STAGE_CAPTURE;
}

/* A certificate with a fault explains its own rejection: then it is a warning. */
static bool is_accepted_certificate(const struct diag_finding *cause)
{
    switch (cause->id) {
    case DIAG_tls_cert_expired:
    case DIAG_tls_cert_name_mismatch:
    case DIAG_tls_cert_chain_incomplete:
        return cause->severity < DIAG_WARN;
    default:
        return false;
    }
}

/* What is benign itself, or was overtaken, is no cause. */
static bool explains(const struct diag_judged *judged, const struct diag_finding *symptom)
{
    const struct diag_finding *cause = judged->finding;

    if (cause == symptom || cause->benign || judged->effective < cause->severity ||
        !is_listed(&diag_catalogue[cause->id].explains, symptom->id) ||
        is_accepted_certificate(cause))
        return false;
    return !is_narrow(cause) || share_a_frame(cause, symptom);
}

/* The same diagnosis said again with better numbers: the last one counts. */
static bool is_said_better(const struct diag_finding *old, const struct diag_finding *better)
{
    return old->id == better->id && old->side == better->side && old != better &&
           (better->verdict || !old->verdict);
}

static void fold_repeats(struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = i + 1; j < s->count && !s->findings[i].explained; j++)
            if (is_said_better(s->findings[i].finding, s->findings[j].finding)) {
                s->findings[i].explained = true;
                s->findings[i].explained_by = s->findings[j].finding->id;
            }
}

/* What was said better later is history: it may turn out to be benign. */
static bool is_history(const struct diag_judged *judged)
{
    return judged->explained && judged->explained_by == judged->finding->id;
}

static void explain(struct diag_sentence *s, struct diag_judged *symptom)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct diag_judged *cause = &s->findings[i];

        if (is_history(cause) || !explains(cause, symptom->finding))
            continue;
        /* The root of a chain is named rather than its middle. */
        if (symptom->explained && cause->explained)
            continue;
        symptom->explained = true;
        symptom->explained_by = cause->finding->id;
    }
}

static void fold(struct diag_sentence *s)
{
    fold_repeats(s);
    for (size_t i = 0; i < s->count; i++)
        if (!s->findings[i].explained)
            explain(s, &s->findings[i]);
    for (size_t i = 0; i < s->count; i++)
        if (s->findings[i].explained && s->findings[i].explained_by != s->findings[i].finding->id)
            explain(s, &s->findings[i]);
}

/* ---- one connection */

static size_t copy_judged(struct diag_judged *to, const GPtrArray *findings, guint from)
{
    size_t n = 0;

    for (guint i = from; findings && i < findings->len; i++) {
        const struct diag_finding *f = g_ptr_array_index(findings, i);

        to[n++] = (struct diag_judged){.finding = f, .effective = f->severity};
    }
    return n;
}

static void silence_overtaken(struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (diag_rules_overtaken(s->conn, s->findings[i].finding))
            s->findings[i].effective = DIAG_CHAT;
}

/* What is said of "the server" is said of whoever answers in its name. */
static bool suspect_proxy(GPtrArray *made, guint from)
{
    bool nearby = false;

    for (guint i = from; i < made->len; i++)
        nearby =
            nearby || ((struct diag_finding *)made->pdata[i])->id == DIAG_tcp_terminated_nearby;
    for (guint i = from; nearby && i < made->len; i++) {
        struct diag_finding *f = made->pdata[i];

        if (f->blame & DIAG_BLAME_SERVER)
            f->blame |= DIAG_BLAME_PROXY;
    }
    return nearby;
}

/* Somebody takes TLS bytes in the server's name and does not go on. */
static bool may_be_the_proxy(const struct diag_judged *judged)
{
    const struct diag_finding *f = judged->finding;

    if (f->verdict || judged->explained || judged->effective < f->severity ||
        !(f->blame & DIAG_BLAME_SERVER))
        return false;
    switch (f->id) {
    case DIAG_tls_no_server_hello:
    case DIAG_tls_stall_after_server_hello:
    case DIAG_tls_stall_server_finished:
    case DIAG_tls_slow_server_hello:
    case DIAG_tls_ch_reset:
        return true;
    default:
        return false;
    }
}

/* An event does not know yet what the end of the connection shows: the verdict says it again. */
static void suspect_proxy_again(struct diag_engine *engine, struct diag_judgement *judgement,
                                struct diag_sentence *s)
{
    size_t count = s->count;

    for (size_t i = 0; i < count; i++) {
        if (!may_be_the_proxy(&s->findings[i]))
            continue;
        struct diag_finding *f =
            diag_sentence_say_again(engine, judgement, s, s->findings[i].finding);

        if (f)
            f->blame |= DIAG_BLAME_PROXY;
    }
}

static struct diag_sentence *pass_sentence(struct diag_engine *engine,
                                           struct diag_judgement *judgement,
                                           struct diag_connection *conn)
{
    struct diag_sentence *s = g_new0(struct diag_sentence, 1);
    struct diag_out out = {engine, conn, judgement->made, true};
    guint made = judgement->made->len;
    guint events = conn->events ? conn->events->len : 0;

    diag_rules_end(conn, &out);
    bool nearby = suspect_proxy(judgement->made, made);

    s->conn = conn;
    s->findings = g_new0(struct diag_judged, MAX(events + (judgement->made->len - made), 1));
    s->count = copy_judged(s->findings, conn->events, 0);
    s->count += copy_judged(s->findings + s->count, judgement->made, made);
    silence_overtaken(s);
    fold(s);
    if (nearby)
        suspect_proxy_again(engine, judgement, s);
    return s;
}

void diag_hold_verdicts(struct diag_engine *engine, bool hold)
{
    engine->held = hold;
}

struct diag_judgement *diag_judge(struct diag_engine *engine)
{
    struct diag_judgement *j = engine->judgement;

    if (j && (engine->held || engine->judged == engine->fed))
        return j;
    diag_judgement_free(j);
    engine->judged = engine->fed;
    engine->judgement = j = g_new0(struct diag_judgement, 1);
    j->made = g_ptr_array_new_with_free_func(g_free);
    j->sentences = g_ptr_array_new_with_free_func(free_sentence);
    j->hosts = g_ptr_array_new_with_free_func(free_host);
    j->capture = g_array_new(FALSE, FALSE, sizeof(struct diag_judged));
    for (guint i = 0; i < engine->connections->len; i++)
        g_ptr_array_add(j->sentences,
                        pass_sentence(engine, j, g_ptr_array_index(engine->connections, i)));
    diag_correlate(engine, j);
    for (guint i = 0; i < j->sentences->len; i++)
        diag_decide(g_ptr_array_index(j->sentences, i));
    diag_judge_capture(engine, j);
    return j;
}

struct diag_finding *diag_sentence_add(struct diag_engine *engine, struct diag_judgement *judgement,
                                       struct diag_sentence *s, enum diag_id id, uint32_t frame,
                                       const int64_t value[DIAG_MAX_VALUES])
{
    struct diag_out out = {engine, engine->connections->pdata[s->conn->index], judgement->made,
                           true};
    struct diag_finding *f = diag_raise_values(&out, id, DIAG_SERVER, frame, value);

    if (!f)
        return NULL;
    s->findings = g_renew(struct diag_judged, s->findings, s->count + 1);
    s->findings[s->count++] = (struct diag_judged){.finding = f, .effective = f->severity};
    fold(s);
    return f;
}

struct diag_finding *diag_sentence_say_again(struct diag_engine *engine,
                                             struct diag_judgement *judgement,
                                             struct diag_sentence *s,
                                             const struct diag_finding *said)
{
    struct diag_finding *f =
        diag_sentence_add(engine, judgement, s, said->id, said->frame, said->value);

    if (!f)
        return NULL;
    *f = *said;
    f->verdict = true;
    fold(s);
    return f;
}

struct diag_host *diag_host_add(struct diag_engine *engine, struct diag_judgement *judgement,
                                enum diag_id id, uint32_t frame,
                                const int64_t value[DIAG_MAX_VALUES])
{
    struct diag_host *host = g_new0(struct diag_host, 1);
    struct diag_out out = {engine, NULL, judgement->made, true};
    struct diag_finding *f = diag_raise_values(&out, id, DIAG_SERVER, frame, value);

    host->judged = (struct diag_judged){.finding = f, .effective = f->severity};
    host->streams = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_ptr_array_add(judgement->hosts, host);
    return host;
}
