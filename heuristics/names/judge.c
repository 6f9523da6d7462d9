/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * name_error and name_no_answer, when the capture is over: which lookups failed for good, without
 * those that are meant to fail, and one finding for all forms of a name.
 */
#include "names/private.h"
#include "names/text.h"

/* Three queries in a row, or two and this much time, are a resolver that is not heard. */
#define UNANSWERED_QUERIES 3
#define UNANSWERED_NS      (2 * NAME_SECOND)
/* Chrome asks for three made-up names at once. */
#define MADE_UP_NS     (2 * NAME_SECOND)
#define MADE_UP_OTHERS 2
/* Few real names have as many consonants in a row; without other evidence one more is wanted. */
#define MADE_UP_CONSONANTS 4

/* ---- innocent explanations */

static bool made_up_together(const struct diag_lookup *a, const struct diag_lookup *b)
{
    int64_t apart = diag_elapsed_ns(a->answer_ns, b->answer_ns);

    return b->rcode == DIAG_DNS_NXDOMAIN && apart >= -MADE_UP_NS && apart <= MADE_UP_NS &&
           a->qtype == b->qtype && diag_same_address(&a->client, &b->client) &&
           diag_label_may_be_made_up(b->name) && diag_same_suffix(a->name, b->name);
}

static bool is_made_up(const struct diag_names *names, const struct diag_lookup *lookup)
{
    bool random = diag_label_has_consonants(lookup->name, MADE_UP_CONSONANTS);
    unsigned others = 0;

    if (lookup->rcode != DIAG_DNS_NXDOMAIN || !diag_label_may_be_made_up(lookup->name))
        return false;
    if (diag_label_count(lookup->name) == 1 &&
        diag_label_has_consonants(lookup->name, MADE_UP_CONSONANTS + 1))
        return true;
    for (GList *at = names->failed.order.head; at; at = at->next) {
        const struct diag_lookup *other = at->data;

        if (!made_up_together(lookup, other))
            continue;
        others++;
        random = random || diag_label_has_consonants(other->name, MADE_UP_CONSONANTS);
    }
    return random && others >= MADE_UP_OTHERS;
}

static bool asks_for_form(const struct diag_lookup *failed, const struct diag_lookup *other)
{
    return diag_lookup_same_host(failed, other) &&
           (diag_name_extends(failed->name, other->name) || diag_lookup_tried_next(failed, other));
}

/* The capture ends while another attempt waits for its answer. */
static bool is_pending(const struct diag_names *names, const struct diag_lookup *lookup,
                       int64_t now_ns)
{
    const GQueue *like = diag_lookups_like(names, lookup->name);

    for (GList *at = like->tail; at; at = at->prev) {
        const struct diag_lookup *other = at->data;

        if (other->open && diag_within(other->last_ns, now_ns, NAME_FORMS_NS) &&
            diag_elapsed_ns(lookup->query_ns, other->last_ns) >= 0 && asks_for_form(lookup, other))
            return true;
    }
    return false;
}

/* The question of a forwarder, asked because of the other one. */
static bool is_inside(const struct diag_lookup *inner, const struct diag_lookup *outer)
{
    return !diag_same_address(&inner->client, &outer->client) && inner->service == outer->service &&
           diag_same_name(inner->name, outer->name) &&
           diag_elapsed_ns(outer->query_ns, inner->query_ns) > 0 &&
           diag_elapsed_ns(inner->answer_ns, outer->answer_ns) > 0;
}

static bool is_forwarded(const struct diag_names *names, const struct diag_lookup *lookup)
{
    const GQueue *like = diag_lookups_like(names, lookup->name);

    for (GList *at = like->tail; at; at = at->prev) {
        const struct diag_lookup *other = at->data;

        if (other->result == LOOKUP_FAILED && is_inside(lookup, other))
            return true;
    }
    return false;
}

/* The silence of a group (mDNS, LLMNR, NetBIOS) is its way to say no, and is asked first or last
 * beside DNS; and what name servers ask each other holds back no connection by itself. */
static bool matters(const struct diag_lookup *lookup)
{
    return lookup->service == DIAG_DNS && lookup->recursive && !lookup->forgiven &&
           !diag_name_is_discovery(lookup->name);
}

static bool is_error(const struct diag_names *names, const struct diag_lookup *lookup,
                     int64_t now_ns)
{
    return lookup->result == LOOKUP_FAILED && matters(lookup) && !is_made_up(names, lookup) &&
           !is_pending(names, lookup, now_ns) && !is_forwarded(names, lookup);
}

