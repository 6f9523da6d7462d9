/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the features of connections are, and what they are called. */
#include "correlate/features.h"

#include "bounded.h"

#include <stdio.h>
#include <string.h>

/* ---- values */

/* 0 is "unknown". */
static uint64_t yes_or_no(bool known, bool yes)
{
    return known ? 1 + (uint64_t)yes : 0;
}

static uint64_t option_of(const struct diag_connection *conn, enum diag_option option)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];

    return yes_or_no(client->syn, client->options & option);
}

static const struct diag_tls_client_hello *hello_of(const struct diag_connection *conn)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return tls && tls->client_hello->length && !tls->client_hello->partial ? tls->client_hello
                                                                           : NULL;
}

static uint64_t hash_of(const void *bytes, size_t size)
{
    return UINT64_C(1) << 32 | diag_hash_bytes(DIAG_HASH_START, bytes, size);
}

static uint64_t server_name_of(const struct diag_tls_client_hello *hello)
{
    return hello ? hash_of(hello->server_name, strlen(hello->server_name)) : 0;
}

static const struct diag_certificate_entry *certificate_of(const struct diag_connection *conn)
{
    const struct diag_tls_facts *tls = diag_tls_of(conn);

    return tls && tls->certificates.chain_count ? tls->certificates.chain[0] : NULL;
}

static uint64_t initial_ttl(uint8_t ttl)
{
    return (unsigned)ttl + (unsigned)diag_hops(ttl);
}

/* Which options in what size, and from which TTL it counts down: a fingerprint after p0f. */
static uint64_t stack_of(const struct diag_connection *conn)
{
    const struct diag_half *client = &conn->half[DIAG_CLIENT];
    unsigned lasting = client->options & ~(unsigned)DIAG_OPT_FAST_OPEN;

    if (!client->syn)
        return 0;
    return UINT64_C(1) << 48 | initial_ttl(client->ttl) << 32 | (uint64_t)client->wscale << 24 |
           (lasting & 0xffu) << 16 | client->mss;
}

/* Systems assign 49152 and up (IANA), 32768 and up (Linux), or 1024 and up. */
static uint64_t port_range(uint16_t port)
{
    return port >= 49152 ? 4 : port >= 32768 ? 3 : port >= 1024 ? 2 : 1;
}

/* Of the options only what the server decides: the others are those of the client. */
static uint64_t server_options(const struct diag_connection *conn)
{
    const struct diag_half *server = &conn->half[DIAG_SERVER];
    unsigned offered = conn->half[DIAG_CLIENT].options;

    if (!server->syn || !conn->half[DIAG_CLIENT].syn)
        return 0;
    uint64_t scale = server->options & DIAG_OPT_WSCALE ? server->wscale + 1u : 0;

    return UINT64_C(1) << 48 | scale << 32 | (offered & ~server->options & 0xfu) << 16 |
           server->mss;
}

static uint64_t address_hash(const struct diag_address *address)
{
    return UINT64_C(1) << 32 | diag_hash_address(DIAG_HASH_START, address);
}

uint64_t diag_feature_of(const struct diag_connection *conn, enum diag_feature feature)
{
    const struct diag_tls_client_hello *hello = hello_of(conn);

    switch (feature) {
    case DIAG_FEATURE_ECN:
        return yes_or_no(conn->half[DIAG_CLIENT].syn, conn->opening.ecn);
    case DIAG_FEATURE_TIMESTAMPS:
        return option_of(conn, DIAG_OPT_TIMESTAMPS);
    case DIAG_FEATURE_SACK:
        return option_of(conn, DIAG_OPT_SACK_PERMITTED);
    case DIAG_FEATURE_WINDOW_SCALE:
        return option_of(conn, DIAG_OPT_WSCALE);
    case DIAG_FEATURE_HELLO_SIZE:
        return yes_or_no(hello, hello && hello->segments > 1);
    case DIAG_FEATURE_TLS13:
        return yes_or_no(hello, hello && hello->max_version >= 0x0304);
    case DIAG_FEATURE_POST_QUANTUM:
        return yes_or_no(hello, hello && hello->hybrid);
    case DIAG_FEATURE_SERVER_NAME:
        return server_name_of(hello);
    case DIAG_FEATURE_CERTIFICATE:
        return (uint64_t)(uintptr_t)certificate_of(conn);
    case DIAG_FEATURE_STACK:
        return stack_of(conn);
    case DIAG_FEATURE_CLIENT:
        return address_hash(&conn->endpoint[DIAG_CLIENT].address);
    case DIAG_FEATURE_SOURCE_PORT:
        return port_range(conn->endpoint[DIAG_CLIENT].port);
    case DIAG_FEATURE_SERVER_TTL:
        return conn->half[DIAG_SERVER].syn ? UINT64_C(256) + conn->half[DIAG_SERVER].ttl : 0;
    default:
        return server_options(conn);
    }
}

