/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ClientHello offers and a ServerHello chooses, from bytes with their meaning beside them.
 */
#include "check.h"
#include "tls_story.h"

/* A browser's hello: GREASE, hybrid key exchange, ALPN, SNI, a ticket, early data, ECH. */
static const uint8_t browser[] = {
    0x16, 0x03, 0x01, 0x00, 0xa3,                         /* record: handshake, 163 bytes */
    0x01, 0x00, 0x00, 0x9f,                               /* ClientHello, 159 bytes */
    0x03, 0x03,                                           /* legacy version TLS 1.2 */
    0,    0,    0,    0,    0,    0,    0,    0,          /* random */
    0,    0,    0,    0,    0,    0,    0,    0,          /* */
    0,    0,    0,    0,    0,    0,    0,    0,          /* */
    0,    0,    0,    0,    0,    0,    0,    0,          /* */
    0x04, 0xaa, 0xbb, 0xcc, 0xdd,                         /* session id of 4 bytes */
    0x00, 0x0c,                                           /* six cipher suites: */
    0x3a, 0x3a,                                           /* GREASE */
    0x13, 0x01, 0x13, 0x02,                               /* TLS 1.3 AES-GCM */
    0xc0, 0x2f,                                           /* ECDHE-RSA-AES128-GCM */
    0x00, 0xff,                                           /* renegotiation info: a signal */
    0x56, 0x00,                                           /* fallback: a signal */
    0x01, 0x00,                                           /* compression: null */
    0x00, 0x66,                                           /* extensions, 102 bytes */
    0x5a, 0x5a, 0x00, 0x00,                               /* GREASE, empty */
    0x00, 0x00, 0x00, 0x10,                               /* server_name */
    0x00, 0x0e, 0x00, 0x00, 0x0b,                         /* list, host_name, 11 bytes */
    'e',  'x',  'a',  'm',  'p',  'l',  'e',  '.',        /* */
    'c',  'o',  'm',                                      /* */
    0x00, 0x0a, 0x00, 0x0c,                               /* supported_groups */
    0x00, 0x0a, 0x9a, 0x9a,                               /* GREASE */
    0x11, 0xec,                                           /* X25519MLKEM768 */
    0x00, 0x1d, 0x00, 0x17, 0x00, 0x18,                   /* x25519, secp256r1, secp384r1 */
    0x00, 0x10, 0x00, 0x0e,                               /* ALPN */
    0x00, 0x0c, 0x02, 'h',  '2',                          /* h2 */
    0x08, 'h',  't',  't',  'p',  '/',  '1',  '.',        /* http/1.1 */
    '1',                                                  /* */
    0x00, 0x23, 0x00, 0x02, 0xee, 0xee,                   /* session_ticket, not empty */
    0x00, 0x2b, 0x00, 0x09,                               /* supported_versions */
    0x08, 0x4a, 0x4a,                                     /* GREASE */
    0x03, 0x04, 0x03, 0x03, 0x03, 0x02,                   /* TLS 1.3, 1.2, 1.1 */
    0x00, 0x2a, 0x00, 0x00,                               /* early_data */
    0xfe, 0x0d, 0x00, 0x05, 0x00, 0x00, 0x01, 0x00, 0x01, /* encrypted_client_hello */
    0x00, 0x15, 0x00, 0x00,                               /* padding, none */
    0x00, 0x29, 0x00, 0x04, 0xee, 0xee, 0xee, 0xee        /* pre_shared_key */
};

static void read_bytes(struct story *s, const uint8_t *data, size_t n)
{
    SEND(s, DIAG_CLIENT, put(flight, data, n));
}

static void a_client_hello_tells_what_it_offers(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    CHECK(hello->length == 0);
    read_bytes(&s, browser, sizeof browser);
    CHECK(hello->length == sizeof browser - 5 && hello->segments == 1 && !hello->partial);
    CHECK(hello->legacy_version == 0x0303);
    CHECK(hello->min_version == 0x0302 && hello->max_version == 0x0304);
    CHECK(hello->ciphers == 3 && hello->fallback);
    CHECK(hello->session_id_length == 4);
    CHECK(hello->has_server_name && hello->server_name_length == 11);
    CHECK(strcmp(hello->server_name, "example.com") == 0);
    CHECK(strcmp(hello->alpn, "h2,http/1.1") == 0);
    CHECK(hello->group_count == 4 && hello->groups[0] == 0x11ec && hello->groups[3] == 0x18);
    CHECK(hello->hybrid && hello->ticket && hello->psk && hello->early_data && hello->ech);
    close_story(&s);
}

