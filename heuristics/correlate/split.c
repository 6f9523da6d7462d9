/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells the failed connections of a service from the good ones: a contrast, tested against
 * chance. Fisher's exact test, twice for both directions, and corrected (Bonferroni) for all
 * features that could have differed.
 */
#include "bounded.h"
#include "correlate/features.h"

#include <stdio.h>
#include <string.h>

/* Enough to decide, and C(512, 256) fits into a double. */
#define MOST 512
/* Three against three have their shape by chance in one of ten cases: worth a look, no more. */
#define FEW 3
/* A complete separation of so many is no chance, whatever else was compared. */
#define MANY          8
#define UNLIKELY      0.01
#define VERY_UNLIKELY 0.001

struct sample {
    struct diag_sentence *sentence;
    const struct diag_connection *conn;
    bool failed;
};

struct samples {
    struct sample *one;
    size_t count;
    uint32_t failed;
    uint32_t good;
    uint32_t changes; /* from failed to good and back, in order of time */
    bool one_client;
};

/* One feature, its value compared with all others. */
struct split {
    enum diag_feature feature;
    const struct diag_connection *example; /* that has the value */
    bool others;                           /* failures go with not having it */
    bool complete;
    bool varies;
    uint32_t failed_with;
    uint32_t good_with;
    double chance;      /* that as much comes by itself, if nothing else was compared */
    uint32_t failed_of; /* observations: connections, or clients */
    uint32_t good_of;
};

/* ---- samples */

static void take(struct samples *s, const struct diag_entry *e)
{
    bool failed = e->outcome == DIAG_FAILED;

    if (e->unwanted || (!failed && !diag_entry_worked(e)) || !e->conn->half[DIAG_CLIENT].syn)
        return;
    if (s->count) {
        s->changes += s->one[s->count - 1].failed != failed;
        s->one_client =
            s->one_client && diag_same_address(&s->one[0].conn->endpoint[0].address, &e->client);
    }
    s->failed += failed;
    s->good += !failed;
    s->one[s->count++] = (struct sample){e->sentence, e->conn, failed};
}

static struct samples sample(struct diag_span service)
{
    struct samples s = {.one = g_new(struct sample, MIN(service.count, MOST)), .one_client = true};

    for (size_t i = 0; i < service.count && s.count < MOST; i++)
        take(&s, &service.entry[i]);
    return s;
}

/* ---- Fisher's exact test */

/* The chance of exactly k of the failed, when `with` of all were drawn (hypergeometric). */
static double chance_of(uint32_t k, uint32_t failed, uint32_t good, uint32_t with)
{
    double p = 1;
    uint32_t all = failed + good;

    for (uint32_t i = 0; i < k; i++)
        p *= (double)(failed - i) / (all - i) * (with - i) / (i + 1);
    for (uint32_t i = 0; i < with - k; i++)
        p *= (double)(good - i) / (all - k - i);
    return p;
}

static double fisher(uint32_t failed_with, uint32_t good_with, uint32_t failed, uint32_t good)
{
    uint32_t with = failed_with + good_with;
    double p = 0;

    for (uint32_t k = failed_with; k <= MIN(failed, with); k++)
        p += chance_of(k, failed, good, with);
    return MIN(1, 2 * p);
}

/* ---- one feature */

/* The value of most of the failed, or of the good, if more than half of them have one (Boyer and
 * Moore). */
static const struct diag_connection *usual(const struct samples *s, enum diag_feature feature,
                                           bool failed)
{
    const struct diag_connection *candidate = NULL;
    uint32_t votes = 0;

    for (size_t i = 0; i < s->count; i++) {
        const struct diag_connection *conn = s->one[i].conn;

        if (s->one[i].failed != failed)
            continue;
        if (!votes)
            candidate = conn;
        bool same = diag_feature_of(conn, feature) == diag_feature_of(candidate, feature);
        votes = same ? votes + 1 : votes - 1;
    }
    return candidate;
}

/* A hop more or less is another way, and no other machine. */
static bool is_same(const struct diag_connection *a, const struct diag_connection *b,
                    enum diag_feature feature)
{
    uint8_t x = a->half[DIAG_SERVER].ttl;
    uint8_t y = b->half[DIAG_SERVER].ttl;

    if (feature == DIAG_FEATURE_SERVER_TTL)
        return !diag_foreign_hops(x, y) && x + diag_hops(x) == y + diag_hops(y);
    return diag_feature_of(a, feature) == diag_feature_of(b, feature);
}