/* ---- words */

static const char *const binary_name[] = {
    [DIAG_FEATURE_ECN] = "ECN",
    [DIAG_FEATURE_TIMESTAMPS] = "timestamps",
    [DIAG_FEATURE_SACK] = "SACK",
    [DIAG_FEATURE_WINDOW_SCALE] = "window scaling",
    [DIAG_FEATURE_HELLO_SIZE] = "ClientHello in several segments",
    [DIAG_FEATURE_TLS13] = "TLS 1.3 offer",
    [DIAG_FEATURE_POST_QUANTUM] = "post-quantum keys",
};

static void binary_text(const struct diag_connection *conn, enum diag_feature feature, bool others,
                        char *text, size_t size)
{
    bool yes = (diag_feature_of(conn, feature) == 2) != others;

    snprintf(text, size, "%s%s", yes ? "" : "no ", binary_name[feature]);
}

static void certificate_text(const struct diag_connection *conn, char *text, size_t size)
{
    const struct diag_certificate_entry *entry = certificate_of(conn);

    snprintf(text, size, "certificate %.40s", entry ? entry->facts.subject : "");
}

static void value_text(const struct diag_connection *conn, enum diag_feature feature, char *text,
                       size_t size)
{
    static const char *const range[] = {"", "below 1024", "1024 to 32767", "32768 to 49151",
                                        "49152 and up"};
    const struct diag_tls_client_hello *hello = hello_of(conn);
    char address[64];

    switch (feature) {
    case DIAG_FEATURE_SERVER_NAME:
        snprintf(text, size, "name %.40s",
                 hello && hello->has_server_name ? hello->server_name : "(none)");
        return;
    case DIAG_FEATURE_CERTIFICATE:
        certificate_text(conn, text, size);
        return;
    case DIAG_FEATURE_CLIENT:
        diag_render_address(&conn->endpoint[DIAG_CLIENT].address, address, sizeof address);
        snprintf(text, size, "client %s", address);
        return;
    case DIAG_FEATURE_SOURCE_PORT:
        snprintf(text, size, "source port %s", range[port_range(conn->endpoint[DIAG_CLIENT].port)]);
        return;
    case DIAG_FEATURE_SERVER_TTL:
        snprintf(text, size, "TTL %u", conn->half[DIAG_SERVER].ttl);
        return;
    default:
        snprintf(text, size, "%s",
                 feature == DIAG_FEATURE_STACK ? "TCP stack of the client"
                                               : "options of the SYN/ACK");
    }
}

void diag_feature_text(const struct diag_connection *conn, enum diag_feature feature, bool others,
                       char *text, size_t size)
{
    if (feature <= DIAG_FEATURE_POST_QUANTUM) {
        binary_text(conn, feature, others, text, size);
        return;
    }
    char value[80];

    value_text(conn, feature, value, sizeof value);
    snprintf(text, size, "%s%s", others ? "not " : "", value);
}

/* ---- what follows from one */

unsigned diag_feature_blame(enum diag_feature feature)
{
    switch (feature) {
    case DIAG_FEATURE_CLIENT:
    case DIAG_FEATURE_STACK:
        return DIAG_BLAME_UNKNOWN;
    case DIAG_FEATURE_CERTIFICATE:
    case DIAG_FEATURE_SERVER_TTL:
    case DIAG_FEATURE_SERVER_OPTIONS:
        return DIAG_BLAME_SERVER;
    case DIAG_FEATURE_SOURCE_PORT:
        return DIAG_BLAME_MIDDLEBOX;
    default:
        return DIAG_BLAME_SERVER | DIAG_BLAME_MIDDLEBOX;
    }
}

bool diag_feature_of_client(enum diag_feature feature)
{
    return feature <= DIAG_FEATURE_POST_QUANTUM || feature == DIAG_FEATURE_STACK;
}
