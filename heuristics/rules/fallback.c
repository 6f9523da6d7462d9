/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name has several addresses: this one did not let the client in, another one did. It is why
 * silence and refusal of this one are no fault that anybody met.
 */
#include "core.h"

static bool is_turned_away(const struct diag_connection *conn)
{
    const struct diag_opening *o = &conn->opening;

    return o->syns && !o->established && (!conn->half[DIAG_SERVER].segments || o->refusals);
}

static void fell_back(const struct diag_connection *conn, struct diag_out *out)
{
    struct diag_name_origin origin = {0};
    const struct diag_connection *winner =
        is_turned_away(conn) ? diag_race_winner(conn, &origin) : NULL;

    if (!winner)
        return;
    struct diag_finding *f =
        diag_raise(out, DIAG_name_fallback_address, DIAG_CLIENT, conn->first_frame,
                   diag_max_ns(winner->first_ns - conn->first_ns, 0), winner->first_frame,
                   origin.answer_frame);

    diag_name_it(out, f, origin.qname);
    diag_cite(f, DIAG_ROLE_answer, origin.answer_frame);
    diag_cite(f, DIAG_ROLE_syn, conn->first_frame);
    diag_cite(f, DIAG_ROLE_good_connection, winner->first_frame);
}

const struct diag_rule diag_rule_fallback = {.name = "fallback", .on_end = fell_back};