static bool is_unanswered(const struct diag_lookup *lookup, int64_t now_ns)
{
    if (!lookup->open || !matters(lookup) || lookup->result == LOOKUP_FAILED)
        return false;
    return lookup->asked >= UNANSWERED_QUERIES ||
           (lookup->asked == UNANSWERED_QUERIES - 1 &&
            diag_elapsed_ns(lookup->first_ns, now_ns) >= UNANSWERED_NS);
}

/* ---- one finding for what is one problem */

struct group {
    const struct diag_lookup *last;  /* joined */
    const struct diag_lookup *shown; /* the shortest name: what the user typed */
};

static bool same_problem(const struct diag_lookup *earlier, const struct diag_lookup *later)
{
    if (!diag_same_address(&earlier->client, &later->client) ||
        (earlier->result == LOOKUP_FAILED) != (later->result == LOOKUP_FAILED))
        return false;
    if (later->result != LOOKUP_FAILED)
        return diag_same_address(&earlier->server, &later->server);
    return diag_same_name(earlier->name, later->name) ||
           (diag_within(earlier->answer_ns, later->answer_ns, NAME_FORMS_NS) &&
            asks_for_form(earlier, later));
}

static void join(struct group *group, const struct diag_lookup *lookup)
{
    group->last = lookup;
    /* All names that a silent server was asked for are one problem: the first one shows it. */
    if (lookup->result == LOOKUP_FAILED &&
        diag_label_count(lookup->name) <= diag_label_count(group->shown->name))
        group->shown = lookup;
}

static void sort_into_groups(GArray *groups, const struct diag_lookup *lookup)
{
    for (guint i = groups->len; i-- > 0;) {
        struct group *group = &g_array_index(groups, struct group, i);

        if (same_problem(group->last, lookup)) {
            join(group, lookup);
            return;
        }
    }
    g_array_append_val(groups, ((struct group){.last = lookup, .shown = lookup}));
}

/* ---- the verdicts */

static uint32_t frame_of(const struct diag_lookup *lookup)
{
    return lookup->result == LOOKUP_FAILED ? lookup->answer_frame : lookup->last_frame;
}

static int by_frame(gconstpointer one, gconstpointer other)
{
    uint32_t a = frame_of(*(const struct diag_lookup *const *)one);
    uint32_t b = frame_of(*(const struct diag_lookup *const *)other);

    return (a > b) - (a < b);
}

static GPtrArray *collect(const struct diag_names *names, int64_t now_ns)
{
    GPtrArray *found = g_ptr_array_new();

    for (GList *at = names->failed.order.head; at; at = at->next)
        if (is_error(names, at->data, now_ns))
            g_ptr_array_add(found, at->data);
    for (GList *at = names->quiet.order.head; at; at = at->next)
        if (is_unanswered(at->data, now_ns))
            g_ptr_array_add(found, at->data);
    g_ptr_array_sort(found, by_frame);
    return found;
}

static enum diag_cause cause_of(uint8_t rcode)
{
    switch (rcode) {
    case DIAG_DNS_NXDOMAIN:
        return DIAG_CAUSE_nxdomain;
    case DIAG_DNS_REFUSED:
        return DIAG_CAUSE_refused;
    default:
        return DIAG_CAUSE_server_failure;
    }
}

static struct diag_name_problem describe(const struct diag_lookup *lookup)
{
    struct diag_name_problem problem = {
        .client = lookup->client,
        .server = lookup->server,
        .qname = lookup->name,
        .frame = frame_of(lookup),
    };

    if (lookup->result == LOOKUP_FAILED) {
        problem.cause = cause_of(lookup->rcode);
        problem.rcode = lookup->rcode;
        problem.query_frame = lookup->query_frame;
        problem.attempts = lookup->total > 0 ? lookup->total : 1;
        problem.duration_ns = diag_elapsed_ns(lookup->query_ns, lookup->answer_ns);
    } else {
        problem.unanswered = true;
        problem.query_frame = lookup->first_frame;
        problem.attempts = lookup->asked;
        problem.duration_ns = diag_elapsed_ns(lookup->first_ns, lookup->last_ns);
    }
    return problem;
}

void diag_names_judge(const struct diag_names *names, int64_t now_ns,
                      void (*callback)(const struct diag_name_problem *problem, void *context),
                      void *context)
{
    GPtrArray *found = collect(names, now_ns);
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct group));

    for (guint i = 0; i < found->len; i++)
        sort_into_groups(groups, found->pdata[i]);
    for (guint i = 0; i < groups->len; i++) {
        struct diag_name_problem problem = describe(g_array_index(groups, struct group, i).shown);

        callback(&problem, context);
    }
    g_array_free(groups, TRUE);
    g_ptr_array_free(found, TRUE);
}
