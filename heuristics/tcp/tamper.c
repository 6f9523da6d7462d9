/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape in which a tampered connection arrives at a server: what the client had sent, and which
 * resets in its name came then, or that nothing came any more (the nineteen signatures of "Global,
 * Passive Detection of Connection Tampering", SIGCOMM 2023, in their notation).
 *
 * The shapes alone are also those of scanners, of browsers that cancel, and of programs that close
 * by a reset. So there is one only where a reset contradicts its source or comes from another
 * distance, or where a server kept asking a client that fell silent; never on a connection that did
 * its work or was refused.
 */
#include "tcp/tamper.h"

/* Resets that belong together; after it, they are somebody's answers. */
#define VOLLEY_NS DIAG_SECOND_NS
/* Nobody falls silent for so long who still has something to receive. */
#define SILENCE_NS (3 * DIAG_SECOND_NS)

enum stage {
    AFTER_SYN,
    AFTER_ACK,
    AFTER_PSH,
    AFTER_DATA
};

/* The resets of one volley. */
struct volley {
    unsigned plain; /* without an ACK flag */
    unsigned acknowledging;
    unsigned zeros; /* with ACK number 0 */
    uint32_t ack;   /* of the first */
    bool different; /* not all ACK numbers are the same */
};

static bool has_telling_clue(const struct diag_reset *reset)
{
    for (unsigned i = 0; i < reset->clue_count; i++)
        if (reset->clues[i].kind == DIAG_CLUE_hop_count ||
            diag_clue_is_strong(reset->clues[i].kind))
            return true;
    return false;
}

static bool is_from_elsewhere(const struct diag_reset *reset)
{
    for (unsigned i = 0; i < reset->clue_count; i++)
        if (reset->clues[i].kind == DIAG_CLUE_hop_count)
            return true;
    return false;
}

/* ---- where the connection was */

static enum stage stage_at(const struct diag_connection *conn, uint32_t frame, uint32_t data)
{
    const struct diag_opening *o = &conn->opening;

    if (data > 0)
        return data == 1 ? AFTER_PSH : AFTER_DATA;
    return o->ack_frame && o->ack_frame < frame ? AFTER_ACK : AFTER_SYN;
}

/* ---- which resets came */

/* One that tells, where every client's reset might be the client's own. */
static const struct diag_reset *first_reset(const struct diag_connection *conn,
                                            const struct diag_finding *injected)
{
    for (uint32_t i = 0; i < conn->reset_count; i++) {
        const struct diag_reset *reset = &conn->reset[i];

        if (injected ? reset->frame == (uint32_t)injected->value[0]
                     : reset->side == DIAG_CLIENT && has_telling_clue(reset))
            return reset;
    }
    return NULL;
}

static void count_reset(struct volley *v, const struct diag_reset *reset)
{
    if (v->plain + v->acknowledging == 0)
        v->ack = reset->ack;
    v->plain += !reset->has_ack;
    v->acknowledging += reset->has_ack;
    v->zeros += reset->ack == 0;
    v->different = v->different || reset->ack != v->ack;
}

/* The victim's own resets bear the same address, but not the same distance. */
static struct volley volley_of(const struct diag_connection *conn, const struct diag_reset *first)
{
    struct volley v = {0};
    bool foreign = is_from_elsewhere(first);

    for (uint32_t i = 0; i < conn->reset_count; i++) {
        const struct diag_reset *reset = &conn->reset[i];
        int64_t apart = reset->time_ns - first->time_ns;

        if (reset->side == first->side && apart >= -VOLLEY_NS && apart <= VOLLEY_NS &&
            is_from_elsewhere(reset) == foreign)
            count_reset(&v, reset);
    }
    return v;
}

static const char *several_plain(const struct volley *v)
{
    if (!v->different)
        return "⟨PSH+ACK → RST = RST⟩";
    return v->zeros ? "⟨PSH+ACK → RST; RST₀⟩" : "⟨PSH+ACK → RST ≠ RST⟩";
}

static const char *after_first_data(const struct volley *v)
{
    if (v->plain && v->acknowledging)
        return "⟨PSH+ACK → RST; RST+ACK⟩";
    if (v->acknowledging)
        return v->acknowledging == 1 ? "⟨PSH+ACK → RST+ACK⟩" : "⟨PSH+ACK → RST+ACK; RST+ACK⟩";
    return v->plain == 1 ? "⟨PSH+ACK → RST⟩" : several_plain(v);
}

static const char *after_handshake(const struct volley *v)
{
    if (v->plain && v->acknowledging)
        return NULL; /* the paper has no such shape */
    if (v->acknowledging)
        return v->acknowledging == 1 ? "⟨SYN; ACK → RST+ACK⟩" : "⟨SYN; ACK → RST+ACK; RST+ACK⟩";
    return v->plain == 1 ? "⟨SYN; ACK → RST⟩" : "⟨SYN; ACK → RST; RST⟩";
}

static const char *signature_of(enum stage stage, const struct volley *v)
{
    bool both = v->plain && v->acknowledging;

    switch (stage) {
    case AFTER_SYN:
        return both ? "⟨SYN → RST; RST+ACK⟩" : v->plain ? "⟨SYN → RST⟩" : "⟨SYN → RST+ACK⟩";
    case AFTER_ACK:
        return after_handshake(v);
    case AFTER_PSH:
        return after_first_data(v);
    case AFTER_DATA:
        return both ? NULL : v->plain ? "⟨PSH+ACK; Data → RST⟩" : "⟨PSH+ACK; Data → RST+ACK⟩";
    }
    return NULL;
}

/* A FIN before it: the client was done. */
static const char *by_resets(const struct diag_connection *conn,
                             const struct diag_finding *injected)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];
    const struct diag_reset *first = first_reset(conn, injected);

    if (!first || !client->segments || (client->fin && client->fin_frame < first->frame))
        return NULL;
    struct volley v = volley_of(conn, first);

    return signature_of(stage_at(conn, first->frame, first->client_data), &v);
}

