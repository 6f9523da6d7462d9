/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS that starts in the middle of a connection: how the client asks for it in plain text, and
 * whether the answer agrees.
 */
#include "tls/upgrade.h"

#include <glib.h>
#include <string.h>

/* Where a command of a few words may stand. */
#define COMMAND_BYTES 96

struct text {
    const char *at;
    size_t left;
};

static struct text payload_of(const struct diag_segment *seg)
{
    return (struct text){(const char *)seg->data, MIN(seg->captured, seg->payload)};
}

static bool equals_word(const char *at, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (g_ascii_toupper(at[i]) != word[i])
            return false;
    return true;
}

/* ASCII, in any case; the word is written in capitals. */
static bool begins(struct text t, const char *word)
{
    size_t n = strlen(word);

    return t.left >= n && equals_word(t.at, word, n);
}

static bool contains(struct text t, const char *word)
{
    size_t n = strlen(word);

    for (; t.left >= n; t.at++, t.left--)
        if (equals_word(t.at, word, n))
            return true;
    return false;
}

/* Behind the first blank of the line. */
static struct text second_word(struct text line)
{
    const char *blank = line.left ? memchr(line.at, ' ', line.left) : NULL;

    if (!blank)
        return (struct text){NULL, 0};
    return (struct text){blank + 1, line.left - (size_t)(blank + 1 - line.at)};
}

/* ---- what the client asks */

/* PostgreSQL: length 8, code 1234.5679. */
static bool is_ssl_request(struct text t)
{
    static const char request[] = {0, 0, 0, 8, 4, (char)0xd2, 0x16, 0x2f};

    return t.left == sizeof request && memcmp(t.at, request, sizeof request) == 0;
}

/* RFC 4511 4.14: an extended request with this name. */
static bool is_ldap_start(struct text t)
{
    t.left = MIN(t.left, COMMAND_BYTES);
    return t.left > 2 && t.at[0] == 0x30 && contains(t, "1.3.6.1.4.1.1466.20037");
}

enum diag_upgrade diag_upgrade_asked(const struct diag_segment *seg)
{
    struct text t = payload_of(seg);

    if (t.left < 4)
        return DIAG_UPGRADE_NONE;
    if (begins(t, "CONNECT "))
        return DIAG_UPGRADE_CONNECT;
    if (begins(t, "EHLO "))
        return DIAG_UPGRADE_EHLO;
    if (seg->payload > COMMAND_BYTES)
        return is_ldap_start(t) ? DIAG_UPGRADE_LDAP : DIAG_UPGRADE_NONE;
    if (begins(t, "STARTTLS\r") || begins(t, "AUTH TLS") || begins(t, "AUTH SSL"))
        return DIAG_UPGRADE_LINE;
    if (begins(t, "STLS\r"))
        return DIAG_UPGRADE_POP3;
    if (begins(t, "<STARTTLS"))
        return DIAG_UPGRADE_XMPP;
    if (is_ssl_request(t))
        return DIAG_UPGRADE_POSTGRES;
    if (is_ldap_start(t))
        return DIAG_UPGRADE_LDAP;
    return begins(second_word(t), "STARTTLS\r") ? DIAG_UPGRADE_IMAP : DIAG_UPGRADE_NONE;
}

/* ---- what the server answers */

/* The tagged line; lines with a star tell other things. */
static bool refuses_imap(struct text t)
{
    while (t.left > 0) {
        struct text word = second_word(t);
        const char *end = memchr(t.at, '\n', t.left);

        if (*t.at != '*')
            return begins(word, "NO") || begins(word, "BAD");
        if (!end)
            return false;
        t.left -= (size_t)(end + 1 - t.at);
        t.at = end + 1;
    }
    return false;
}

/* One byte of the answer, 0 behind its end. */
static uint8_t byte_at(struct text t, size_t i)
{
    return i < t.left ? (uint8_t)t.at[i] : 0;
}

