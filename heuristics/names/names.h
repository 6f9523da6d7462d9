/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the capture shows of name resolution: which host asked whom for what, how often, and what
 * came back. Answers two kinds of questions: did a connection wait for a lookup, and which names
 * did not resolve. Memory is bounded; the oldest is forgotten first.
 *
 * Names are in lower case and hold bytes from the packets: escape before printing. A pointer to one
 * is borrowed until the next diag_names_message().
 */
#ifndef DIAG_NAMES_H
#define DIAG_NAMES_H

#include "diag.h"

struct diag_names;

struct diag_names *diag_names_new(const struct diag_settings *settings);
void diag_names_free(struct diag_names *names);

/* Look-ups, and addresses that were handed out, which were forgotten for newer ones. */
uint64_t diag_names_dropped(const struct diag_names *names);
uint64_t diag_names_addresses_dropped(const struct diag_names *names);

/* Every message of a name service, in capture order. */
void diag_names_message(struct diag_names *names, const struct diag_name_message *message);

/* ---- name_ptr_delay: a connection waited for a reverse lookup ------------------------------ */

/* Fits 32 nibbles and ip6.arpa. For a NetBIOS node status, which has no such name, the address. */
#define DIAG_REVERSE_NAME_SIZE 80

struct diag_name_delay {
    int64_t delay_ns; /* from the first query to its answer, or to the end of the wait */
    uint32_t queries;
    uint32_t first_query; /* frames */
    uint32_t last_query;
    uint32_t answer; /* 0: never answered */
    char qname[DIAG_REVERSE_NAME_SIZE];
};

/* Call at the first SYN of every connection, explained or not: a SYN that leaves in the middle of a
 * lookup proves that nobody waits for it. True when the client looked up the server's address just
 * before, for too long, and this SYN left as soon as that was over. */
bool diag_names_connecting(struct diag_names *names, const struct diag_address *client,
                           const struct diag_address *server, int64_t time_ns,
                           struct diag_name_delay *out);

/* Call at the first payload of the server. waiting_since_ns: when the handshake completed, or when
 * the request was acknowledged. True when the server looked up the client's address meanwhile and
 * spoke as soon as that was over. */
bool diag_names_server_spoke(const struct diag_names *names, const struct diag_address *client,
                             const struct diag_address *server, int64_t waiting_since_ns,
                             int64_t time_ns, struct diag_name_delay *out);

/* ---- name_error, name_no_answer: verdicts about a host, at the end of the capture ---------- */

struct diag_name_problem {
    bool unanswered;       /* name_no_answer; else name_error */
    enum diag_cause cause; /* nxdomain, server_failure, refused; none when unanswered */
    uint8_t rcode;
    struct diag_address client;
    struct diag_address server; /* the last one asked */
    const char *qname;
    uint32_t frame;       /* the last negative answer; unanswered: the last query */
    uint32_t query_frame; /* the first query of the last attempt; 0 if it was not captured */
    uint32_t attempts;    /* queries of one type for the name since it last resolved */
    int64_t duration_ns;  /* from query_frame to frame */
};

/* Calls back once for each name that did not resolve, in the order of their frames. Can be
 * repeated and changes nothing. */
void diag_names_judge(const struct diag_names *names, int64_t now_ns,
                      void (*callback)(const struct diag_name_problem *problem, void *context),
                      void *context);

/* ---- where an address came from: the stage time "name", and name_fallback_address ----------- */

struct diag_name_origin {
    const char *qname;
    int64_t query_ns;
    int64_t answer_ns;
    uint32_t query_frame;
    uint32_t answer_frame;
};

/* The last answer that gave this address to this client. */
bool diag_names_origin(const struct diag_names *names, const struct diag_address *client,
                       const struct diag_address *address, struct diag_name_origin *out);

/* False when no answer that is remembered gave this address to anybody. */
bool diag_names_may_know(const struct diag_names *names, const struct diag_address *address);

/* Did the client learn both addresses as alternatives for one name (A and AAAA count as one)?
 * out is the origin of the second. */
bool diag_names_alternatives(const struct diag_names *names, const struct diag_address *client,
                             const struct diag_address *first, const struct diag_address *second,
                             struct diag_name_origin *out);

/* ---- what a host asked for since a moment, answered or not ---------------------------------- */

struct diag_name_asked {
    const char *qname;
    uint32_t query_frame;
    bool answered;
};

void diag_names_asked(const struct diag_names *names, const struct diag_address *client,
                      int64_t since_ns,
                      void (*callback)(const struct diag_name_asked *asked, void *context),
                      void *context);

#endif