static bool tally(const struct samples *s, struct split *split)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct sample *one = &s->one[i];

        if (!diag_feature_of(one->conn, split->feature))
            return false;
        bool with = is_same(one->conn, split->example, split->feature) != split->others;
        split->failed_with += one->failed && with;
        split->good_with += !one->failed && with;
    }
    return true;
}

static gint compare_clients(gconstpointer a, gconstpointer b)
{
    const struct diag_connection *x = *(const struct diag_connection *const *)a;
    const struct diag_connection *y = *(const struct diag_connection *const *)b;

    return memcmp(&x->endpoint[DIAG_CLIENT].address, &y->endpoint[DIAG_CLIENT].address,
                  sizeof x->endpoint->address);
}

static uint32_t count_clients(const struct samples *s, bool failed)
{
    GPtrArray *clients = g_ptr_array_new();
    uint32_t count = 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->one[i].failed == failed)
            g_ptr_array_add(clients, (void *)s->one[i].conn);
    g_ptr_array_sort(clients, compare_clients);
    for (guint i = 0; i < clients->len; i++)
        count += i == 0 || compare_clients(&clients->pdata[i - 1], &clients->pdata[i]) != 0;
    g_ptr_array_free(clients, TRUE);
    return count;
}

/* Connections of one client that always has the feature are no independent observations. */
static void weigh(const struct samples *s, struct split *split)
{
    bool clients = diag_feature_of_client(split->feature) && !s->one_client;

    split->complete = split->failed_with == s->failed && split->good_with == 0;
    split->failed_of = clients ? count_clients(s, true) : s->failed;
    split->good_of = clients ? count_clients(s, false) : s->good;
    if (split->complete)
        split->chance = fisher(split->failed_of, 0, split->failed_of, split->good_of);
    else
        split->chance =
            clients ? 1 : fisher(split->failed_with, split->good_with, s->failed, s->good);
}

static struct split compare(const struct samples *s, enum diag_feature feature, bool others)
{
    struct split split = {
        .feature = feature, .example = usual(s, feature, !others), .others = others, .chance = 1};

    if (!tally(s, &split))
        return (struct split){.feature = feature, .chance = 1};
    uint32_t with = split.failed_with + split.good_with;

    split.varies = with > 0 && with < s->failed + s->good;
    if (split.varies)
        weigh(s, &split);
    return split;
}

static struct split better_of(const struct samples *s, enum diag_feature feature)
{
    struct split has = compare(s, feature, false);
    struct split lacks = compare(s, feature, true);
    bool other = lacks.varies && (!has.varies || (lacks.complete && !has.complete) ||
                                  (lacks.complete == has.complete && lacks.chance < has.chance));

    return other ? lacks : has;
}

/* ---- all features */

struct splits {
    struct split one[DIAG_FEATURE_COUNT];
    uint32_t varying;
    const struct split *best; /* NULL: none */
};

/* Ports are drawn by chance themselves: a few that fall together mean nothing. */
static bool is_worth_a_note(const struct split *split, double chance)
{
    return split->complete && (split->feature != DIAG_FEATURE_SOURCE_PORT || chance < UNLIKELY);
}

static bool is_better(const struct split *a, const struct split *b)
{
    return !b || a->complete > b->complete || (a->complete == b->complete && a->chance < b->chance);
}

static void look_for_splits(const struct samples *s, struct splits *all, unsigned from, unsigned to)
{
    all->varying = 0;
    all->best = NULL;
    for (unsigned i = from; i < to; i++) {
        all->one[i] = better_of(s, (enum diag_feature)i);
        all->varying += all->one[i].varies;
    }
    for (unsigned i = from; i < to; i++) {
        const struct split *split = &all->one[i];
        double chance = split->chance * all->varying;

        if (split->varies && (is_worth_a_note(split, chance) || chance < VERY_UNLIKELY) &&
            is_better(split, all->best))
            all->best = split;
    }
}

/* Else whatever was changed in between may be the reason just as well. */
static bool is_interleaved(const struct samples *s)
{
    return s->changes >= 2;
}

/* Machines are compared in two features only, and a load balancer deals them out by chance: so each
 * connection is an observation. */
static enum diag_severity severity_of(const struct samples *s, const struct splits *all)
{
    const struct split *best = all->best;
    bool unlikely = best->chance * all->varying < UNLIKELY;

    if (!is_interleaved(s) || (best->complete && !unlikely))
        return DIAG_NOTE;
    if (!best->complete || best->feature >= DIAG_FIRST_SERVER_FEATURE)
        return DIAG_WARN;
    return best->failed_of >= MANY && best->good_of >= MANY ? DIAG_ERROR : DIAG_NOTE;
}

