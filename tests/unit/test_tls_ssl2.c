/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Old clients offered TLS in a ClientHello of SSL 2.0; nothing else of that protocol is read. */
#include "check.h"
#include "tls_story.h"

static const uint8_t old[] = {0x80, 0x1f,             /* 31 bytes */
                              0x01, 0x03, 0x01,       /* ClientHello, offers TLS 1.0 */
                              0x00, 0x06, 0x00, 0x00, /* two ciphers, no session id */
                              0x00, 0x10,             /* challenge of 16 bytes */
                              0x00, 0x00, 0x2f,       /* RSA-AES128 */
                              0x07, 0x00, 0xc0,       /* of SSL 2.0 only */
                              1,    2,    3,    4,    5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void an_ssl2_hello_that_offers_tls_is_a_client_hello(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    CHECK(diag_tls_looks_like(old, sizeof old));
    SEND(&s, DIAG_CLIENT, put(flight, old, sizeof old));
    CHECK(strcmp(facts_of(&s)->history, "C") == 0);
    CHECK(hello->max_version == 0x0301 && hello->ciphers == 1 && !hello->partial);
    CHECK(facts_of(&s)->half[DIAG_CLIENT].end_of_last_message == CLIENT_ISN + 1 + sizeof old);
    AWAITS(&s, "server_hello", DIAG_SERVER);
    SEND(&s, DIAG_CLIENT, put_alert(flight, 2, 80));
    CHECK(strcmp(facts_of(&s)->history, "CL") == 0); /* TLS records follow it */
    close_story(&s);
}

static bool is_hello_with(size_t at, uint8_t value)
{
    uint8_t changed[sizeof old];

    memcpy(changed, old, sizeof old);
    changed[at] = value;
    return diag_tls_looks_like(changed, sizeof changed);
}

static void only_what_fits_in_every_length_is_such_a_hello(void)
{
    CHECK(is_hello_with(4, 3));     /* offers TLS 1.2 */
    CHECK(!is_hello_with(4, 4));    /* nobody did */
    CHECK(!is_hello_with(3, 0));    /* SSL 2.0 itself */
    CHECK(!is_hello_with(2, 4));    /* another message */
    CHECK(!is_hello_with(0, 0));    /* another kind of header */
    CHECK(!is_hello_with(1, 0x20)); /* longer than its parts */
    CHECK(!is_hello_with(6, 5));    /* ciphers have three bytes each */
    CHECK(!is_hello_with(10, 15));  /* challenge too short */
    CHECK(!diag_tls_looks_like(old, 10));
}

static void a_cut_hello_is_partial(void)
{
    const struct diag_segment cut = {
        .frame = 3, .seq = CLIENT_ISN + 1, .payload = sizeof old, .captured = 14, .data = old};
    struct story s = open_story();

    diag_tls_segment(s.tls, DIAG_CLIENT, &cut);
    CHECK(strcmp(facts_of(&s)->history, "C") == 0);
    CHECK(facts_of(&s)->client_hello->partial && facts_of(&s)->client_hello->ciphers == 1);
    CHECK(facts_of(&s)->messages[0].start == CLIENT_ISN + 1);
    CHECK(facts_of(&s)->messages[0].first_frame == 3);
    close_story(&s);
}

int main(void)
{
    an_ssl2_hello_that_offers_tls_is_a_client_hello();
    only_what_fits_in_every_length_is_such_a_hello();
    a_cut_hello_is_partial();
    return check_failures > 0;
}