/* ---- nothing more came */

/* The server says the same again and again, and the client not a word. */
static bool asks_in_vain(const struct diag_connection *conn)
{
    const struct diag_half *server = &conn->half[DIAG_SERVER];

    if (!conn->opening.ack_frame)
        return conn->opening.synack_repeats > 0;
    return server->flight_count > 0 && server->flight[0].again > 0;
}

static const char *by_silence(const struct diag_connection *conn)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];

    if (conn->opening.syns != 1 || client->fin || client->rst_frame || !asks_in_vain(conn) ||
        conn->engine->last_ns - client->last_ns < SILENCE_NS)
        return NULL;
    switch (stage_at(conn, UINT32_MAX, client->data_segments)) {
    case AFTER_SYN:
        return "⟨SYN → ∅⟩";
    case AFTER_ACK:
        return "⟨SYN; ACK → ∅⟩";
    case AFTER_PSH:
        return "⟨PSH+ACK → ∅⟩";
    case AFTER_DATA:
        return NULL;
    }
    return NULL;
}

static const struct diag_finding *injected_of(const struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->findings[i].finding->id == DIAG_rst_injected && !s->findings[i].finding->benign &&
            s->findings[i].effective >= DIAG_NOTE)
            return s->findings[i].finding;
    return NULL;
}

const char *diag_tamper_signature(const struct diag_sentence *s, enum diag_vantage vantage)
{
    const struct diag_finding *injected = injected_of(s);
    bool arrives = vantage == DIAG_VANTAGE_SERVER || vantage == DIAG_VANTAGE_MIDDLE;

    if (s->outcome != DIAG_FAILED || diag_raised(s->conn, DIAG_connect_refused) ||
        (!injected && !arrives))
        return NULL;
    const char *signature = by_resets(s->conn, injected);

    return signature || !arrives ? signature : by_silence(s->conn);
}
