/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * name_ptr_delay: programs that want the name of a peer before they go on (sshd, mail servers, SQL
 * clients, IIS) stand still while nobody answers. A lookup explains a wait only if the wait ends
 * with it; that it happens at the same time is no proof.
 */
#include "names/private.h"

#include <string.h>

/* Tolerance on a guessed end when only one query was seen, so that no interval is known. */
#define EXACT_NS (50 * NAME_MS)
/* A SYN this long before the lookup may be its reason (a log, a sniffer that shows names). */
#define CONSEQUENCE_NS NAME_SECOND

static guint reverse_hash(gconstpointer key)
{
    const struct diag_reverse *reverse = key;

    return diag_hash_address(diag_hash_address(DIAG_HASH_START, &reverse->asker),
                             &reverse->subject);
}

static gboolean reverse_equal(gconstpointer one, gconstpointer other)
{
    const struct diag_reverse *a = one;
    const struct diag_reverse *b = other;

    return diag_same_address(&a->asker, &b->asker) && diag_same_address(&a->subject, &b->subject);
}

void diag_reverses_init(struct diag_names *names)
{
    diag_bounded_init(&names->reverses, NAME_REVERSES, reverse_hash, reverse_equal, g_free);
}

/* ---- the series of queries, which may go on with another service */

static bool connected_before(const struct diag_names *names, const struct diag_reverse *reverse)
{
    for (size_t i = 0; i < NAME_SYNS; i++) {
        const struct name_syn *syn = &names->syn[i];

        if (syn->client.length > 0 &&
            diag_within(syn->time_ns, reverse->first_ns, CONSEQUENCE_NS) &&
            diag_same_address(&syn->client, &reverse->asker) &&
            diag_same_address(&syn->server, &reverse->subject))
            return true;
    }
    return false;
}

static void write_octets(char *text, const uint8_t *bytes)
{
    for (size_t i = 0; i < 4; i++) {
        if (bytes[i] >= 100)
            *text++ = (char)('0' + bytes[i] / 100);
        if (bytes[i] >= 10)
            *text++ = (char)('0' + bytes[i] / 10 % 10);
        *text++ = (char)('0' + bytes[i] % 10);
        *text++ = i < 3 ? '.' : '\0';
    }
}

static void write_name(struct diag_reverse *reverse, const struct name_event *event)
{
    if (event->message->service == DIAG_NBNS)
        write_octets(reverse->qname, reverse->subject.bytes);
    else
        memcpy(reverse->qname, event->dns.qname, strlen(event->dns.qname) + 1);
}

static void begin_series(const struct diag_names *names, struct diag_reverse *reverse,
                         const struct name_event *event)
{
    reverse->queries = 0;
    reverse->first_frame = event->message->frame;
    reverse->first_ns = event->message->time_ns;
    write_name(reverse, event);
    reverse->beside = connected_before(names, reverse);
}

/* Windows asks DNS, then LLMNR, then NetBIOS: one wait for the program. */
static bool goes_on(const struct diag_reverse *reverse, int64_t now_ns)
{
    if (reverse->queries == 0)
        return false;
    if (reverse->answered)
        return diag_within(reverse->answer_ns, now_ns, NAME_PROMPT_NS);
    return diag_within(reverse->last_ns, now_ns, NAME_SERIES_NS);
}

static struct diag_reverse *get_reverse(struct diag_names *names, const struct name_event *event)
{
    struct diag_reverse probe = {.asker = event->client, .subject = event->dns.looked_up};
    struct diag_reverse *reverse = diag_bounded_find(&names->reverses, &probe);

    if (reverse) {
        diag_bounded_renew(&names->reverses, reverse);
        return reverse;
    }
    reverse = g_new0(struct diag_reverse, 1);
    *reverse = probe;
    diag_bounded_add(&names->reverses, reverse);
    return reverse;
}

void diag_reverse_asked(struct diag_names *names, const struct name_event *event)
{
    if (!event->dns.reverse)
        return;

    struct diag_reverse *reverse = get_reverse(names, event);
    int64_t now = event->message->time_ns;
    bool on = goes_on(reverse, now);
    bool repeat = on && !reverse->answered && reverse->service == event->message->service;

    if (!on)
        begin_series(names, reverse, event);
    if (!repeat || !diag_within(reverse->last_ns, now, NAME_COPY_NS)) {
        reverse->gap_ns = repeat ? diag_elapsed_ns(reverse->last_ns, now) : 0;
        reverse->last_ns = now;
    } /* else the same question to another server, at the same time */
    reverse->queries++;
    reverse->service = event->message->service;
    reverse->last_frame = event->message->frame;
    reverse->answered = false;
}

static void note_reverse_answer(struct diag_reverse *reverse, const struct name_event *event)
{
    if (reverse->answered || reverse->service != event->message->service)
        return;
    reverse->answered = true;
    reverse->answer_frame = event->message->frame;
    reverse->answer_ns = event->message->time_ns;
}

void diag_reverse_answered(struct diag_names *names, const struct name_event *event)
{
    struct diag_reverse probe = {.asker = event->client, .subject = event->dns.looked_up};
    struct diag_reverse *reverse;

    if (!event->dns.reverse)
        return;
    if (event->message->service != DIAG_MDNS) {
        reverse = diag_bounded_find(&names->reverses, &probe);
        if (reverse)
            note_reverse_answer(reverse, event);
        return;
    }
    for (GList *at = names->reverses.order.head; at; at = at->next) {
        reverse = at->data;
        if (diag_same_address(&reverse->subject, &probe.subject))
            note_reverse_answer(reverse, event);
    }
}

