/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the connections beside this one tell about it: that another address was faster, that others
 * meet the same trouble.
 */
#include "core.h"

#include <string.h>

/* RFC 8305 8: attempts start 250 ms after one another, 2 s at most. */
#define RACE_NS (2 * DIAG_SECOND_NS)

const struct diag_connection *
diag_beside(const struct diag_connection *conn, int step, int64_t within_ns,
            bool (*test)(const struct diag_connection *, const struct diag_connection *))
{
    const GPtrArray *all = conn->engine->connections;
    guint i = conn->index;

    for (unsigned n = 0; n < DIAG_BESIDE_MOST; n++) {
        i += (guint)step; /* wraps below 0, which ends the loop */
        if (i >= all->len)
            return NULL;
        const struct diag_connection *other = g_ptr_array_index(all, i);
        int64_t apart = other->first_ns - conn->first_ns;

        if (apart > within_ns || apart < -within_ns)
            return NULL;
        if (test(conn, other))
            return other;
    }
    return NULL;
}

bool diag_any_beside(const struct diag_connection *conn, int64_t within_ns,
                     bool (*test)(const struct diag_connection *conn,
                                  const struct diag_connection *other))
{
    return diag_beside(conn, 1, within_ns, test) || diag_beside(conn, -1, within_ns, test);
}

bool diag_same_ends(const struct diag_connection *a, const struct diag_connection *b)
{
    const struct diag_endpoint *x = a->endpoint;
    const struct diag_endpoint *y = b->endpoint;

    return x[DIAG_SERVER].port == y[DIAG_SERVER].port &&
           memcmp(&x[DIAG_SERVER].address, &y[DIAG_SERVER].address, sizeof x->address) == 0 &&
           memcmp(&x[DIAG_CLIENT].address, &y[DIAG_CLIENT].address, sizeof x->address) == 0;
}

/* ---- Happy Eyeballs (RFC 8305): a name has several addresses, and the client takes whichever
 * connects first */

/* Either of the client's addresses may have asked for the name. */
static bool alternatives(const struct diag_connection *a, const struct diag_connection *b,
                         struct diag_name_origin *origin)
{
    const struct diag_names *names = a->engine->names;
    const struct diag_address *first = &a->endpoint[DIAG_SERVER].address;
    const struct diag_address *second = &b->endpoint[DIAG_SERVER].address;

    return diag_names_alternatives(names, &a->endpoint[DIAG_CLIENT].address, first, second,
                                   origin) ||
           diag_names_alternatives(names, &b->endpoint[DIAG_CLIENT].address, first, second, origin);
}

static bool is_beaten_by(const struct diag_connection *loser, const struct diag_connection *winner)
{
    struct diag_name_origin origin;

    return winner->opening.established && !loser->opening.established &&
           winner->endpoint[DIAG_SERVER].port == loser->endpoint[DIAG_SERVER].port &&
           alternatives(winner, loser, &origin);
}

const struct diag_connection *diag_race_winner(const struct diag_connection *conn,
                                               struct diag_name_origin *origin)
{
    const struct diag_connection *winner = NULL;

    /* Spares most connections the search. */
    if (!diag_names_may_know(conn->engine->names, &conn->endpoint[DIAG_SERVER].address))
        return NULL;
    winner = diag_beside(conn, 1, RACE_NS, is_beaten_by);
    if (!winner)
        winner = diag_beside(conn, -1, RACE_NS, is_beaten_by);
    return winner && alternatives(winner, conn, origin) ? winner : NULL;
}

bool diag_lost_race(const struct diag_connection *conn)
{
    struct diag_name_origin origin;

    return diag_race_winner(conn, &origin) != NULL;
}
