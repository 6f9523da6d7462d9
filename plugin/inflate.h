/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressed certificate chains (RFC 8879), with the libraries that the build found. Knows no
 * Wireshark.
 */
#ifndef DIAG_PLUGIN_INFLATE_H
#define DIAG_PLUGIN_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in struct diag_certificate_reader. */
bool diag_inflate(void *context, uint16_t algorithm, const uint8_t *data, size_t length,
                  uint8_t *result, size_t size);

#endif
