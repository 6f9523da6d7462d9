/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wireshark does not export its tables of TLS names, but every registered field leads to its own.
 */
#include "compat.h"

#include "tls_names.h"

#include <epan/proto.h>

#include <stdio.h>

static const char *const field[] = {
    [DIAG_TLS_NUMBER_VERSION] = "tls.handshake.version",
    [DIAG_TLS_NUMBER_CIPHER] = "tls.handshake.ciphersuite",
    [DIAG_TLS_NUMBER_GROUP] = "tls.handshake.extensions_supported_group",
};

const char *diag_tls_number_name(enum diag_tls_number kind, uint16_t value)
{
    const header_field_info *info = proto_registrar_get_byname(field[kind]);

    if (info == NULL || info->strings == NULL || (info->display & BASE_RANGE_STRING) != 0)
        return NULL;
    if ((info->display & BASE_EXT_STRING) != 0)
        return try_val_to_str_ext(value, (value_string_ext *)info->strings);
    return try_val_to_str(value, (const value_string *)info->strings);
}

void diag_tls_number_text(enum diag_tls_number kind, uint16_t value, char *text, size_t size)
{
    const char *name = diag_tls_number_name(kind, value);

    if (name != NULL)
        snprintf(text, size, "%s", name);
    else
        snprintf(text, size, "0x%04x", value);
}
