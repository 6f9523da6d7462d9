/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Happy Eyeballs (RFC 8305): a name has several addresses, and the client takes whichever connects
 * first. That another one did not answer, or refused, is no failure then.
 */
#include "core.h"

/* RFC 8305 8: attempts start 250 ms after one another, 2 s at most. */
#define RACE_NS (2 * DIAG_SECOND_NS)
/* Connections looked at on either side. */
#define RACE_MOST 256

/* Either of the client's addresses may have asked for the name. */
static bool alternatives(const struct diag_connection *a, const struct diag_connection *b)
{
    const struct diag_names *names = a->engine->names;
    const struct diag_address *first = &a->endpoint[DIAG_SERVER].address;
    const struct diag_address *second = &b->endpoint[DIAG_SERVER].address;
    struct diag_name_origin origin;

    return diag_names_alternatives(names, &a->endpoint[DIAG_CLIENT].address, first, second,
                                   &origin) ||
           diag_names_alternatives(names, &b->endpoint[DIAG_CLIENT].address, first, second,
                                   &origin);
}

static bool beats(const struct diag_connection *winner, const struct diag_connection *loser)
{
    return winner->opening.established && !loser->opening.established &&
           winner->endpoint[DIAG_SERVER].port == loser->endpoint[DIAG_SERVER].port &&
           alternatives(winner, loser);
}

static bool is_beaten(const struct diag_connection *conn, int step)
{
    const GPtrArray *all = conn->engine->connections;
    guint i = conn->index;

    for (unsigned n = 0; n < RACE_MOST; n++) {
        i += (guint)step; /* wraps below 0, which ends the loop */
        if (i >= all->len)
            return false;
        const struct diag_connection *other = g_ptr_array_index(all, i);
        int64_t apart = other->first_ns - conn->first_ns;

        if (apart > RACE_NS || apart < -RACE_NS)
            return false;
        if (beats(other, conn))
            return true;
    }
    return false;
}

bool diag_lost_race(const struct diag_connection *conn)
{
    return is_beaten(conn, 1) || is_beaten(conn, -1);
}
