/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates on their way through the TLS reader: taken out of a message however it is cut, read
 * once each, and never past what was captured. The reader here takes any bytes for a certificate
 * whose first byte names it.
 */
#include "check.h"
#include "tls_story.h"

#define DAY INT64_C(86400)

struct witness {
    unsigned read;
    unsigned asked;
};

static bool read_letter(void *context, const uint8_t *der, size_t length,
                        struct diag_certificate *certificate)
{
    ((struct witness *)context)->read++;
    if (length < 2 || der[0] < 'a' || der[0] > 'z')
        return false;
    certificate->subject[0] = (char)der[0];
    certificate->issuer[0] = (char)(der[0] + 1);
    certificate->authority = true;
    certificate->not_before = DAY;
    certificate->not_after = 2 * DAY;
    return true;
}

static bool covers_a(void *context, const uint8_t *der, size_t length, const char *name)
{
    (void)length;
    ((struct witness *)context)->asked++;
    return der[0] == 'a' && strcmp(name, "a.example") == 0;
}

static struct diag_certificates *store_for(struct witness *witness)
{
    const struct diag_certificate_reader reader = {witness, read_letter, covers_a};
    struct diag_certificates *store = diag_certificates_new();

    diag_certificates_read_with(store, &reader);
    return store;
}

/* One certificate of so many equal letters. */
static void put_letters(struct tls_bytes *b, char letter, size_t length)
{
    put_number(b, (uint32_t)length, 3);
    memset(b->data + b->n, letter, length);
    b->n += length;
}

static void put_chain(struct tls_bytes *b, const char *letters, size_t length)
{
    size_t record = open_handshake_record(b), message = open_message(b, 11);
    size_t list = open_length(b, 3);

    for (; *letters; letters++)
        put_letters(b, *letters, length);
    close_length(b, list, 3);
    close_length(b, message, 3);
    close_length(b, record, 2);
}

static struct story open_with(struct diag_certificates *store)
{
    struct story s = open_story();

    diag_tls_read_certificates(s.tls, store);
    SEND(&s, DIAG_CLIENT, put_client_hello(flight, (struct hello){0}));
    SEND(&s, DIAG_SERVER, put_server_hello(flight, (struct hello){.session_id = 9}));
    return s;
}

static bool chain_is(const struct story *s, const char *letters)
{
    const struct diag_tls_certificates *seen = &facts_of(s)->certificates;

    if (seen->chain_count != strlen(letters))
        return false;
    for (size_t i = 0; i < seen->chain_count; i++) {
        char subject = seen->chain[i] ? seen->chain[i]->facts.subject[0] : '-';

        if (subject != letters[i])
            return false;
    }
    return true;
}

static void a_chain_is_the_same_however_it_is_cut(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);

    for (size_t cut = 0; cut < 300; cut++) {
        struct story s = open_with(store);

        s.cut = cut;
        s.reversed = cut % 2 && cut > 8; /* the reader keeps only so many early segments */
        SEND(&s, DIAG_SERVER, put_chain(flight, "abc", 70));
        CHECK(chain_is(&s, "abc"));
        CHECK(facts_of(&s)->certificates.count == 3);
        close_story(&s);
    }
    CHECK(witness.read == 3); /* each once, in 300 sessions */
    diag_certificates_free(store);
}

static void a_chain_may_lie_in_several_records(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    struct story s = open_with(store);

    SEND(&s, DIAG_SERVER, put_number(flight, 0x160303, 3); put_number(flight, 17, 2);
         put_number(flight, 11, 1); put_number(flight, 3 + 2 * 23, 3);
         put_number(flight, 2 * 23, 3); put_number(flight, 20, 3); /* 10 of 17 bytes */
         memset(flight->data + flight->n, 'a', 7); flight->n += 7; put_number(flight, 0x160303, 3);
         put_number(flight, 36, 2); memset(flight->data + flight->n, 'a', 13); flight->n += 13;
         put_letters(flight, 'b', 20));
    CHECK(chain_is(&s, "ab"));
    close_story(&s);
    diag_certificates_free(store);
}

static void a_hole_costs_the_certificate_in_it_and_no_more(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    struct story s = open_with(store);
    struct tls_bytes *whole = g_new0(struct tls_bytes, 1);

    put_chain(whole, "abc", 500);
    SEND(&s, DIAG_SERVER, put(flight, whole->data, 700));
    lose_bytes(&s, DIAG_SERVER, 100); /* of the second */
    SEND(&s, DIAG_SERVER, put(flight, whole->data + 800, whole->n - 800));
    CHECK(chain_is(&s, "a-c"));
    CHECK(witness.read == 2);
    g_free(whole);
    close_story(&s);
    diag_certificates_free(store);
}

static void what_is_no_certificate_has_a_place_and_no_facts(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    struct story s = open_with(store);

    SEND(&s, DIAG_SERVER, put_chain(flight, "aXb", 40));
    CHECK(chain_is(&s, "a-b"));
    close_story(&s);

    s = open_with(store);
    SEND(&s, DIAG_SERVER, put_chain(flight, "X", 40));
    CHECK(chain_is(&s, "-"));
    CHECK(witness.read == 3); /* nor is it read again */
    close_story(&s);
    diag_certificates_free(store);
}

