/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TLS connection of wolfSSL, as client or server: wolfssl client|server HOST PORT KEY=VALUE...
 * Prints "ok VERSION" or "error NUMBER TEXT", which is the truth that a recording is held against.
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdlib.h>

#include "peer.h"

static int version_of(const char *text)
{
    static const int versions[] = {WOLFSSL_TLSV1, WOLFSSL_TLSV1_1, WOLFSSL_TLSV1_2,
                                   WOLFSSL_TLSV1_3};

    return versions[(text[2] - '0') & 3];
}

/* wolfSSL bounds the versions below only: one version alone has its own method. */
static WOLFSSL_METHOD *method_of(const struct peer *peer)
{
    if (peer_says(peer, "max", "1.2"))
        return peer->client ? wolfTLSv1_2_client_method() : wolfTLSv1_2_server_method();
    return peer->client ? wolfSSLv23_client_method() : wolfSSLv23_server_method();
}

static WOLFSSL_CTX *context_of(const struct peer *peer)
{
    const char *ca = peer_option(peer, "ca");
    const char *certificate = peer_option(peer, "cert");
    const char *lowest = peer_option(peer, "min");
    int verify = peer->client ? WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE;
    WOLFSSL_CTX *context = wolfSSL_CTX_new(method_of(peer));

    if (peer_says(peer, "ask", "yes"))
        verify = WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    if (peer_says(peer, "verify", "no"))
        verify = WOLFSSL_VERIFY_NONE;
    wolfSSL_CTX_set_verify(context, verify, NULL);
    if (ca)
        wolfSSL_CTX_load_verify_locations(context, ca, NULL);
    if (certificate) {
        wolfSSL_CTX_use_certificate_chain_file(context, certificate);
        wolfSSL_CTX_use_PrivateKey_file(context, peer_option(peer, "key"), WOLFSSL_FILETYPE_PEM);
    }
    if (lowest)
        wolfSSL_CTX_SetMinVersion(context, version_of(lowest));
    return context;
}

static WOLFSSL *session_of(const struct peer *peer, WOLFSSL_CTX *context)
{
    const char *name = peer_option(peer, "name");
    WOLFSSL *session = wolfSSL_new(context);

    wolfSSL_set_fd(session, peer->socket);
    if (peer->client && name) {
        wolfSSL_UseSNI(session, WOLFSSL_SNI_HOST_NAME, name, (unsigned short)strlen(name));
        wolfSSL_check_domain_name(session, name);
    }
    return session;
}

static int converse(const struct peer *peer, WOLFSSL *session)
{
    char buffer[4096];
    const char *words = peer->client ? PEER_REQUEST : PEER_RESPONSE;
    int got = peer->client ? 1 : wolfSSL_read(session, buffer, sizeof buffer);

    if (got > 0)
        got = wolfSSL_write(session, words, (int)strlen(words));
    while (peer->client && got > 0)
        got = wolfSSL_read(session, buffer, sizeof buffer);
    return got;
}

static bool failed(WOLFSSL *session, int got)
{
    char text[WOLFSSL_MAX_ERROR_SZ];
    int error = wolfSSL_get_error(session, got);

    if (got > 0 || error == WOLFSSL_ERROR_ZERO_RETURN)
        return false;
    printf("error %d %s\n", error, wolfSSL_ERR_error_string((unsigned long)error, text));
    return true;
}

int main(int count, char **words)
{
    struct peer peer = {.client = count > 3 && strcmp(words[1], "client") == 0, .words = words + 4};

    if (count < 4 || !peer_open(&peer, words[2], (unsigned)atoi(words[3])))
        return 2;
    wolfSSL_Init();
    WOLFSSL_CTX *context = context_of(&peer);
    WOLFSSL *session = session_of(&peer, context);
    int got = peer.client ? wolfSSL_connect(session) : wolfSSL_accept(session);
    if (got == WOLFSSL_SUCCESS)
        got = converse(&peer, session);
    bool bad = failed(session, got);
    if (!bad) {
        printf("ok %s\n", wolfSSL_get_version(session));
        wolfSSL_shutdown(session);
    }
    wolfSSL_free(session);
    close(peer.socket);
    wolfSSL_CTX_free(context);
    return bad;
}
