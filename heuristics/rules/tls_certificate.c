/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of the server's certificate. A fault alone is a note, for many sessions work with it; it
 * is a warning when the client rejected the certificate, in words that fit the fault. Verdicts
 * only: whether the clock of the file can be trusted is known at its end.
 */
#include "core.h"

#include <stdio.h>
#include <string.h>

/* Inside the handshake a client may look up and compute for a while; a person needs longer to read
 * a warning. Once it is over, a program that checks then has nothing left to wait for. */
#define AT_ONCE_NS    DIAG_SECOND_NS
#define AFTERWARDS_NS (200 * DIAG_MS_NS)

/* What the client did about the certificate. */
struct rejection {
    uint32_t frame; /* 0: nothing, as far as the packets show */
    enum diag_role role;
    bool alert;      /* else it closed without a word */
    bool afterwards; /* when the handshake was over */
    uint8_t description;
};

/* What the rules look at. */
struct look {
    const struct diag_connection *conn;
    const struct diag_tls_facts *tls;
    struct diag_out *out;
    const struct diag_certificate_entry *own;
    struct rejection rejection;
    bool rejected; /* for a fault that was found */
};

/* ---- was it rejected? */

/* The level tells in TLS 1.2, not in 1.3; of these all mean the end. */
static bool is_about_certificates(uint8_t description)
{
    return (description >= 42 && description <= 46) || description == 48;
}

static struct rejection by_alert(const struct diag_tls_facts *tls)
{
    for (size_t i = 0; i < tls->alert_count; i++) {
        const struct diag_tls_alert *alert = &tls->alerts[i];

        if (alert->side == tls->client && !alert->encrypted &&
            alert->frame > tls->certificates.frame && is_about_certificates(alert->description))
            return (struct rejection){.frame = alert->frame,
                                      .role = DIAG_ROLE_alert,
                                      .alert = true,
                                      .description = alert->description};
    }
    return (struct rejection){0};
}

/* It said something before it closed; what the server says to that is no reason of the client's. */
static bool is_silent(const struct diag_connection *conn, const struct diag_tls_facts *tls)
{
    for (size_t i = 0; i < tls->alert_count; i++)
        if (tls->alerts[i].side == tls->client || tls->alerts[i].frame < conn->close_frame)
            return false;
    return !tls->first_data[tls->client].frame;
}

/* Programs that check after the handshake close without alert and without a byte of data. In TLS
 * 1.3 they would look like any client that changed its mind, if there were no keys. */
static struct rejection by_close(const struct diag_connection *conn,
                                 const struct diag_tls_facts *tls)
{
    const struct diag_half *client = &conn->half[tls->client];
    bool afterwards = tls->established.frame && tls->established.frame <= conn->close_frame;
    int64_t since = afterwards ? tls->established.time_ns : tls->certificates.time_ns;

    if (conn->closer != tls->client || !is_silent(conn, tls) ||
        (afterwards && tls->version >= 0x0304) ||
        conn->close_ns - since > (afterwards ? AFTERWARDS_NS : AT_ONCE_NS) ||
        conn->close_frame <= tls->certificates.frame)
        return (struct rejection){0};
    return (struct rejection){.frame = conn->close_frame,
                              .role = client->rst_frame == conn->close_frame ? DIAG_ROLE_rst
                                                                             : DIAG_ROLE_fin,
                              .afterwards = afterwards};
}

static struct rejection rejection_of(const struct diag_connection *conn,
                                     const struct diag_tls_facts *tls)
{
    struct rejection rejection = by_alert(tls);

    return rejection.frame ? rejection : by_close(conn, tls);
}

/* 42 and 46 are what stacks send for anything; the others name one fault. */
static bool rejects_for(const struct rejection *rejection, uint8_t fitting)
{
    return rejection->alert && (rejection->description == 42 || rejection->description == 46 ||
                                rejection->description == fitting);
}

static bool closes_on(const struct rejection *rejection)
{
    return rejection->frame && !rejection->alert;
}

/* ---- is it for this name? */

/* What a program asks for, without the dot that makes it absolute. */
static bool covers(const struct diag_connection *conn, const struct diag_certificate_entry *own,
                   const char *asked)
{
    char name[DIAG_TLS_MAX_NAME + 1];
    size_t length;

    snprintf(name, sizeof name, "%s", asked);
    length = strlen(name);
    if (length > 0 && name[length - 1] == '.')
        name[length - 1] = '\0';
    return diag_certificates_cover(conn->engine->certificates, own, name);
}

/* With encrypted ClientHello the name in clear is not the one that was asked for. */
bool diag_certificate_fits(const struct diag_connection *conn)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);
    const struct diag_tls_client_hello *hello = tls->client_hello;

    return !hello->server_name[0] || (hello->ech && tls->version >= 0x0304) ||
           covers(conn, tls->certificates.chain[0], hello->server_name);
}

/* ---- findings */

/* The client finished the handshake: it took the certificate, and nobody needs to act. */
static void accept(const struct look *look, struct diag_finding *f)
{
    if (!look->tls->established.frame)
        return;
    f->benign = true;
    f->blame = DIAG_BLAME_NONE;
}

