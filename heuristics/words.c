/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public spelling of every enumerator, one table each. */
#include "diag.h"

const char *diag_severity_name(enum diag_severity severity)
{
    static const char *const name[] = {"chat", "note", "warn", "error"};

    return name[severity];
}

const char *diag_stage_name(enum diag_stage stage)
{
    static const char *const name[] = {"capture", "name",          "connect",  "data",
                                       "close",   "tls_handshake", "tls_data", "host"};

    return name[stage];
}

const char *diag_side_name(enum diag_side side)
{
    static const char *const name[] = {"client", "server", "unknown"};

    return name[side];
}

const char *diag_layer_name(enum diag_layer layer)
{
    static const char *const name[] = {NULL, "app", "config", "stack", "network"};

    return name[layer];
}

const char *diag_confidence_name(enum diag_confidence confidence)
{
    static const char *const name[] = {"low", "medium", "high"};

    return name[confidence];
}

const char *diag_cause_name(enum diag_cause cause)
{
    static const char *const name[] = {
        NULL,
#define CAUSE(id) #id,
#include "causes.def"
#undef CAUSE
    };

    return name[cause];
}

const char *diag_role_name(enum diag_role role)
{
    static const char *const name[] = {
#define ROLE(id) #id,
#include "roles.def"
#undef ROLE
    };

    return name[role];
}

const char *diag_outcome_name(enum diag_outcome outcome)
{
    static const char *const name[] = {"healthy", "degraded", "failed", "undecidable"};

    return name[outcome];
}

const char *diag_vantage_name(enum diag_vantage vantage)
{
    static const char *const name[] = {"unknown", "client", "server", "middle"};

    return name[vantage];
}

const char *diag_reset_kind_name(enum diag_reset_kind kind)
{
    static const char *const name[] = {"refuse", "reply", "active", "odd"};

    return name[kind];
}

const char *diag_loss_kind_name(enum diag_loss_kind kind)
{
    static const char *const name[] = {"unknown", "none", "network", "capture", "selective"};

    return name[kind];
}

const char *diag_loss_where_name(enum diag_loss_where where)
{
    static const char *const name[] = {"unknown", "before", "after"};

    return name[where];
}

const char *diag_part_name(enum diag_part part)
{
    static const char *const name[] = {
#define PART(id, title, help) #id,
#include "parts.def"
#undef PART
    };

    return name[part];
}

const char *diag_ruled_out_text(enum diag_ruled_out what)
{
    static const char *const text[] = {
#define RULED_OUT(id, words) words,
#include "ruled_out.def"
#undef RULED_OUT
    };

    return text[what];
}
