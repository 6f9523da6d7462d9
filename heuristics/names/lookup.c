/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of a name: queries in series, the last answer, and whether another form of the name
 * (search suffix, AAAA for A, LLMNR for DNS) was answered with an address.
 */
#include "names/private.h"
#include "names/text.h"

#include <string.h>

/* ---- what belongs together */

bool diag_lookup_same_host(const struct diag_lookup *a, const struct diag_lookup *b)
{
    return a->client.length != b->client.length || diag_same_address(&a->client, &b->client);
}

bool diag_lookup_tried_next(const struct diag_lookup *failed, const struct diag_lookup *other)
{
    return diag_same_first_label(failed->name, other->name) && other->asked > 0 &&
           diag_within(failed->answer_ns, other->first_ns, NAME_PROMPT_NS);
}

/* Of two lookups whose names have the same first label. */
static bool same_name(const struct diag_lookup *a, const struct diag_lookup *b)
{
    /* Hosts with a VPN, and forwarders, ask in the name of another address. */
    if (strcmp(a->name, b->name) == 0)
        return true;
    if (!diag_lookup_same_host(a, b))
        return false;
    /* NetBIOS has only what both begin with: they stand in one list. */
    return diag_name_extends(a->name, b->name) || a->service == DIAG_NBNS ||
           b->service == DIAG_NBNS;
}

static bool forgives(const struct diag_lookup *success, const struct diag_lookup *other)
{
    return same_name(success, other) ||
           (diag_lookup_same_host(success, other) && other->result == LOOKUP_FAILED &&
            diag_lookup_tried_next(other, success));
}

static int64_t last_activity(const struct diag_lookup *lookup)
{
    return lookup->answer_frame > lookup->last_frame ? lookup->answer_ns : lookup->last_ns;
}

/* A and AAAA of one name stand for each other however long ago: caches keep one of them. */
static struct diag_lookup *other_type(const struct diag_names *names,
                                      const struct diag_lookup *lookup)
{
    struct diag_lookup probe = *lookup;

    probe.qtype = lookup->qtype == DIAG_DNS_A ? DIAG_DNS_AAAA : DIAG_DNS_A;
    return diag_lookup_find(names, &probe);
}

static bool resolved_before(const struct diag_names *names, const struct diag_lookup *lookup,
                            int64_t now_ns)
{
    const struct diag_lookup *twin = other_type(names, lookup);
    const GQueue *like = diag_lookups_like(names, lookup->name);

    if (twin && twin->result == LOOKUP_RESOLVED)
        return true;
    unsigned left = NAME_FORMS_MAX;
    for (GList *at = like->tail; at && left-- > 0; at = at->prev) {
        const struct diag_lookup *other = at->data;

        if (diag_elapsed_ns(last_activity(other), now_ns) > NAME_FORMS_NS)
            break;
        if (other->succeeded && diag_within(other->success_ns, now_ns, NAME_FORMS_NS) &&
            same_name(other, lookup))
            return true;
    }
    return false;
}

/* ---- feeding */

/* Only addresses lead to connections; discovery by SRV or TXT may fail without harm. */
static bool is_about_address(const struct name_event *event)
{
    if (event->dns.qname[0] == '\0')
        return false;
    if (event->message->service == DIAG_NBNS)
        return event->dns.qtype != DIAG_DNS_NBSTAT;
    return event->dns.qtype == DIAG_DNS_A || event->dns.qtype == DIAG_DNS_AAAA ||
           event->dns.qtype == DIAG_DNS_ANY;
}

static void begin_attempt(struct diag_names *names, struct diag_lookup *lookup,
                          const struct name_event *event)
{
    lookup->open = true;
    lookup->asked = 0;
    lookup->first_frame = event->message->frame;
    lookup->first_ns = event->message->time_ns;
    if (lookup->result != LOOKUP_FAILED)
        lookup->forgiven = resolved_before(names, lookup, lookup->first_ns);
}

void diag_lookup_asked(struct diag_names *names, const struct name_event *event)
{
    if (!is_about_address(event))
        return;

    struct diag_lookup *lookup = diag_lookup_get(names, event);
    int64_t now = event->message->time_ns;

    if (!lookup->open || !diag_within(lookup->last_ns, now, NAME_SERIES_NS))
        begin_attempt(names, lookup, event);
    lookup->asked++;
    lookup->total++;
    lookup->last_frame = event->message->frame;
    lookup->last_ns = now;
    lookup->server = event->server;
    lookup->recursive = event->dns.recursion_desired;
}

static void note_answer(struct diag_lookup *lookup, const struct name_event *event)
{
    lookup->rcode = event->dns.rcode;
    lookup->answer_frame = event->message->frame;
    lookup->answer_ns = event->message->time_ns;
    lookup->query_frame = lookup->open ? lookup->first_frame : 0;
    lookup->query_ns = lookup->open ? lookup->first_ns : lookup->answer_ns;
    lookup->server = event->server;
    if (!lookup->open)
        lookup->recursive = event->dns.recursion_desired;
    lookup->open = false;
}

static void forgive_others(struct diag_names *names, const struct diag_lookup *success)
{
    struct diag_lookup *twin = other_type(names, success);
    const GQueue *like = diag_lookups_like(names, success->name);

    if (twin)
        twin->forgiven = true;
    unsigned left = NAME_FORMS_MAX;
    for (GList *at = like->tail; at && left-- > 0; at = at->prev) {
        struct diag_lookup *other = at->data;

        if (diag_elapsed_ns(last_activity(other), success->answer_ns) > NAME_FORMS_NS)
            break;
        if (forgives(success, other))
            other->forgiven = true;
    }
}

static enum lookup_result result_of(const struct diag_dns *dns)
{
    if (dns->rcode == DIAG_DNS_NXDOMAIN || dns->rcode == DIAG_DNS_SERVFAIL ||
        dns->rcode == DIAG_DNS_REFUSED)
        return LOOKUP_FAILED;
    if (dns->rcode != DIAG_DNS_NOERROR)
        return LOOKUP_EMPTY;
    /* A truncated answer is asked again by TCP, which may be out of sight. */
    return dns->answer_count > 0 || dns->truncated ? LOOKUP_RESOLVED : LOOKUP_EMPTY;
}

static void conclude(struct diag_names *names, struct diag_lookup *lookup,
                     enum lookup_result result)
{
    diag_lookup_conclude(names, lookup, result);
    if (result == LOOKUP_FAILED) {
        lookup->forgiven = resolved_before(names, lookup, lookup->answer_ns);
    } else if (result == LOOKUP_RESOLVED) {
        lookup->total = 0;
        lookup->succeeded = true;
        lookup->success_ns = lookup->answer_ns;
        forgive_others(names, lookup);
    }
}

const struct diag_lookup *diag_lookup_answered(struct diag_names *names,
                                               const struct name_event *event, bool matched)
{
    if (!is_about_address(event))
        return NULL;

    struct diag_lookup *lookup = diag_lookup_get(names, event);
    enum lookup_result result = result_of(&event->dns);

    /* The query was captured and has its answer: this is another copy of it. */
    if (!matched && lookup->last_frame > 0 &&
        (result != LOOKUP_RESOLVED || lookup->result == LOOKUP_RESOLVED))
        return NULL;
    note_answer(lookup, event);
    conclude(names, lookup, result);
    return lookup;
}
