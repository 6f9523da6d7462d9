/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TLS connection of mbedTLS, as client or server: mbedtls client|server HOST PORT KEY=VALUE...
 * Prints "ok VERSION" or "error TEXT", which is the truth that a recording is held against.
 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include <stdlib.h>

#include "peer.h"

struct mbed {
    mbedtls_ssl_context session;
    mbedtls_ssl_config config;
    mbedtls_x509_crt trusted, own;
    mbedtls_pk_context key;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_net_context net;
};

static void init(struct mbed *mbed, int socket)
{
    mbedtls_ssl_init(&mbed->session);
    mbedtls_ssl_config_init(&mbed->config);
    mbedtls_x509_crt_init(&mbed->trusted);
    mbedtls_x509_crt_init(&mbed->own);
    mbedtls_pk_init(&mbed->key);
    mbedtls_entropy_init(&mbed->entropy);
    mbedtls_ctr_drbg_init(&mbed->random);
    mbedtls_ctr_drbg_seed(&mbed->random, mbedtls_entropy_func, &mbed->entropy, NULL, 0);
    mbed->net.fd = socket;
}

static int verification(const struct peer *peer)
{
    bool wanted = peer->client ? !peer_says(peer, "verify", "no") : peer_says(peer, "ask", "yes");

    return wanted ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE;
}

static int configure(const struct peer *peer, struct mbed *mbed)
{
    const char *ca = peer_option(peer, "ca");
    const char *certificate = peer_option(peer, "cert");
    const char *name = peer_option(peer, "name");

    mbedtls_ssl_config_defaults(&mbed->config,
                                peer->client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
                                MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&mbed->config, mbedtls_ctr_drbg_random, &mbed->random);
    mbedtls_ssl_conf_authmode(&mbed->config, verification(peer));
    if (ca && mbedtls_x509_crt_parse_file(&mbed->trusted, ca) == 0)
        mbedtls_ssl_conf_ca_chain(&mbed->config, &mbed->trusted, NULL);
    if (certificate) {
        mbedtls_x509_crt_parse_file(&mbed->own, certificate);
        mbedtls_pk_parse_keyfile(&mbed->key, peer_option(peer, "key"), NULL);
        mbedtls_ssl_conf_own_cert(&mbed->config, &mbed->own, &mbed->key);
    }
    int result = mbedtls_ssl_setup(&mbed->session, &mbed->config);
    if (result == 0 && peer->client && name)
        result = mbedtls_ssl_set_hostname(&mbed->session, name);
    mbedtls_ssl_set_bio(&mbed->session, &mbed->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    return result;
}

static int converse(const struct peer *peer, mbedtls_ssl_context *session)
{
    unsigned char buffer[4096];
    const char *words = peer->client ? PEER_REQUEST : PEER_RESPONSE;
    int got = peer->client ? 1 : mbedtls_ssl_read(session, buffer, sizeof buffer);

    if (got > 0)
        got = mbedtls_ssl_write(session, (const unsigned char *)words, strlen(words));
    while (peer->client && got > 0)
        got = mbedtls_ssl_read(session, buffer, sizeof buffer);
    return got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : got;
}

/* The certificate's faults are flags beside the error. */
static void tell(mbedtls_ssl_context *session, int error)
{
    char text[200], why[400] = "";
    uint32_t flags = mbedtls_ssl_get_verify_result(session);

    mbedtls_strerror(error, text, sizeof text);
    if (flags != 0 && flags != UINT32_MAX)
        mbedtls_x509_crt_verify_info(why, sizeof why, "; ", flags);
    printf("error %s %s\n", text, why);
}

int main(int count, char **words)
{
    struct peer peer = {.client = count > 3 && strcmp(words[1], "client") == 0, .words = words + 4};
    struct mbed mbed;

    if (count < 4 || !peer_open(&peer, words[2], (unsigned)atoi(words[3])))
        return 2;
    init(&mbed, peer.socket);
    int result = configure(&peer, &mbed);
    while (result == 0 && mbed.session.state != MBEDTLS_SSL_HANDSHAKE_OVER)
        result = mbedtls_ssl_handshake_step(&mbed.session);
    if (result == 0)
        result = converse(&peer, &mbed.session);
    if (result < 0) {
        tell(&mbed.session, result);
    } else {
        printf("ok %s\n", mbedtls_ssl_get_version(&mbed.session));
        mbedtls_ssl_close_notify(&mbed.session);
    }
    close(peer.socket);
    return result < 0;
}