static void long_chains_are_cut_and_counted(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    struct story s = open_with(store);

    SEND(&s, DIAG_SERVER, put_chain(flight, "abcdefghijkl", 30));
    CHECK(chain_is(&s, "abcdefgh"));
    CHECK(facts_of(&s)->certificates.count == 12);
    close_story(&s);
    diag_certificates_free(store);
}

static void only_the_servers_first_chain_counts(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    struct story s = open_with(store);

    SEND(&s, DIAG_SERVER, put_chain(flight, "a", 30));
    SEND(&s, DIAG_CLIENT, put_chain(flight, "z", 30));
    SEND(&s, DIAG_SERVER, put_chain(flight, "y", 30));
    CHECK(chain_is(&s, "a"));
    close_story(&s);
    diag_certificates_free(store);
}

static void without_a_reader_certificates_are_counted_only(void)
{
    struct diag_certificates *store = diag_certificates_new();
    struct story s = open_with(store);

    SEND(&s, DIAG_SERVER, put_chain(flight, "ab", 30));
    CHECK(facts_of(&s)->certificates.count == 2);
    CHECK(!facts_of(&s)->certificates.chain[0]);
    close_story(&s);
    diag_certificates_free(store);
}

static void a_name_is_asked_about_once(void)
{
    const uint8_t der[] = "aaaa";
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    const struct diag_certificate_entry *entry = diag_certificates_take(store, der, 4);

    for (int i = 0; i < 3; i++) {
        CHECK(diag_certificates_cover(store, entry, "a.example"));
        CHECK(!diag_certificates_cover(store, entry, "b.example"));
    }
    CHECK(witness.asked == 2);
    diag_certificates_free(store);
}

static void dates_are_judged_by_the_moment_given(void)
{
    const int64_t ns = 1000000000;
    const struct diag_certificate two_days = {.not_before = DAY, .not_after = 2 * DAY};
    const struct diag_certificate unknown = {.not_before = -1, .not_after = 2 * DAY};
    const struct diag_certificate hostile = {.not_before = INT64_MAX, .not_after = INT64_MAX};

    CHECK(diag_certificate_outside_ns(&two_days, (DAY - 1) * ns) == -ns);
    CHECK(diag_certificate_outside_ns(&two_days, DAY * ns) == 0);
    CHECK(diag_certificate_outside_ns(&two_days, 2 * DAY * ns) == 0);
    CHECK(diag_certificate_outside_ns(&two_days, (2 * DAY + 5) * ns) == 5 * ns);
    CHECK(diag_certificate_outside_ns(&unknown, 5 * DAY * ns) == 0);
    CHECK(diag_certificate_outside_ns(&hostile, INT64_MIN + 1) < 0);
}

static void two_issuers_out_of_date_put_the_clock_in_doubt(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    const struct diag_certificate_entry *a =
        diag_certificates_take(store, (const uint8_t *)"aa", 2);
    const struct diag_certificate_entry *b =
        diag_certificates_take(store, (const uint8_t *)"bb", 2);

    diag_certificates_note_out_of_date(store, a);
    diag_certificates_note_out_of_date(store, a);
    CHECK(!diag_certificates_doubt_the_clock(store));
    diag_certificates_note_out_of_date(store, b);
    CHECK(diag_certificates_doubt_the_clock(store));
    CHECK(diag_certificates_issuer(store, a) == b); /* a was issued by b */
    CHECK(!diag_certificates_issuer(store, b));
    diag_certificates_free(store);
}

static void the_store_is_bounded(void)
{
    struct witness witness = {0};
    struct diag_certificates *store = store_for(&witness);
    uint8_t *der = g_malloc0(DIAG_CERTIFICATE_LONGEST + 1);
    unsigned kept = 0;

    der[0] = 'a';
    CHECK(!diag_certificates_take(store, der, DIAG_CERTIFICATE_LONGEST + 1));
    CHECK(!diag_certificates_take(store, der, 0));
    for (uint32_t i = 0; i < 5000; i++) {
        memcpy(der + 1, &i, sizeof i);
        kept += diag_certificates_take(store, der, i % 2 ? 100 : DIAG_CERTIFICATE_LONGEST) != NULL;
    }
    CHECK(kept > 256 && kept < 4097);
    g_free(der);
    diag_certificates_free(store);
}

int main(void)
{
    a_chain_is_the_same_however_it_is_cut();
    a_chain_may_lie_in_several_records();
    a_hole_costs_the_certificate_in_it_and_no_more();
    what_is_no_certificate_has_a_place_and_no_facts();
    long_chains_are_cut_and_counted();
    only_the_servers_first_chain_counts();
    without_a_reader_certificates_are_counted_only();
    a_name_is_asked_about_once();
    dates_are_judged_by_the_moment_given();
    two_issuers_out_of_date_put_the_clock_in_doubt();
    the_store_is_bounded();
    return check_failures > 0;
}
