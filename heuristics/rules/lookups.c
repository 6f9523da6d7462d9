/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client did while the server waited for it: whoever validates a certificate may ask for its
 * revocation (OCSP, a CRL: RFC 6960, RFC 5280 5), and for the names of those servers first.
 */
#include "bounded.h"
#include "rules/silence.h"

#include <string.h>

#define HTTP_PORT 80

struct search {
    const struct diag_connection *conn;
    int64_t since_ns;
    struct diag_lookups found;
};

/* A label, or a part of one, that the hosts of certificate authorities have: ocsp.example,
 * crl3.example, pki-ocsp.example. */
static bool is_revocation_name(const char *name)
{
    return strstr(name, "ocsp") || strstr(name, "crl") || strstr(name, "pki.") ||
           strstr(name, "revocation");
}

static void note(struct search *search, enum diag_cause cause, uint32_t frame, const char *name)
{
    struct diag_lookups *found = &search->found;

    found->count++;
    if (found->cause == cause || found->cause == DIAG_CAUSE_revocation)
        return;
    found->cause = cause;
    found->frame = frame;
    found->name = name;
}

/* A name that is asked for, and another that has no answer yet, may be anything the host does;
 * without an answer it may be what it waits for. */
static void name_asked(const struct diag_name_asked *asked, void *context)
{
    struct search *search = context;

    if (is_revocation_name(asked->qname))
        note(search, DIAG_CAUSE_revocation, asked->query_frame, asked->qname);
    else if (!asked->answered)
        note(search, DIAG_CAUSE_lookup, asked->query_frame, asked->qname);
}

/* ---- connections to the HTTP servers of an authority */

static void look_at(struct search *search, const struct diag_connection *other)
{
    const struct diag_connection *conn = search->conn;
    const struct diag_address *client = &conn->endpoint[DIAG_CLIENT].address;
    struct diag_name_origin origin = {0};

    if (other->first_ns < search->since_ns || other->endpoint[DIAG_SERVER].port != HTTP_PORT ||
        !diag_same_address(&other->endpoint[DIAG_CLIENT].address, client))
        return;
    if (diag_names_origin(conn->engine->names, client, &other->endpoint[DIAG_SERVER].address,
                          &origin) &&
        is_revocation_name(origin.qname))
        note(search, DIAG_CAUSE_revocation, other->first_frame, origin.qname);
}

struct diag_lookups diag_lookups_meanwhile(const struct diag_connection *conn, int64_t since_ns)
{
    const GPtrArray *all = conn->engine->connections;
    struct search search = {.conn = conn, .since_ns = since_ns};
    guint first = conn->index + 1;

    diag_names_asked(conn->engine->names, &conn->endpoint[DIAG_CLIENT].address, since_ns,
                     name_asked, &search);
    for (guint i = first; i < all->len && i - first < DIAG_BESIDE_MOST; i++)
        look_at(&search, g_ptr_array_index(all, i));
    return search.found;
}
