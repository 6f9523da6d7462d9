/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In what two connections to one service can differ: what the client brought (it can be the reason
 * of a failure), and what the server showed (another machine behind the same address).
 */
#ifndef DIAG_CORRELATE_FEATURES_H
#define DIAG_CORRELATE_FEATURES_H

#include "correlate/correlate.h"

enum diag_feature {
    DIAG_FEATURE_ECN,
    DIAG_FEATURE_TIMESTAMPS,
    DIAG_FEATURE_SACK,
    DIAG_FEATURE_WINDOW_SCALE,
    DIAG_FEATURE_HELLO_SIZE,
    DIAG_FEATURE_TLS13,
    DIAG_FEATURE_POST_QUANTUM,
    DIAG_FEATURE_SERVER_NAME,
    DIAG_FEATURE_CERTIFICATE,
    DIAG_FEATURE_STACK,
    DIAG_FEATURE_CLIENT,
    DIAG_FEATURE_SOURCE_PORT,
    /* From here on: which machine answered. */
    DIAG_FEATURE_SERVER_TTL,
    DIAG_FEATURE_SERVER_OPTIONS,
    DIAG_FEATURE_COUNT
};

#define DIAG_FIRST_SERVER_FEATURE DIAG_FEATURE_SERVER_TTL

/* Equal for connections that do not differ in it; 0: the capture does not show it. */
uint64_t diag_feature_of(const struct diag_connection *conn, enum diag_feature feature);
/* What distinguishes this connection, or all but it, in words: "timestamps", "no SACK". */
void diag_feature_text(const struct diag_connection *conn, enum diag_feature feature, bool others,
                       char *text, size_t size);
/* Who can be behind a failure that depends on it: enum diag_blame. */
unsigned diag_feature_blame(enum diag_feature feature);
/* A client has always the same: connections of one client are one observation. */
bool diag_feature_of_client(enum diag_feature feature);

#endif