/* Offset behind the BER length at this offset: one byte, or 0x8n and n more. */
static size_t behind_length(struct text t, size_t at)
{
    uint8_t first = byte_at(t, at);

    return at + 1 + (first & 0x80 ? first & 0x7f : 0);
}

/* RFC 4511 4.2, 4.12: message, message id, extended response, result code. */
static bool refuses_ldap(struct text t)
{
    size_t id = behind_length(t, 1);
    size_t response = id + 2 + byte_at(t, id + 1);
    size_t code = behind_length(t, response + 1);

    return byte_at(t, 0) == 0x30 && byte_at(t, response) == 0x78 && byte_at(t, code) == 0x0a &&
           byte_at(t, code + 2) != 0;
}

/* RFC 5321 4.2: "250-" begins every line but the last, "250 " the last. */
enum diag_upgrade_offer diag_upgrade_offered(const struct diag_segment *seg)
{
    struct text t = payload_of(seg);

    if (!begins(t, "250"))
        return DIAG_OFFER_UNKNOWN;
    if (contains(t, "STARTTLS"))
        return DIAG_OFFER_MADE;
    return begins(t, "250 ") || contains(t, "\n250 ") ? DIAG_OFFER_MISSING : DIAG_OFFER_UNKNOWN;
}

uint16_t diag_upgrade_status(const struct diag_segment *seg)
{
    struct text word = second_word(payload_of(seg));
    uint16_t status = 0;

    if (!begins(payload_of(seg), "HTTP/1.") || word.left < 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return 0;
        status = (uint16_t)(status * 10 + (word.at[i] - '0'));
    }
    return status;
}

bool diag_upgrade_refused(enum diag_upgrade asked, const struct diag_segment *seg)
{
    struct text t = payload_of(seg);
    uint8_t first = byte_at(t, 0);

    switch (asked) {
    case DIAG_UPGRADE_CONNECT: {
        uint16_t status = diag_upgrade_status(seg);

        return status >= 300;
    }
    case DIAG_UPGRADE_LINE:
        return first == '4' || first == '5' || begins(t, "NO");
    case DIAG_UPGRADE_IMAP:
        return refuses_imap(t);
    case DIAG_UPGRADE_POP3:
        return begins(t, "-ERR");
    case DIAG_UPGRADE_XMPP:
        return begins(t, "<FAILURE");
    case DIAG_UPGRADE_LDAP:
        return refuses_ldap(t);
    case DIAG_UPGRADE_POSTGRES:
        return (first == 'N' && seg->payload == 1) || first == 'E';
    case DIAG_UPGRADE_EHLO:
        /* Firewalls that take an extension for dangerous overwrite its name. */
        return first == '2' && contains(t, "XXXXXXXA");
    case DIAG_UPGRADE_NONE:
        break;
    }
    return false;
}

/* ---- what a load balancer puts in front of it */

/* The PROXY protocol, versions 1 (a line of text) and 2 (haproxy.org, proxy-protocol.txt, 2.1 and
 * 2.2). */
uint32_t diag_upgrade_proxy_header(const struct diag_segment *seg)
{
    static const char signature[] = {'\r', '\n', '\r', '\n', 0,   '\r',
                                     '\n', 'Q',  'U',  'I',  'T', '\n'};
    const size_t longest_line = 107;
    struct text t = payload_of(seg);

    if (begins(t, "PROXY ")) {
        const char *end = memchr(t.at, '\n', MIN(t.left, longest_line));

        return end ? (uint32_t)(end + 1 - t.at) : 0;
    }
    if (t.left < sizeof signature + 4 || memcmp(t.at, signature, sizeof signature) != 0)
        return 0;
    return (uint32_t)sizeof signature + 4 + ((uint32_t)byte_at(t, 14) << 8 | byte_at(t, 15));
}

bool diag_upgrade_says_goodbye(const uint8_t *line, size_t length)
{
    struct text t = {(const char *)line, length};

    return begins(t, "</STREAM:STREAM>") || begins(second_word(t), "LOGOUT");
}
