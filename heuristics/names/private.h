/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of the name rules, shared by names.c (who answered whom), name_book.c and name_lookup.c
 * (what became of a name), name_judge.c (does it matter) and name_reverse.c (who waited).
 */
#ifndef DIAG_NAMES_PRIVATE_H
#define DIAG_NAMES_PRIVATE_H

#include "bounded.h"
#include "names/dns.h"
#include "names/names.h"

#define NAME_MS     INT64_C(1000000)
#define NAME_SECOND (1000 * NAME_MS)

/* A search list is worked off in this time, also when each form is asked of a slow server. */
#define NAME_FORMS_NS (5 * NAME_SECOND)
/* A program that was waiting goes on in this time: the next form of a name, a SYN, a banner. */
#define NAME_PROMPT_NS (200 * NAME_MS)
/* Resolvers repeat a query after 5 s at the latest, Windows once after 8 s. */
#define NAME_SERIES_NS (10 * NAME_SECOND)
/* SPAN copies come up to 85 ms late; no resolver repeats a query that soon. */
#define NAME_COPY_NS (100 * NAME_MS)

#define NAME_TRANSACTIONS 4096
#define NAME_QUIET        4096
#define NAME_FAILED       1024
#define NAME_REVERSES     1024
#define NAME_ORIGINS      4096
#define NAME_SYNS         64
#define NAME_SLOTS        4096
/* Forms of a name are looked for among so many names with the same first label: half of all names
 * begin with "www". */
#define NAME_FORMS_MAX 64

/* One message, with everything the books want to know. */
struct name_event {
    const struct diag_name_message *message;
    struct diag_dns dns; /* qname in lower case */
    struct diag_address client;
    struct diag_address server;
};

enum lookup_result {
    LOOKUP_UNKNOWN,
    LOOKUP_EMPTY, /* an answer without addresses: neither proves nor disproves the name */
    LOOKUP_RESOLVED,
    LOOKUP_FAILED
};

/* Everything one client asked about one name, type and service. */
struct diag_lookup {
    struct diag_bounded_item order; /* in quiet or failed */
    struct diag_names *names;
    GList chain;                /* in the list of its first label, newest last */
    struct diag_address client; /* none for mDNS: an answer there is for everybody */
    enum diag_name_service service;
    uint16_t qtype; /* 0 for NBNS */
    char *name;
    struct diag_address server; /* the last one asked, or that answered */
    bool recursive;             /* else one name server asks another */

    /* the last attempt: a series of queries */
    bool open; /* not answered so far */
    uint32_t asked;
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t first_ns;
    int64_t last_ns;

    enum lookup_result result;
    uint8_t rcode;
    uint32_t answer_frame;
    int64_t answer_ns;
    uint32_t query_frame; /* first query of the attempt that was answered */
    int64_t query_ns;
    uint32_t total; /* queries since it last resolved */
    bool succeeded; /* at least once */
    int64_t success_ns;
    bool forgiven; /* another form or type of the name, or another service, had an address */
};

/* A host that asks for the name of an address. */
struct diag_reverse {
    struct diag_bounded_item order;
    struct diag_address asker;
    struct diag_address subject;
    enum diag_name_service service; /* of the last query */
    char qname[DIAG_REVERSE_NAME_SIZE];
    uint32_t queries;
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t first_ns;
    int64_t last_ns;
    int64_t gap_ns; /* between the last two queries of one service; 0 until there are two */
    bool answered;
    uint32_t answer_frame;
    int64_t answer_ns;
    bool beside; /* the asker connects to the subject all the same: it does not wait */
};

struct name_syn {
    struct diag_address client;
    struct diag_address server;
    int64_t time_ns;
};

struct diag_names {
    int64_t delay_ns;
    struct diag_bounded transactions;
    struct diag_bounded quiet;  /* lookups without an error: they may be forgotten first */
    struct diag_bounded failed; /* lookups whose last answer was an error */
    GHashTable *labels;         /* first label -> its lookups */
    struct diag_bounded reverses;
    struct diag_bounded origins;
    uint16_t handed_out[NAME_SLOTS]; /* origins, by a hash of their address alone */
    struct name_syn syn[NAME_SYNS];  /* a ring */
    uint32_t syns;
};

static inline bool diag_within(int64_t from_ns, int64_t to_ns, int64_t limit_ns)
{
    int64_t elapsed = diag_elapsed_ns(from_ns, to_ns);

    return elapsed >= 0 && elapsed <= limit_ns;
}

/* ---- name_book.c */

void diag_lookups_init(struct diag_names *names);
void diag_lookups_clear(struct diag_names *names);
struct diag_lookup *diag_lookup_find(const struct diag_names *names,
                                     const struct diag_lookup *probe);
/* The lookup this message is about, as the newest. */
struct diag_lookup *diag_lookup_get(struct diag_names *names, const struct name_event *event);
/* Sets the result and moves the lookup to where such lookups are kept. */
void diag_lookup_conclude(struct diag_names *names, struct diag_lookup *lookup,
                          enum lookup_result result);
/* Lookups of names with the same first label; NULL if there are none. The last one is the newest.
 */
const GQueue *diag_lookups_like(const struct diag_names *names, const char *name);

/* ---- name_lookup.c */

void diag_lookup_asked(struct diag_names *names, const struct name_event *event);
/* matched: the query was captured. NULL when the answer is about no address. */
const struct diag_lookup *diag_lookup_answered(struct diag_names *names,
                                               const struct name_event *event, bool matched);
/* As far as addresses tell: a host has several, and in both families. */
bool diag_lookup_same_host(const struct diag_lookup *a, const struct diag_lookup *b);
/* Is `other` the same name in another form, asked at once after this one had failed? */
bool diag_lookup_tried_next(const struct diag_lookup *failed, const struct diag_lookup *other);

/* ---- name_reverse.c */

void diag_reverses_init(struct diag_names *names);
void diag_reverse_asked(struct diag_names *names, const struct name_event *event);
void diag_reverse_answered(struct diag_names *names, const struct name_event *event);

#endif
