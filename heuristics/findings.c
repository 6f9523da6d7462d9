/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes findings: the catalogue's defaults, the evidence gate, and where they are kept. Nothing
 * else in the core can add one.
 */
#include "core.h"

/* No connection that anybody would look at has as many; made-up traffic has, and each is compared
 * with all others in the verdict. */
#define MOST_EVENTS 256

static bool is_full(const struct diag_out *out)
{
    return !out->verdict && out->conn && out->conn->events && out->conn->events->len >= MOST_EVENTS;
}

static bool finds_room(struct diag_out *out)
{
    bool full = is_full(out);

    out->engine->dropped[DIAG_DROPPED_events] += full;
    return !full;
}

static bool capture_supports(const struct diag_connection *conn, unsigned needs)
{
    if (!conn)
        return true;
    if ((needs & DIAG_NEEDS_SYN) && !conn->half[DIAG_CLIENT].syn)
        return false;
    return !(needs & DIAG_NEEDS_BOTH_WAYS) ||
           (conn->half[DIAG_CLIENT].segments > 0 && conn->half[DIAG_SERVER].segments > 0);
}

static void remember(struct diag_out *out, struct diag_finding *finding)
{
    struct diag_connection *conn = out->conn;

    g_ptr_array_add(out->list, finding);
    if (out->verdict || !conn)
        return;
    if (!conn->events)
        conn->events = g_ptr_array_new();
    g_ptr_array_add(conn->events, finding);
    conn->raised[finding->id / 64] |= UINT64_C(1) << (finding->id % 64);
}

/* A time that passed. Where the clock was set back meanwhile, nobody knows how much did. */
static int64_t passed(int64_t ns)
{
    return ns == DIAG_UNKNOWN_NS ? ns : diag_max_ns(ns, 0);
}

struct diag_finding *diag_raise_values(struct diag_out *out, enum diag_id id, enum diag_side side,
                                       uint32_t frame, const int64_t value[DIAG_MAX_VALUES])
{
    const struct diag_diagnosis *d = &diag_catalogue[id];

    if (!capture_supports(out->conn, d->needs) || !finds_room(out))
        return NULL;
    struct diag_finding *finding = g_new0(struct diag_finding, 1);

    *finding = (struct diag_finding){.id = id,
                                     .frame = frame,
                                     .side = side,
                                     .severity = d->severity,
                                     .confidence = d->confidence,
                                     .blame = d->blame,
                                     .layer = d->layer,
                                     .verdict = out->verdict,
                                     .connection = out->conn};
    for (size_t i = 0; i < DIAG_MAX_VALUES; i++)
        finding->value[i] = d->values[i].unit == DIAG_DURATION ? passed(value[i]) : value[i];
    /* Chat about what happened in the connection is benign by definition; group A accuses nobody.
     */
    finding->benign = d->severity == DIAG_CHAT && d->stage != DIAG_STAGE_CAPTURE;
    remember(out, finding);
    return finding;
}

static bool cited(const struct diag_finding *finding, uint32_t frame)
{
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (finding->evidence[i].frame == frame)
            return true;
    return false;
}

void diag_cite(struct diag_finding *finding, enum diag_role role, uint32_t frame)
{
    if (!finding || !frame || finding->evidence_count == DIAG_MAX_EVIDENCE || cited(finding, frame))
        return;
    finding->evidence[finding->evidence_count++] = (struct diag_evidence){frame, role};
}

void diag_cite_again(struct diag_finding *finding, const struct diag_finding *earlier)
{
    for (size_t i = 0; earlier && i < earlier->evidence_count; i++)
        diag_cite(finding, earlier->evidence[i].role, earlier->evidence[i].frame);
}

void diag_cite_late(struct diag_finding *finding, const struct diag_hole *hole, uint32_t frame)
{
    if (finding)
        finding->cause = DIAG_CAUSE_late;
    diag_cite(finding, DIAG_ROLE_data, hole->frame);
    diag_cite(finding, DIAG_ROLE_duplicate_ack, hole->asked_frame);
    diag_cite(finding, DIAG_ROLE_retransmission, frame);
}

void diag_name_it(struct diag_out *out, struct diag_finding *finding, const char *text)
{
    if (finding && text)
        finding->text = g_string_chunk_insert_const(out->engine->strings, text);
}

void diag_excuse(struct diag_finding *finding)
{
    if (!finding)
        return;
    finding->severity = DIAG_CHAT;
    finding->benign = true;
    finding->blame = DIAG_BLAME_NONE;
}

const struct diag_finding *diag_raised_finding(const struct diag_connection *conn, enum diag_id id)
{
    for (guint i = conn->events ? conn->events->len : 0; i-- > 0;) {
        const struct diag_finding *finding = g_ptr_array_index(conn->events, i);

        if (finding->id == id)
            return finding;
    }
    return NULL;
}