/* What the fault of the certificate explains: the handshake was finished in vain. */
static void left_unused(const struct look *look)
{
    const struct rejection *rejection = &look->rejection;
    const struct diag_tls_facts *tls = look->tls;
    struct diag_finding *f =
        diag_raise(look->out, DIAG_tls_closed_in_handshake, tls->client, rejection->frame,
                   look->conn->close_ns - tls->established.time_ns, tls->established.frame);

    if (!f)
        return;
    f->cause = DIAG_CAUSE_unused;
    f->blame = DIAG_BLAME_CLIENT | DIAG_BLAME_SERVER;
    diag_cite(f, DIAG_ROLE_certificate, tls->certificates.frame);
    diag_cite(f, rejection->role, rejection->frame);
}

static void tell(struct look *look, struct diag_finding *f, bool rejected, const char *name)
{
    if (!f)
        return;
    diag_name_it(look->out, f, name);
    diag_cite(f, DIAG_ROLE_certificate, look->tls->certificates.frame);
    if (!rejected) {
        accept(look, f);
        return;
    }
    f->severity = DIAG_WARN;
    /* The client may be the one with the wrong clock, name or trust store. */
    f->blame |= DIAG_BLAME_CLIENT;
    diag_cite(f, look->rejection.role, look->rejection.frame);
    if (!look->rejection.alert)
        f->confidence = DIAG_MEDIUM;
    look->rejected = true;
}

static const char *name_of(const struct look *look)
{
    const struct diag_tls_client_hello *hello = look->tls->client_hello;
    const struct diag_certificate *facts = &look->own->facts;

    if (hello->server_name[0])
        return hello->server_name;
    return facts->names[0] ? facts->names : facts->subject;
}

static uint32_t others_out_of_date(const struct diag_tls_certificates *seen)
{
    uint32_t n = 0;

    for (size_t i = 1; i < seen->chain_count; i++)
        n += seen->chain[i] && diag_certificate_out_of_date(&seen->chain[i]->facts, seen->time_ns);
    return n;
}

static void expired(struct look *look)
{
    const struct diag_tls_certificates *seen = &look->tls->certificates;
    int64_t outside = diag_certificate_outside_ns(&look->own->facts, seen->time_ns);

    if (!outside || diag_certificates_doubt_the_clock(look->conn->engine->certificates))
        return;
    struct diag_finding *f =
        diag_raise(look->out, DIAG_tls_cert_expired, diag_peer(look->tls->client), seen->frame,
                   outside < 0 ? -outside : outside, seen->frame, others_out_of_date(seen));

    if (f && outside < 0)
        f->cause = DIAG_CAUSE_not_yet_valid;
    tell(look, f, rejects_for(&look->rejection, 45) || closes_on(&look->rejection), name_of(look));
}

static void other_name(struct look *look)
{
    uint32_t frame = look->tls->certificates.frame;

    if (diag_certificate_fits(look->conn))
        return;
    struct diag_finding *f =
        diag_raise(look->out, DIAG_tls_cert_name_mismatch, diag_peer(look->tls->client), frame,
                   frame, look->tls->first_client_hello.frame);

    tell(look, f, rejects_for(&look->rejection, 42) || closes_on(&look->rejection),
         look->own->facts.names);
}

/* The issuer's certificate is sent along; true also when the chain could not be read. */
static bool issuer_sent(const struct look *look)
{
    const struct diag_tls_certificates *seen = &look->tls->certificates;
    const char *issuer = look->own->facts.issuer;

    if (seen->count != seen->chain_count || !issuer[0])
        return true;
    for (size_t i = 1; i < seen->chain_count; i++)
        if (!seen->chain[i] || strcmp(seen->chain[i]->facts.subject, issuer) == 0)
            return true;
    return false;
}

/* Roots need not be sent. Whether the issuer is one shows by its own certificate, if some other
 * connection has it; else only public authorities are known never to sign with their root. */
static bool issuer_is_no_root(const struct look *look)
{
    const struct diag_certificate_entry *issuer =
        diag_certificates_issuer(look->conn->engine->certificates, look->own);

    return issuer ? !issuer->facts.self_signed : look->own->facts.by_forum;
}

static void chain_incomplete(struct look *look)
{
    const struct diag_tls_certificates *seen = &look->tls->certificates;

    if (look->own->facts.self_signed || issuer_sent(look) || !issuer_is_no_root(look))
        return;
    struct diag_finding *f =
        diag_raise(look->out, DIAG_tls_cert_chain_incomplete, diag_peer(look->tls->client),
                   seen->frame, seen->frame, seen->count);

    tell(look, f, rejects_for(&look->rejection, 48), look->own->facts.issuer);
}

static void on_end(const struct diag_connection *conn, struct diag_out *out)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    if (!tls || tls->certificates.chain_count == 0 || !tls->certificates.frame ||
        !tls->certificates.chain[0])
        return;
    struct look look = {.conn = conn,
                        .tls = tls,
                        .out = out,
                        .own = tls->certificates.chain[0],
                        .rejection = rejection_of(conn, tls)};

    expired(&look);
    other_name(&look);
    chain_incomplete(&look);
    if (look.rejected && look.rejection.afterwards)
        left_unused(&look);
}

const struct diag_rule diag_rule_tls_certificate = {.name = "tls_certificate", .on_end = on_end};
