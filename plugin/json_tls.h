/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sides of TLS offered and chose, as JSON. */
#ifndef DIAG_JSON_TLS_H
#define DIAG_JSON_TLS_H

#include "json.h"
#include "tls_names.h"

/* "cipher" as in the packets, and "cipher_name"; null when it is not known. */
void diag_json_tls_number(json_dumper *json, const char *name, enum diag_tls_number kind,
                          uint16_t value);
void diag_json_tls_offer(json_dumper *json, const struct diag_view *view);

#endif
