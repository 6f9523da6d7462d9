/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and endpoints as a person writes them: 10.0.0.1, 2001:db8::1, 10.0.0.1:443 and
 * [2001:db8::1]:443. */
#include "scenario.h"

#include <arpa/inet.h>
#include <string.h>

struct diag_address scn_address(const struct scn_line *line, const char *text)
{
    struct diag_address address = {0};

    if (inet_pton(AF_INET, text, address.bytes) == 1)
        address.length = 4;
    else if (inet_pton(AF_INET6, text, address.bytes) == 1)
        address.length = 16;
    else
        scn_fail(line, "\"%s\" is not an IP address", text);
    return address;
}

struct diag_endpoint scn_endpoint(const struct scn_line *line, const char *text)
{
    const char *colon = strrchr(text, ':');
    struct diag_endpoint endpoint = {0};

    if (!colon || (*text == '[' && colon[-1] != ']'))
        scn_fail(line, "\"%s\" is not address:port", text);
    char *host = *text == '[' ? g_strndup(text + 1, (gsize)(colon - text - 2))
                              : g_strndup(text, (gsize)(colon - text));

    endpoint.address = scn_address(line, host);
    endpoint.port = (uint16_t)scn_number(line, colon + 1, UINT16_MAX);
    g_free(host);
    return endpoint;
}

struct diag_endpoint scn_endpoint_at(const struct scn_line *line, const char *text, uint16_t port)
{
    struct diag_endpoint endpoint = {.port = port};

    if (strchr(text, '.') ? strchr(text, ':') != NULL : *text == '[')
        return scn_endpoint(line, text);
    endpoint.address = scn_address(line, text);
    return endpoint;
}