/* ---- did a connection wait for it? */

/* Does the resolver give up about now? An unanswered lookup has no frame for its end. Resolvers
 * wait after the last query as long as before it, twice as long, half as long (Windows), or 6 s
 * after 5 s (glibc with three servers). */
static bool gives_up_at(const struct diag_reverse *reverse, int64_t time_ns)
{
    static const int percent_of_gap[] = {100, 200, 50, 120};
    static const int milliseconds[] = {5000, 1000, 1500, 2000, 3000, 10000};
    int64_t since = diag_elapsed_ns(reverse->last_ns, time_ns);

    if (since < 0 || since > 2 * NAME_SERIES_NS)
        return false;
    for (size_t i = 0; reverse->gap_ns && i < 4; i++) {
        int64_t off = since - reverse->gap_ns / 100 * percent_of_gap[i];

        if (off > -NAME_PROMPT_NS && off < NAME_PROMPT_NS)
            return true;
    }
    for (size_t i = 0; !reverse->gap_ns && i < 6; i++) {
        int64_t off = since - milliseconds[i] * NAME_MS;

        if (off > -EXACT_NS && off < EXACT_NS)
            return true;
    }
    return false;
}

static bool ends_at(const struct diag_reverse *reverse, int64_t time_ns)
{
    if (reverse->answered)
        return diag_within(reverse->answer_ns, time_ns, NAME_PROMPT_NS);
    return gives_up_at(reverse, time_ns);
}

static int64_t end_of(const struct diag_reverse *reverse, int64_t time_ns)
{
    return reverse->answered ? reverse->answer_ns : time_ns;
}

/* Did this host ask? A host asks IPv4 resolvers about IPv6 peers, and its own stub on loopback. */
static bool asked_by(const struct diag_reverse *reverse, const struct diag_address *host)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    const struct diag_address *asker = &reverse->asker;

    return diag_same_address(asker, host) || asker->length != host->length ||
           (asker->length == 4 && asker->bytes[0] == 127) ||
           (asker->length == 16 && memcmp(asker->bytes, loopback6, sizeof loopback6) == 0);
}

static void describe(const struct diag_reverse *reverse, int64_t time_ns,
                     struct diag_name_delay *out)
{
    *out = (struct diag_name_delay){
        .delay_ns = diag_elapsed_ns(reverse->first_ns, end_of(reverse, time_ns)),
        .queries = reverse->queries,
        .first_query = reverse->first_frame,
        .last_query = reverse->last_frame,
        .answer = reverse->answered ? reverse->answer_frame : 0,
    };
    memcpy(out->qname, reverse->qname, sizeof out->qname);
}

static bool under_way(const struct diag_reverse *reverse, int64_t time_ns)
{
    return !reverse->answered && diag_within(reverse->last_ns, time_ns, NAME_SERIES_NS);
}

static bool held_back_syn(struct diag_names *names, struct diag_reverse *reverse, int64_t time_ns)
{
    int64_t delay = diag_elapsed_ns(reverse->first_ns, end_of(reverse, time_ns));

    if (!reverse->beside && ends_at(reverse, time_ns))
        return delay >= names->delay_ns;
    if (under_way(reverse, time_ns))
        reverse->beside = true;
    return false;
}

/* The list is in the order of the queries: from here on all are too old to end now. */
static bool is_history(const struct diag_reverse *reverse, int64_t time_ns)
{
    return diag_elapsed_ns(reverse->last_ns, time_ns) > 3 * NAME_SERIES_NS;
}

static void remember_syn(struct diag_names *names, const struct diag_address *client,
                         const struct diag_address *server, int64_t time_ns)
{
    names->syn[names->syns++ % NAME_SYNS] =
        (struct name_syn){.client = *client, .server = *server, .time_ns = time_ns};
}

bool diag_names_connecting(struct diag_names *names, const struct diag_address *client,
                           const struct diag_address *server, int64_t time_ns,
                           struct diag_name_delay *out)
{
    remember_syn(names, client, server, time_ns);
    for (GList *at = names->reverses.order.tail; at && !is_history(at->data, time_ns);
         at = at->prev) {
        struct diag_reverse *reverse = at->data;

        if (diag_same_address(&reverse->subject, server) && asked_by(reverse, client) &&
            held_back_syn(names, reverse, time_ns)) {
            describe(reverse, time_ns, out);
            return true;
        }
    }
    return false;
}

static bool held_back_server(const struct diag_names *names, const struct diag_reverse *reverse,
                             int64_t since_ns, int64_t time_ns)
{
    int64_t waited = diag_elapsed_ns(since_ns, time_ns);
    bool before = diag_elapsed_ns(reverse->first_ns, since_ns) > 0;
    int64_t begin = before ? since_ns : reverse->first_ns;

    if (waited < names->delay_ns || !ends_at(reverse, time_ns))
        return false;
    /* At least 80 % of the wait: the rest is the server's own work. */
    return diag_elapsed_ns(begin, end_of(reverse, time_ns)) >= waited - waited / 5;
}

bool diag_names_server_spoke(const struct diag_names *names, const struct diag_address *client,
                             const struct diag_address *server, int64_t waiting_since_ns,
                             int64_t time_ns, struct diag_name_delay *out)
{
    for (GList *at = names->reverses.order.tail; at && !is_history(at->data, time_ns);
         at = at->prev) {
        const struct diag_reverse *reverse = at->data;

        if (diag_same_address(&reverse->subject, client) && asked_by(reverse, server) &&
            held_back_server(names, reverse, waiting_since_ns, time_ns)) {
            describe(reverse, time_ns, out);
            return true;
        }
    }
    return false;
}
