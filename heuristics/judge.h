/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict under way: what holds at the last fact fed. Made anew whenever facts were added. */
#ifndef DIAG_JUDGE_H
#define DIAG_JUDGE_H

#include "core.h"

/* A clock that jumps by less only disorders a few frames; one that jumps by more tells no durations
 * at all. */
#define DIAG_NO_CLOCK_NS (100 * DIAG_MS_NS)

/* One connection's findings, events and verdicts, and what they add up to. */
struct diag_sentence {
    const struct diag_connection *conn;
    struct diag_judged *findings;
    size_t count;
    enum diag_outcome outcome;
    const struct diag_judged *verdict;
    uint32_t attempt;  /* the first of this connection among all that the client made in a row */
    uint32_t attempts; /* all of them, those of other connections included */
    const struct diag_connection *success; /* the later connection that came about; or NULL */
};

struct diag_host {
    struct diag_judged judged;
    struct diag_endpoint server;
    struct diag_address client;
    GArray *streams; /* uint32_t, ascending */
};

struct diag_judgement {
    GPtrArray *made;      /* struct diag_finding, owned: verdicts, not events */
    GPtrArray *sentences; /* struct diag_sentence, in the order of the connections */
    GPtrArray *hosts;     /* struct diag_host */
    GArray *capture;      /* struct diag_judged about the file itself */
};

struct diag_judgement *diag_judge(struct diag_engine *engine);

/* Adds what is wrong with the file (judge_capture.c). */
void diag_judge_capture(struct diag_engine *engine, struct diag_judgement *judgement);

/* Adds hosts and folds what they explain (correlate.c). */
void diag_correlate(struct diag_engine *engine, struct diag_judgement *judgement);
/* A host finding with these values; the caller adds streams. */
struct diag_host *diag_host_add(struct diag_engine *engine, struct diag_judgement *judgement,
                                enum diag_id id, uint32_t frame,
                                const int64_t value[DIAG_MAX_VALUES]);

/* A verdict about one connection that other connections showed; folds again. NULL when the capture
 * does not hold what it needs. */
struct diag_finding *diag_sentence_add(struct diag_engine *engine, struct diag_judgement *judgement,
                                       struct diag_sentence *s, enum diag_id id, uint32_t frame,
                                       const int64_t value[DIAG_MAX_VALUES]);

/* The same finding once more, as a verdict that the caller refines before he lets it count; NULL
 * when the capture does not hold what it needs. */
struct diag_finding *diag_sentence_say_again(struct diag_engine *engine,
                                             struct diag_judgement *judgement,
                                             struct diag_sentence *s,
                                             const struct diag_finding *said);

/* Outcome and verdict from a sentence's findings (outcome.c). */
void diag_decide(struct diag_sentence *sentence);
bool diag_is_open(const struct diag_judged *judged);
/* The connection came about: the handshake was completed, or data flowed both ways. */
bool diag_connected(const struct diag_connection *conn);

#endif