/* ---- findings */

#define TEXT 400

/* "10.0.5.9:443 with no SACK, client 10.0.0.1": all that differ so, for one may only accompany
 * another. */
static void describe(const struct splits *all, unsigned from, unsigned to, char *text)
{
    const struct diag_endpoint *server = &all->best->example->endpoint[DIAG_SERVER];
    const char *between = " with ";
    char one[120];

    diag_render_endpoint(server, text, TEXT);
    for (unsigned i = from; i < to; i++) {
        const struct split *split = &all->one[i];

        if (split != all->best && !(split->complete && all->best->complete))
            continue;
        diag_feature_text(split->example, split->feature, split->others, one, sizeof one);
        size_t length = strlen(text);
        snprintf(text + length, TEXT - length, "%s%s", between, one);
        between = ", ";
    }
}

static unsigned blame_of(const struct splits *all, unsigned from, unsigned to)
{
    unsigned blame = 0;

    for (unsigned i = from; i < to; i++)
        if (&all->one[i] == all->best || (all->one[i].complete && all->best->complete))
            blame |= diag_feature_blame((enum diag_feature)i);
    return blame & DIAG_BLAME_UNKNOWN ? DIAG_BLAME_UNKNOWN : blame;
}

static int64_t odds_of(const struct splits *all)
{
    double chance = all->best->chance * all->varying;

    return chance >= 1 ? 1 : chance < 1e-9 ? 1000000000 : (int64_t)(1 / chance);
}

static void cite(struct diag_host *host, const struct samples *s, bool fold)
{
    struct diag_finding *f = diag_host_finding(host);
    unsigned cited[2] = {0, 0};

    for (size_t i = 0; i < s->count; i++) {
        const struct sample *one = &s->one[i];

        if (cited[one->failed]++ < DIAG_MAX_EVIDENCE / 2)
            diag_cite(f, one->failed ? DIAG_ROLE_failed_connection : DIAG_ROLE_good_connection,
                      one->conn->first_frame);
        if (one->failed && fold)
            diag_host_fold(host, one->sentence);
        else if (one->failed)
            diag_host_mention(host, one->sentence);
    }
}

static void report(struct diag_engine *engine, struct diag_judgement *judgement,
                   const struct samples *s, const struct splits *all, enum diag_id id)
{
    bool server = id == DIAG_host_bad_backend;
    unsigned from = server ? DIAG_FIRST_SERVER_FEATURE : 0;
    unsigned to = server ? DIAG_FEATURE_COUNT : DIAG_FIRST_SERVER_FEATURE;
    const struct split *best = all->best;
    uint32_t with = best->failed_with + best->good_with;
    enum diag_severity severity = severity_of(s, all);
    struct diag_out out = {.engine = engine};
    char text[TEXT];
    struct diag_host *host = diag_host_add(
        engine, judgement, id, s->one[0].conn->first_frame,
        (int64_t[DIAG_MAX_VALUES]){best->failed_with, with, s->failed - best->failed_with,
                                   s->failed + s->good - with, odds_of(all)});
    struct diag_finding *f = diag_host_finding(host);

    describe(all, from, to, text);
    diag_name_it(&out, f, text);
    host->server = best->example->endpoint[DIAG_SERVER];
    f->blame = blame_of(all, from, to);
    f->confidence = severity == DIAG_NOTE ? DIAG_LOW : DIAG_MEDIUM;
    if (!is_interleaved(s))
        f->cause = DIAG_CAUSE_before_after;
    diag_host_weigh(host, severity);
    cite(host, s, severity >= DIAG_WARN);
}

/* A client's feature comes before everything that the server does, and may well decide which
 * machine it is sent to; so it is looked for first. */
bool diag_correlate_split(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span service)
{
    struct samples s = sample(service);
    struct splits all = {0};
    bool found = false;

    if (s.failed >= FEW && s.good >= FEW) {
        enum diag_id id = DIAG_host_feature_split;

        look_for_splits(&s, &all, 0, DIAG_FIRST_SERVER_FEATURE);
        if (!all.best) {
            id = DIAG_host_bad_backend;
            look_for_splits(&s, &all, DIAG_FIRST_SERVER_FEATURE, DIAG_FEATURE_COUNT);
        }
        found = all.best != NULL;
        if (found)
            report(engine, judgement, &s, &all, id);
    }
    g_free(s.one);
    return found;
}