static void a_plain_hello_offers_none_of_it(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    CHECK(hello->max_version == 0x0303 && hello->min_version == 0 && !hello->partial);
    CHECK(hello->ciphers == 1 && hello->group_count == 0 && hello->session_id_length == 0);
    CHECK(!hello->hybrid && !hello->ticket && !hello->psk && !hello->early_data);
    CHECK(!hello->fallback && !hello->ech && hello->alpn[0] == '\0');
    close_story(&s);
}

static void the_segments_of_a_client_hello_are_counted_once_each(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;
    uint32_t seq = CLIENT_ISN + 1;

    send_segment(&s, DIAG_CLIENT, 3, seq, browser, 100);
    send_segment(&s, DIAG_CLIENT, 4, seq, browser, 100); /* sent again */
    send_segment(&s, DIAG_CLIENT, 5, seq + 150, browser + 150, sizeof browser - 150);
    CHECK(hello->length == 0);
    send_segment(&s, DIAG_CLIENT, 6, seq + 100, browser + 100, 50);
    CHECK(hello->segments == 3 && strcmp(hello->server_name, "example.com") == 0);
    CHECK(facts_of(&s)->messages[0].first_frame == 3 && facts_of(&s)->messages[0].frame == 6);
    close_story(&s);
}

/* Cut by the snap length: read as far as it goes, and no claim beyond that. */
static void a_hello_cut_by_the_capture_tells_what_it_can(void)
{
    const struct diag_segment cut = {.frame = 3,
                                     .seq = CLIENT_ISN + 1,
                                     .payload = sizeof browser,
                                     .captured = 90,
                                     .data = browser};
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    diag_tls_segment(s.tls, DIAG_CLIENT, &cut);
    CHECK(strcmp(facts_of(&s)->history, "C") == 0 && facts_of(&s)->messages[0].holed);
    CHECK(hello->partial && hello->length == sizeof browser - 5);
    CHECK(hello->ciphers == 3 && strcmp(hello->server_name, "example.com") == 0);
    CHECK(hello->max_version == 0); /* TLS 1.2 or 1.3: not visible */
    AWAITS(&s, "server_hello", DIAG_SERVER);
    close_story(&s);
}

static void a_malformed_hello_is_read_within_its_bounds(void)
{
    for (size_t at = 9; at < sizeof browser; at++) {
        struct story s = open_story();

        SEND(&s, DIAG_CLIENT, put(flight, browser, sizeof browser); flight->data[at] = 0xff);
        CHECK(facts_of(&s)->message_count == 1);
        CHECK(facts_of(&s)->client_hello->group_count <= DIAG_TLS_MAX_GROUPS);
        CHECK(strlen(facts_of(&s)->client_hello->alpn) <= DIAG_TLS_MAX_ALPN);
        close_story(&s);
    }
}

static void a_server_name_is_kept_as_it_came(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    SEND(&s, DIAG_CLIENT, put(flight, browser, sizeof browser);
         replace_bytes(flight, "example", "e\0\033[1mx", 7));
    CHECK(hello->server_name_length == 11);
    CHECK(memcmp(hello->server_name, "e\0\033[1mx.com", 12) == 0);
    close_story(&s);
}

static void a_longer_server_name_is_cut(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    SEND(&s, DIAG_CLIENT, size_t record = open_handshake_record(flight);
         size_t message = open_message(flight, 1); put_number(flight, 0x0303, 2);
         put_zeros(flight, 33); put_number(flight, 0, 2);        /* no cipher suites */
         put_number(flight, 0x0100, 2);                          /* compression */
         put_number(flight, 309, 2); put_number(flight, 0, 2);   /* server_name */
         put_number(flight, 305, 2); put_number(flight, 303, 2); /* list */
         put_number(flight, 0, 1); put_number(flight, 300, 2);   /* host_name */
         memset(flight->data + flight->n, 'n', 300); flight->n += 300;
         close_length(flight, message, 3); close_length(flight, record, 2));
    CHECK(hello->server_name_length == DIAG_TLS_MAX_NAME && !hello->partial);
    CHECK(strlen(hello->server_name) == DIAG_TLS_MAX_NAME);
    close_story(&s);
}

