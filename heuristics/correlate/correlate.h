/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections seen from above: sorted by client, server and port, so that all connections of one
 * client, of one client to one server, or to one port are a run of neighbours.
 */
#ifndef DIAG_CORRELATE_H
#define DIAG_CORRELATE_H

#include "judge.h"

/* One connection, as seen from above. */
struct diag_entry {
    struct diag_address client;
    struct diag_endpoint server;
    struct diag_sentence *sentence;
    const struct diag_connection *conn;
    bool failed;   /* to connect */
    bool unwanted; /* a scanner's: nobody wanted it */
    enum diag_outcome outcome;
    const struct diag_finding *failure; /* what failed the connection, to connect or later */
    uint32_t failing_servers;           /* that this client could not reach, this one or others */
};

struct diag_span {
    struct diag_entry *entry;
    size_t count;
};

bool diag_same_client(const struct diag_entry *a, const struct diag_entry *b);
bool diag_same_server(const struct diag_entry *a, const struct diag_entry *b);
bool diag_same_port(const struct diag_entry *a, const struct diag_entry *b);
/* Of any client, where entries are sorted by server. */
bool diag_same_machine(const struct diag_entry *a, const struct diag_entry *b);
bool diag_same_service(const struct diag_entry *a, const struct diag_entry *b);
/* The run of entries that are the same as the first, and what follows it. */
struct diag_span diag_span_run(struct diag_span all,
                               bool (*same)(const struct diag_entry *, const struct diag_entry *));
struct diag_span diag_span_after(struct diag_span all, struct diag_span run);

/* The finding, while it is being made. */
struct diag_finding *diag_host_finding(struct diag_host *host);
/* The finding's text is this address. */
void diag_host_name(struct diag_engine *engine, struct diag_host *host,
                    const struct diag_address *address);
/* The host finding is about this connection, and explains of it what the catalogue says. */
void diag_host_fold(struct diag_host *host, struct diag_sentence *sentence);
/* The finding's text is the server's address, and its port unless that is 0. */
void diag_host_name_service(struct diag_engine *engine, struct diag_host *host);
/* Another severity than the catalogue's. */
void diag_host_weigh(struct diag_host *host, enum diag_severity severity);
/* It is about this connection, and explains nothing. */
void diag_host_mention(struct diag_host *host, const struct diag_sentence *sentence);
/* The open finding that says why there is no connection; NULL if there is none. */
const struct diag_finding *diag_connect_failure(const struct diag_sentence *sentence);

void diag_correlate_flood(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all);
void diag_correlate_hosts(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all);
void diag_correlate_attempts(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span all);
void diag_correlate_connects(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span all);
void diag_correlate_content(struct diag_engine *engine, struct diag_judgement *judgement,
                            struct diag_span all);
void diag_correlate_leaks(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all);
/* It came about, and the server spoke. */
bool diag_entry_worked(const struct diag_entry *entry);
/* Distinct clients among these, entries for which test holds. */
uint32_t diag_span_clients(struct diag_span span, bool (*test)(const struct diag_entry *));

void diag_correlate_services(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span all);
/* All connections to one address. */
void diag_correlate_machine(struct diag_engine *engine, struct diag_judgement *judgement,
                            struct diag_span machine);
/* All connections to one address and port. True when that says why some failed. */
bool diag_correlate_split(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span service);
bool diag_correlate_backlog(struct diag_engine *engine, struct diag_judgement *judgement,
                            struct diag_span service);
void diag_correlate_intermittent(struct diag_engine *engine, struct diag_judgement *judgement,
                                 struct diag_span service);
void diag_correlate_names(struct diag_engine *engine, struct diag_judgement *judgement);
void diag_correlate_ports(struct diag_engine *engine, struct diag_judgement *judgement,
                          struct diag_span all);
void diag_correlate_claims(struct diag_engine *engine, struct diag_judgement *judgement);
void diag_correlate_neighbours(struct diag_engine *engine, struct diag_judgement *judgement);

#endif
