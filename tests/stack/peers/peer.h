/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peers in C share: their command line, client|server HOST PORT KEY=VALUE..., the TCP
 * connection, and the line that says how it went.
 */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_REQUEST  "GET / HTTP/1.0\r\nHost: peer\r\n\r\n"
#define PEER_RESPONSE "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"

struct peer {
    bool client;
    char **words; /* KEY=VALUE, NULL at the end */
    int socket;
};

/* The value of an option, or NULL. */
static inline const char *peer_option(const struct peer *peer, const char *key)
{
    size_t size = strlen(key);

    for (char **word = peer->words; *word; word++) {
        if (strncmp(*word, key, size) == 0 && (*word)[size] == '=')
            return *word + size + 1;
    }
    return NULL;
}

static inline bool peer_says(const struct peer *peer, const char *key, const char *value)
{
    const char *found = peer_option(peer, key);

    return found && strcmp(found, value) == 0;
}

/* Connects, or accepts one connection; false when that fails. */
static inline bool peer_open(struct peer *peer, const char *host, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int one = 1;

    peer->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (peer->socket < 0 || inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return false;
    if (peer->client)
        return connect(peer->socket, (struct sockaddr *)&address, sizeof address) == 0;
    setsockopt(peer->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(peer->socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(peer->socket, 1) != 0)
        return false;
    int listener = peer->socket;
    peer->socket = accept(listener, NULL, NULL);
    close(listener);
    return peer->socket >= 0;
}

#endif
