/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates read with GnuTLS. Knows no Wireshark, so that tests can use it without.
 */
#ifndef DIAG_PLUGIN_CERTIFICATES_H
#define DIAG_PLUGIN_CERTIFICATES_H

#include "../heuristics/diag.h"

extern const struct diag_certificate_reader diag_gnutls_reader;

#endif
