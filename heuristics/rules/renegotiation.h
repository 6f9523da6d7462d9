/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A running session of TLS 1.2 or before is to be negotiated anew, and the other side refuses. */
#ifndef DIAG_RULES_RENEGOTIATION_H
#define DIAG_RULES_RENEGOTIATION_H

#include "core.h"

struct diag_refusal {
    uint32_t asked; /* frame of the HelloRequest or ClientHello inside the session */
    const struct diag_tls_alert *alert;
};

/* Whether the last that was said in this session is such a refusal (RFC 5246 7.2.2,
 * no_renegotiation; many stacks send another alert). */
bool diag_refused_renegotiation(const struct diag_tls_facts *tls, struct diag_refusal *refusal);

#endif
