/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of TLS versions, cipher suites and groups, as Wireshark's own TLS dissector writes them. */
#ifndef DIAG_TLS_NAMES_H
#define DIAG_TLS_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum diag_tls_number {
    DIAG_TLS_NUMBER_VERSION,
    DIAG_TLS_NUMBER_CIPHER,
    DIAG_TLS_NUMBER_GROUP
};

/* NULL when Wireshark has none. */
const char *diag_tls_number_name(enum diag_tls_number kind, uint16_t value);
/* The name, else 0x1234. */
void diag_tls_number_text(enum diag_tls_number kind, uint16_t value, char *text, size_t size);

#endif
