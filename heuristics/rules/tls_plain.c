/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One side speaks TLS and the other does not: the wrong port, the wrong scheme, a proxy.
 */
#include "../core.h"

#include <string.h>

/* Shorter than this, the answer may be anything; a protocol's greeting is longer. */
#define WORD_LENGTH 4

static void printable(const struct diag_tls_half *half, char text[DIAG_TLS_FIRST_BYTES + 1])
{
    uint8_t n = 0;

    while (n < half->first_count && half->first[n] >= ' ' && half->first[n] < 127) {
        text[n] = (char)half->first[n];
        n++;
    }
    text[n] = '\0';
}

static void plain_answer(const struct diag_step *step)
{
    const struct diag_tls_facts *tls = diag_tls_of(step->conn);
    char text[DIAG_TLS_FIRST_BYTES + 1];

    if (!tls || step->from != DIAG_SERVER || !step->seg->payload ||
        tls->half[DIAG_SERVER].speech != DIAG_TLS_NOT_TLS ||
        tls->half[DIAG_CLIENT].speech != DIAG_TLS_SPOKEN || !tls->first_client_hello.frame ||
        diag_raised(step->conn, DIAG_tls_not_tls))
        return;
    printable(&tls->half[DIAG_SERVER], text);
    if (strlen(text) < WORD_LENGTH)
        return;
    struct diag_finding *f = diag_raise(step->out, DIAG_tls_not_tls, DIAG_SERVER, step->seg->frame,
                                        tls->first_client_hello.frame);

    diag_name_it(step->out, f, text);
    diag_cite(f, DIAG_ROLE_client_hello, tls->first_client_hello.frame);
    diag_cite(f, DIAG_ROLE_response, step->seg->frame);
}

const struct diag_rule diag_rule_tls_plain = {
    .name = "tls_plain", .sees_applied = DIAG_SEES_HANDSHAKE, .on_applied = plain_answer};
