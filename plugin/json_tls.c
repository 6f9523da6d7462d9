/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sides of TLS offered and chose: numbers, with Wireshark's names beside them. */
#include "json_tls.h"

#include <stdio.h>

#define MEMBER_LENGTH 32
#define NAME_LENGTH   80

void diag_json_tls_number(json_dumper *json, const char *name, enum diag_tls_number kind,
                          uint16_t value)
{
    char member[MEMBER_LENGTH];

    snprintf(member, sizeof member, "%s_name", name);
    if (value == 0)
        diag_json_null(json, name);
    else
        diag_json_number(json, name, value);
    diag_json_text(json, member, value == 0 ? NULL : diag_tls_number_name(kind, value));
}

static void write_groups(json_dumper *json, const struct diag_view *view)
{
    diag_json_begin_array(json, "groups");
    for (size_t i = 0; i < view->tls_offered_group_count; i++) {
        char text[NAME_LENGTH];

        diag_tls_number_text(DIAG_TLS_NUMBER_GROUP, view->tls_offered_groups[i], text, sizeof text);
        json_dumper_value_string(json, text);
    }
    json_dumper_end_array(json);
}

void diag_json_tls_offer(json_dumper *json, const struct diag_view *view)
{
    if (!view->tls_has_offer) {
        diag_json_null(json, "offered");
        return;
    }
    diag_json_begin_object(json, "offered");
    diag_json_tls_number(json, "min_version", DIAG_TLS_NUMBER_VERSION, view->tls_offered_min);
    diag_json_tls_number(json, "max_version", DIAG_TLS_NUMBER_VERSION, view->tls_offered_max);
    diag_json_number(json, "ciphers", view->tls_offered_ciphers);
    write_groups(json, view);
    diag_json_raw_text(json, "alpn", view->tls_offered_alpn);
    json_dumper_end_object(json);
}