static void drafts_of_tls13_count_as_tls13(void)
{
    static const char *const drafts[] = {"\x7f\x1c", "\x7e\x02", "\xfb\x1a"};

    for (size_t i = 0; i < G_N_ELEMENTS(drafts); i++) {
        struct story s = open_story();

        SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){.tls13 = true}));
        SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){.tls13 = true});
             replace_bytes(flight, "\x03\x04", drafts[i], 2));
        CHECK(facts_of(&s)->version == 0x0304);
        AWAITS(&s, "server_flight", DIAG_SERVER);
        close_story(&s);
    }
}

static void the_group_of_an_ecdhe_exchange_is_read(void)
{
    static const uint8_t exchange[] = {0x16, 0x03, 0x03, 0x00, 0x08, 0x0c, 0x00,
                                       0x00, 0x04, 0x03, 0x00, 0x1d, 0x00}; /* named curve x25519 */
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){0});
         put(flight, exchange, sizeof exchange));
    CHECK(facts_of(&s)->server_hello.group == 0x1d);
    close_story(&s);
}

static void the_protocol_that_a_tls12_server_chose_is_read(void)
{
    struct story s = open_story();

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){.alpn = true}));
    CHECK(strcmp(facts_of(&s)->server_hello.alpn, "h2") == 0);
    close_story(&s);
}

static void post_quantum_groups_are_known(void)
{
    static const struct {
        uint16_t group;
        bool hybrid;
    } groups[] = {{0x11eb, true},  {0x11ec, true},  {0x11ed, true},  {0x0200, true},
                  {0x0202, true},  {0x6399, true},  {0x639a, true},  {0x11ea, false},
                  {0x11ee, false}, {0x01ff, false}, {0x0203, false}, {0x001d, false},
                  {0x639b, false}};

    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        struct story s = open_story();
        const char group[2] = {(char)(groups[i].group >> 8), (char)(groups[i].group & 0xff)};

        SEND(&s, DIAG_CLIENT, put(flight, browser, sizeof browser);
             replace_bytes(flight, "\x11\xec", group, 2));
        CHECK(facts_of(&s)->client_hello->hybrid == groups[i].hybrid);
        close_story(&s);
    }
}

static void a_hello_whose_lengths_do_not_fit_is_partial(void)
{
    /* Low bytes of the lengths of: session id, cipher suites, extensions, server_name. */
    static const size_t at[] = {43, 49, 65, 73};

    for (size_t i = 0; i < G_N_ELEMENTS(at); i++) {
        struct story s = open_story();

        SEND(&s, DIAG_CLIENT, put(flight, browser, sizeof browser); flight->data[at[i]] = 0xf0);
        CHECK(facts_of(&s)->client_hello->partial);
        close_story(&s);
    }
}

static void a_server_hello_cut_by_the_capture_is_partial(void)
{
    struct tls_bytes *hello = g_new0(struct tls_bytes, 1);
    struct story s = open_story();
    struct diag_segment cut = {.frame = 4, .seq = SERVER_ISN + 1, .data = hello->data};

    put_server_hello(hello, (struct hello){.tls13 = true});
    cut.payload = (uint32_t)hello->n;
    cut.captured = 5 + 4 + 2 + 32 + 1 + 2; /* up to the cipher suite */
    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){.tls13 = true}));
    diag_tls_segment(s.tls, DIAG_SERVER, &cut);
    CHECK(facts_of(&s)->server_hello.partial && facts_of(&s)->server_hello.cipher == 0xc02f);
    CHECK(facts_of(&s)->server_hello_at.frame == 4);
    g_free(hello);
    close_story(&s);
}

static void a_giant_client_hello_is_read_at_its_beginning(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){.padding = 17000}));
    CHECK(hello->partial && hello->length > 17000);
    CHECK(strcmp(hello->server_name, "a.org") == 0);
    close_story(&s);
}

