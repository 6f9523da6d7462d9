/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one side of a TLS handshake offered and the other chose, in words for a reader who compares
 * it with a configuration.
 */
#include "tls/tls.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

/* More groups than this fill the line and tell nothing more. */
#define GROUPS_NAMED 4

static void put(char *text, size_t size, const char *more)
{
    size_t length = strlen(text);

    snprintf(text + length, size - length, "%s", more);
}

static void put_version(char *text, size_t size, uint16_t version)
{
    const char *name = diag_tls_version_name(version);
    char number[8];

    snprintf(number, sizeof number, "0x%04x", version);
    put(text, size, name ? name : number);
}

static void put_group(char *text, size_t size, uint16_t group)
{
    const char *name = diag_tls_group_name(group);
    char number[8];

    snprintf(number, sizeof number, "0x%04x", group);
    put(text, size, name ? name : number);
}

void diag_tls_offered_versions(const struct diag_tls_client_hello *hello, char *text, size_t size)
{
    *text = '\0';
    if (!hello->max_version)
        return;
    if (!hello->min_version)
        put(text, size, "up to ");
    else if (hello->min_version != hello->max_version) {
        put_version(text, size, hello->min_version);
        put(text, size, " to ");
    }
    put_version(text, size, hello->max_version);
}

void diag_tls_offered_parameters(const struct diag_tls_client_hello *hello, char *text, size_t size)
{
    char count[48];

    diag_tls_offered_versions(hello, text, size);
    snprintf(count, sizeof count, "%s%u cipher suite%s", *text ? ", " : "", hello->ciphers,
             hello->ciphers == 1 ? "" : "s");
    put(text, size, count);
    for (uint8_t i = 0; i < hello->group_count && i < GROUPS_NAMED; i++) {
        put(text, size, i ? "/" : ", ");
        put_group(text, size, hello->groups[i]);
    }
    if (hello->group_count > GROUPS_NAMED)
        put(text, size, "/...");
}

void diag_tls_chosen_parameters(const struct diag_tls_server_hello *hello, char *text, size_t size)
{
    char cipher[64];

    *text = '\0';
    if (!hello->length)
        return;
    put_version(text, size, hello->version);
    put(text, size, ", ");
    diag_tls_cipher_text(hello->cipher, cipher, sizeof cipher);
    put(text, size, cipher);
    if (hello->group) {
        put(text, size, ", ");
        put_group(text, size, hello->group);
    }
}

const char *diag_tls_asked_name(const struct diag_tls_client_hello *hello)
{
    if (hello->has_server_name)
        return hello->server_name;
    return hello->length && !hello->partial ? "no name" : NULL;
}

/* As much of a list of names, or of a distinguished name, as a sentence bears. */
#define NAME_SHOWN 96

void diag_tls_offered_certificate(const struct diag_tls_facts *facts, enum diag_side by, char *text,
                                  size_t size)
{
    const struct diag_certificate_entry *own = facts->certificates.chain[0];
    const char *asked = diag_tls_asked_name(facts->client_hello);

    if (by == facts->client) {
        snprintf(text, size, "the client's certificate");
        return;
    }
    if (own && own->readable)
        snprintf(text, size, "certificate for %.*s, issued by %.*s", NAME_SHOWN,
                 own->facts.names[0] ? own->facts.names : own->facts.subject, NAME_SHOWN,
                 own->facts.self_signed ? "itself" : own->facts.issuer);
    else
        snprintf(text, size, "the server's certificate");
    if (asked) {
        put(text, size, "; asked for: ");
        put(text, size, asked);
    }
}

const char *diag_tls_message_name(const struct diag_tls_message *message)
{
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {{DIAG_TLS_HELLO_REQUEST, "HelloRequest"},
                 {DIAG_TLS_CLIENT_HELLO, "ClientHello"},
                 {DIAG_TLS_SERVER_HELLO, "ServerHello"},
                 {DIAG_TLS_NEW_SESSION_TICKET, "NewSessionTicket"},
                 {DIAG_TLS_CERTIFICATE, "the Certificate"},
                 {DIAG_TLS_COMPRESSED_CERTIFICATE, "the Certificate"},
                 {DIAG_TLS_SERVER_KEY_EXCHANGE, "ServerKeyExchange"},
                 {DIAG_TLS_CERTIFICATE_REQUEST, "CertificateRequest"},
                 {DIAG_TLS_SERVER_HELLO_DONE, "ServerHelloDone"},
                 {DIAG_TLS_CERTIFICATE_VERIFY, "CertificateVerify"},
                 {DIAG_TLS_CERTIFICATE_STATUS, "CertificateStatus"},
                 {DIAG_TLS_CLIENT_KEY_EXCHANGE, "ClientKeyExchange"},
                 {DIAG_TLS_FINISHED, "Finished"}};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].type == message->handshake)
            return names[i].name;
    if (diag_tls_is_heartbeat(message))
        return "a Heartbeat";
    return message->letter == 'I' || message->letter == 'i' ? "ChangeCipherSpec"
                                                            : "an encrypted message";
}
