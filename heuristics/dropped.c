/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much the bounds left out: whoever reads a report knows that there was more. */
#include "core.h"
#include "tls/certificates.h"

void diag_dropped(const struct diag_engine *engine, uint64_t dropped[DIAG_DROPPED_COUNT])
{
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++)
        dropped[i] = engine->dropped[i];
    dropped[DIAG_DROPPED_certificates] = diag_certificates_dropped(engine->certificates);
    dropped[DIAG_DROPPED_names] = diag_names_dropped(engine->names);
    dropped[DIAG_DROPPED_addresses] = diag_names_addresses_dropped(engine->names);
    dropped[DIAG_DROPPED_neighbours] =
        diag_neighbours_dropped(engine->neighbours) + diag_claims_dropped(engine->claims);
}

const char *diag_dropped_name(enum diag_dropped what)
{
    static const char *const name[] = {
#define DROPPED(id, words) #id,
#include "dropped.def"
#undef DROPPED
    };

    return name[what];
}

const char *diag_dropped_text(enum diag_dropped what)
{
    static const char *const text[] = {
#define DROPPED(id, words) words,
#include "dropped.def"
#undef DROPPED
    };

    return text[what];
}