static void lists_beyond_their_bounds_are_cut(void)
{
    struct story s = open_story();
    const struct diag_tls_client_hello *hello = facts_of(&s)->client_hello;

    SEND(
        &s, DIAG_CLIENT, size_t record = open_handshake_record(flight);
        size_t message = open_message(flight, 1); put_number(flight, 0x0303, 2);
        put_zeros(flight, 33); put_number(flight, 0, 2); /* no cipher suites */
        put_number(flight, 0x0100, 2); size_t all = open_length(flight, 2);
        put_number(flight, 10, 2); put_number(flight, 42, 2); put_number(flight, 40, 2);
        put_zeros(flight, 40); /* 20 groups */
        put_number(flight, 16, 2); put_number(flight, 152, 2); put_number(flight, 150, 2);
        for (int i = 0; i < 3; i++) {
            put_number(flight, 49, 1);
            put_zeros(flight, 49);
        } close_length(flight, all, 2);
        close_length(flight, message, 3); close_length(flight, record, 2));
    CHECK(hello->group_count == DIAG_TLS_MAX_GROUPS && !hello->partial);
    CHECK(strlen(hello->alpn) == 49 + 1 + 49 && hello->alpn[0] == '?' && hello->alpn[49] == ',');
    close_story(&s);
}

static void what_looks_like_tls_and_what_does_not(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool tls;
    } seen[] = {{"\x16\x03\x01\x02\x00\x01", 6, true},  /* ClientHello */
                {"\x16\x03\x00\x00\x40\x02", 6, true},  /* ServerHello of SSL 3.0 */
                {"\x15\x03\x03\x00\x02\x02", 6, true},  /* alert */
                {"\x16\x03\x01", 3, true},              /* the rest may come later */
                {"\x16\x03\x01\x02\x00\x63", 6, false}, /* no such handshake message */
                {"\x16\x03\x05\x02\x00\x01", 6, false}, /* no such version */
                {"\x16\x03\x01\x00\x00\x01", 6, false}, /* empty */
                {"\x16\x03\x01\x48\x01\x01", 6, false}, /* longer than a record can be */
                {"\x15\x03\x03\x00\x1a\x02", 6, false}, /* an alert that is encrypted */
                {"\x17\x03\x03\x00\x1a\x02", 6, false}, /* data come later */
                {"HTTP/1.1 400", 12, false},
                {"SSH-2.0-x", 9, false},
                {"", 0, false}};

    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++)
        CHECK(diag_tls_looks_like((const uint8_t *)seen[i].bytes, seen[i].n) == seen[i].tls);
}

static void names_are_those_of_the_registries(void)
{
    char text[8];

    CHECK(strcmp(diag_tls_version_name(0x0304), "TLS 1.3") == 0);
    CHECK(diag_tls_version_name(0x0305) == NULL);
    CHECK(strcmp(diag_tls_cipher_name(0x1301), "TLS_AES_128_GCM_SHA256") == 0);
    CHECK(strcmp(diag_tls_cipher_name(0xccac) + 4, "ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256") == 0);
    CHECK(strcmp(diag_tls_cipher_name(0x0004), "TLS_RSA_WITH_RC4_128_MD5") == 0);
    CHECK(diag_tls_cipher_name(0xeeee) == NULL);
    CHECK(strcmp(diag_tls_group_name(0x11ec), "X25519MLKEM768") == 0);
    CHECK(diag_tls_cipher_text(0xeeee, text, sizeof text) == 6 && strcmp(text, "0xeeee") == 0);
    CHECK(diag_tls_cipher_text(0x1301, text, sizeof text) == 22 && strcmp(text, "TLS_AES") == 0);
}

int main(void)
{
    a_client_hello_tells_what_it_offers();
    a_plain_hello_offers_none_of_it();
    the_segments_of_a_client_hello_are_counted_once_each();
    a_hello_cut_by_the_capture_tells_what_it_can();
    a_malformed_hello_is_read_within_its_bounds();
    a_server_name_is_kept_as_it_came();
    a_longer_server_name_is_cut();
    drafts_of_tls13_count_as_tls13();
    the_group_of_an_ecdhe_exchange_is_read();
    the_protocol_that_a_tls12_server_chose_is_read();
    a_server_hello_cut_by_the_capture_is_partial();
    a_giant_client_hello_is_read_at_its_beginning();
    what_looks_like_tls_and_what_does_not();
    names_are_those_of_the_registries();
    post_quantum_groups_are_known();
    a_hello_whose_lengths_do_not_fit_is_partial();
    lists_beyond_their_bounds_are_cut();
    return check_failures > 0;
}
