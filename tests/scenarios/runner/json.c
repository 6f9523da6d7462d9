/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The little JSON that facts and findings are printed in. */
#include "scenario.h"

#include <inttypes.h>

void scn_json_key(GString *out, const char *name)
{
    char last = out->len ? out->str[out->len - 1] : '{';

    g_string_append_printf(out, "%s\"%s\":", last == '{' ? "" : ",", name);
}

static void put_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == '"' || c == '\\')
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

void scn_json_text(GString *out, const char *name, const char *text)
{
    scn_json_key(out, name);
    if (text)
        put_string(out, text);
    else
        g_string_append(out, "null");
}

void scn_json_number(GString *out, const char *name, uint64_t number)
{
    scn_json_key(out, name);
    g_string_append_printf(out, "%" PRIu64, number);
}

void scn_json_bool(GString *out, const char *name, bool value)
{
    scn_json_key(out, name);
    g_string_append(out, value ? "true" : "false");
}

void scn_json_address(GString *out, const char *name, const struct diag_address *address)
{
    char text[64];

    diag_render_address(address, text, sizeof text);
    scn_json_text(out, name, text);
}

void scn_json_endpoint(GString *out, const char *name, const struct diag_endpoint *endpoint)
{
    scn_json_key(out, name);
    g_string_append_c(out, '{');
    scn_json_address(out, "address", &endpoint->address);
    scn_json_number(out, "port", endpoint->port);
    g_string_append_c(out, '}');
}
