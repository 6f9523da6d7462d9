/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that comes back with a lower TLS version because the higher one failed: the first
 * connection's trouble is with the version, or was blamed on it.
 */
#include "core.h"

#include <stdio.h>
#include <string.h>

/* Clients try again at once; after this it is another occasion. */
#define DANCE_NS     (10 * DIAG_SECOND_NS)
#define DANCE_LENGTH 40

static const struct diag_tls_client_hello *hello_of(const struct diag_connection *conn)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return tls && tls->client_hello->max_version ? tls->client_hello : NULL;
}

/* By how much the other one offers a higher version; 0 when they do not ask for the same, as two
 * programs on one host. */
static int offers_higher(const struct diag_connection *conn, const struct diag_connection *other)
{
    if (!diag_same_ends(conn, other))
        return 0;
    const struct diag_tls_client_hello *a = hello_of(conn);
    const struct diag_tls_client_hello *b = hello_of(other);

    if (!a || !b || strcmp(a->server_name, b->server_name) != 0)
        return 0;
    return b->max_version - a->max_version;
}

static bool failed_higher(const struct diag_connection *conn, const struct diag_connection *other)
{
    return offers_higher(conn, other) > 0 && other->closer != DIAG_NO_SIDE &&
           !diag_tls_established(other);
}

/* Scanners try versions upwards, or all of them in any order; other programs have other habits. */
static bool tried_lower(const struct diag_connection *conn, const struct diag_connection *other)
{
    return offers_higher(conn, other) < 0;
}

static void name_versions(struct diag_out *out, struct diag_finding *f, uint16_t from, uint16_t to)
{
    const char *high = diag_tls_version_name(from);
    const char *low = diag_tls_version_name(to);
    char text[DANCE_LENGTH];

    snprintf(text, sizeof text, "%s to %s", high ? high : "unknown", low ? low : "unknown");
    diag_name_it(out, f, text);
}

static void on_applied(const struct diag_step *step)
{
    const struct diag_connection *conn = step->conn;
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    if (!tls || tls->first_client_hello.frame != step->seg->frame || step->from != tls->client ||
        diag_raised(conn, DIAG_tls_downgrade_dance))
        return;
    const struct diag_connection *before = diag_beside(conn, -1, DANCE_NS, failed_higher);

    if (!before || diag_beside(before, -1, DANCE_NS, tried_lower))
        return;
    const struct diag_tls_facts *earlier = diag_tls_of(before);
    uint16_t from = earlier->client_hello->max_version;
    struct diag_finding *f =
        diag_raise(step->out, DIAG_tls_downgrade_dance, DIAG_CLIENT, step->seg->frame, from,
                   tls->client_hello->max_version, conn->first_ns - before->first_ns,
                   earlier->first_client_hello.frame);

    if (!f)
        return;
    name_versions(step->out, f, from, tls->client_hello->max_version);
    diag_cite(f, DIAG_ROLE_failed_connection, earlier->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_last, before->close_frame);
    diag_cite(f, DIAG_ROLE_client_hello, step->seg->frame);
}

const struct diag_rule diag_rule_tls_downgrade = {.name = "tls_downgrade",
                                                  .sees_applied =
                                                      DIAG_SEES_FIRST_DATA | DIAG_SEES_HANDSHAKE,
                                                  .on_applied = on_applied};
