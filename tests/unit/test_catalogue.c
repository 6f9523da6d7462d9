/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue as data: every entry is complete, names stay what they are, symptoms have no
 * circles, texts ask only for what there is, and a summary fits into a line of 80 characters with
 * real numbers in it.
 */
#include "check.h"
#include "core.h"
#include "slugs.h"

#include <string.h>

#define SUMMARY_LENGTH 80
#define LONGEST_NAME   "a-rather-long-name.of-a-host.example.com" /* 40 characters */

static const char *slug; /* of the entry under test */

#define CHECK_SLUG(cond)                                                                           \
    do {                                                                                           \
        bool holds = cond;                                                                         \
                                                                                                   \
        if (!holds)                                                                                \
            fprintf(stderr, "%s: %s\n", slug, #cond);                                              \
        CHECK(holds);                                                                              \
    } while (0)

/* ---- every entry is complete */

static bool is_text(const char *text)
{
    return text && *text && text[strlen(text) - 1] != ' ';
}

static bool ends_in(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static bool is_sentence(const char *text)
{
    return is_text(text) && strchr(".?)", text[strlen(text) - 1]);
}

static void is_complete(const struct diag_diagnosis *d)
{
    CHECK_SLUG(is_text(d->title) && is_text(d->summary) && is_text(d->reference));
    CHECK_SLUG(!ends_in(d->title, ".") && !ends_in(d->summary, "."));
    CHECK_SLUG(is_sentence(d->explanation));
    CHECK_SLUG(is_sentence(d->next_step));
    CHECK_SLUG(d->values[0].name && d->values[0].unit != DIAG_NO_UNIT);
    /* Who is blamed can be overruled by the rule; that nobody is, must be meant. */
    CHECK_SLUG(d->blame || d->severity <= DIAG_NOTE);
}

static void names_its_causes_once(const struct diag_diagnosis *d)
{
    for (size_t i = 0; i < DIAG_MAX_CAUSES && d->causes[i].cause; i++) {
        for (size_t k = 0; k < i; k++)
            CHECK_SLUG(d->causes[i].cause != d->causes[k].cause);
        CHECK_SLUG(!d->causes[i].summary || is_text(d->causes[i].summary));
        CHECK_SLUG(!d->causes[i].explanation || is_sentence(d->causes[i].explanation));
        CHECK_SLUG(!d->causes[i].next_step || is_sentence(d->causes[i].next_step));
    }
}

/* ---- names */

static bool is_slug(const char *text)
{
    return *text >= 'a' && *text <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static bool is_listed(const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(slugs); i++)
        if (strcmp(slugs[i], text) == 0)
            return true;
    return false;
}

/* A new diagnosis is added to slugs.h, and then its name is fixed. */
static void names_are_frozen(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(slugs); i++) {
        slug = slugs[i];
        CHECK_SLUG(diag_id_of(slugs[i]) != DIAG_ID_COUNT);
    }
    for (size_t id = 0; id < DIAG_ID_COUNT; id++) {
        slug = diag_catalogue[id].slug;
        CHECK_SLUG(is_slug(slug) && is_listed(slug));
        CHECK_SLUG(diag_id_of(slug) == (enum diag_id)id);
    }
    CHECK(diag_id_of("no_such_diagnosis") == DIAG_ID_COUNT);
}

/* ---- symptoms */

enum {
    UNSEEN,
    OPEN,
    DONE
};

/* No deeper than there are diagnoses. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool has_circle(enum diag_id id, uint8_t state[DIAG_ID_COUNT])
{
    const struct diag_id_list *list = &diag_catalogue[id].explains;
    bool circle = state[id] == OPEN;

    if (state[id] != UNSEEN)
        return circle;
    state[id] = OPEN;
    for (size_t i = 0; i < list->count && !circle; i++)
        circle = has_circle(list->id[i], state);
    state[id] = DONE;
    return circle;
}

static bool lists_before(const struct diag_id_list *list, size_t end, enum diag_id id)
{
    for (size_t i = 0; i < end; i++)
        if (list->id[i] == id)
            return true;
    return false;
}

static void explanations_have_no_circles(void)
{
    uint8_t state[DIAG_ID_COUNT] = {UNSEEN};

    for (size_t id = 0; id < DIAG_ID_COUNT; id++) {
        const struct diag_id_list *list = &diag_catalogue[id].explains;

        slug = diag_catalogue[id].slug;
        CHECK_SLUG(!lists_before(list, list->count, (enum diag_id)id));
        CHECK_SLUG(!has_circle((enum diag_id)id, state));
        for (size_t i = 0; i < list->count; i++)
            CHECK_SLUG(list->id[i] < DIAG_ID_COUNT && !lists_before(list, i, list->id[i]));
    }
}

/* ---- what texts ask for */

static bool is_one_of(const char *word, size_t n, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == n && strncmp(list[i], word, n) == 0)
            return true;
    return false;
}

/* A finding about hosts belongs to no connection, and has no sides. */
static bool is_party(const struct diag_diagnosis *d, const char *word, size_t n)
{
    static const char *const parties[] = {"side", "peer", "Side", "Peer", "client", "server"};

    return d->stage != DIAG_STAGE_HOST && is_one_of(word, n, parties, G_N_ELEMENTS(parties));
}

static const struct diag_value_spec *value_named(const struct diag_diagnosis *d, const char *word,
                                                 size_t n)
{
    for (size_t i = 0; i < DIAG_MAX_VALUES && d->values[i].name; i++)
        if (strlen(d->values[i].name) == n && strncmp(d->values[i].name, word, n) == 0)
            return &d->values[i];
    return NULL;
}

/* "{name}", or "{name|one|many}" of something that is counted. */
static bool is_known(const struct diag_diagnosis *d, const char *word, size_t n)
{
    const char *bar = memchr(word, '|', n);
    size_t length = bar ? (size_t)(bar - word) : n;
    const struct diag_value_spec *value = value_named(d, word, length);

    if (!bar)
        return value || is_party(d, word, n);
    size_t rest = n - length - 1;
    const char *second = memchr(bar + 1, '|', rest);

    return value && value->unit == DIAG_COUNT && second && second > bar + 1 &&
           second + 1 < word + n && !memchr(second + 1, '|', (size_t)(word + n - second - 1));
}

static void asks_for_what_there_is(const struct diag_diagnosis *d, const char *text)
{
    for (const char *p = text; p && *p;) {
        size_t plain = strcspn(p, "{}");
        const char *end = strchr(p + plain, '}');

        if (!p[plain])
            return;
        bool known = p[plain] == '{' && end &&
                     is_known(d, p + plain + 1, (size_t)(end - p - (ptrdiff_t)plain - 1));

        if (!known)
            fprintf(stderr, "in \"%s\":\n", p + plain);
        CHECK_SLUG(known);
        if (!end)
            return;
        p = end + 1;
    }
}

static void texts_ask_for_what_there_is(const struct diag_diagnosis *d)
{
    CHECK_SLUG(!strpbrk(d->title, "{}"));
    asks_for_what_there_is(d, d->summary);
    asks_for_what_there_is(d, d->explanation);
    asks_for_what_there_is(d, d->next_step);
    for (size_t i = 0; i < DIAG_MAX_CAUSES && d->causes[i].cause; i++) {
        asks_for_what_there_is(d, d->causes[i].summary);
        asks_for_what_there_is(d, d->causes[i].explanation);
        asks_for_what_there_is(d, d->causes[i].next_step);
    }
}

/* ---- summaries fit into a line */

/* The longest name among the alerts of a cause. */
static int64_t longest_alert(enum diag_cause cause)
{
    switch (cause) {
    case DIAG_CAUSE_version:
        return 70; /* protocol_version */
    case DIAG_CAUSE_fallback:
        return 86; /* inappropriate_fallback */
    case DIAG_CAUSE_cipher:
        return 71; /* insufficient_security */
    case DIAG_CAUSE_certificate:
        return 43; /* unsupported_certificate */
    case DIAG_CAUSE_certificate_expired:
        return 45; /* certificate_expired */
    case DIAG_CAUSE_certificate_revoked:
        return 44; /* certificate_revoked */
    case DIAG_CAUSE_unknown_ca:
        return 48; /* unknown_ca */
    case DIAG_CAUSE_prohibited:
        return 49; /* access_denied */
    case DIAG_CAUSE_client_certificate:
        return 116; /* certificate_required */
    case DIAG_CAUSE_alpn:
        return 120; /* no_application_protocol */
    case DIAG_CAUSE_psk:
        return 115; /* unknown_psk_identity */
    case DIAG_CAUSE_ech:
        return 121; /* ech_required */
    case DIAG_CAUSE_decode:
        return 110; /* unsupported_extension */
    case DIAG_CAUSE_integrity:
        return 21; /* decryption_failed */
    case DIAG_CAUSE_internal:
        return 80; /* internal_error */
    case DIAG_CAUSE_server_name:
        return 112; /* unrecognized_name */
    default:
        return 113; /* bad_certificate_status_response */
    }
}

/* As large as one meets it: a sequence number has ten digits, a port five. */
static int64_t large(const struct diag_value_spec *spec, enum diag_cause cause)
{
    switch (spec->unit) {
    case DIAG_DURATION:
        return 7200 * DIAG_SECOND_NS;
    case DIAG_COUNT:
        return ends_in(spec->name, "hops") ? 64 : 10000;
    case DIAG_FRAME:
        return 12345678;
    case DIAG_PERCENT:
        return 100;
    case DIAG_ALERT:
        return longest_alert(cause);
    case DIAG_ICMP:
        return 0x30d; /* communication administratively prohibited */
    default:
        return ends_in(spec->name, "ttl")                                    ? 255
               : ends_in(spec->name, "port") || ends_in(spec->name, "ip_id") ? 65535
                                                                             : UINT32_MAX;
    }
}

static struct diag_endpoint longest_endpoint(void)
{
    struct diag_endpoint endpoint = {.address = {.length = 16}, .port = 65535};
    static const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78,
                                      0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78};

    memcpy(endpoint.address.bytes, bytes, sizeof bytes);
    return endpoint;
}

static void fits(const struct diag_finding *finding)
{
    char text[512];
    size_t length = diag_render_summary(finding, text, sizeof text);

    if (length > SUMMARY_LENGTH)
        fprintf(stderr, "%zu: %s\n", length, text);
    CHECK_SLUG(length <= SUMMARY_LENGTH && length == strlen(text));
}

static void summaries_fit(enum diag_id id)
{
    const struct diag_diagnosis *d = &diag_catalogue[id];
    struct diag_connection conn = {.endpoint = {longest_endpoint(), longest_endpoint()}};
    struct diag_finding finding = {.id = id, .side = DIAG_SERVER, .text = LONGEST_NAME};

    finding.connection = d->stage == DIAG_STAGE_HOST ? NULL : &conn;
    for (size_t i = 0; i <= DIAG_MAX_CAUSES; i++) {
        finding.cause = i ? d->causes[i - 1].cause : DIAG_CAUSE_none;
        for (size_t k = 0; k < DIAG_MAX_VALUES && d->values[k].name; k++)
            finding.value[k] = large(&d->values[k], finding.cause);
        fits(&finding);
    }
}

/* The packets decide how long a name is, and what is in it. */
static void names_are_shortened(void)
{
    struct diag_finding finding = {.id = DIAG_name_error, .cause = DIAG_CAUSE_nxdomain};
    char name[256];
    char text[512];

    finding.value[1] = 3;
    finding.text = LONGEST_NAME;
    diag_render_summary(&finding, text, sizeof text);
    CHECK(strcmp(text, LONGEST_NAME " does not exist in DNS (NXDOMAIN, 3 queries)") == 0 ||
          strstr(text, "..."));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    finding.text = name;
    CHECK(diag_render_summary(&finding, text, sizeof text) == SUMMARY_LENGTH);
    CHECK(strstr(text, "xxx... does not exist in DNS (NXDOMAIN, 3 queries)"));
    memset(name, '\n', sizeof name - 1);
    CHECK(diag_render_summary(&finding, text, sizeof text) <= SUMMARY_LENGTH);
    CHECK(strstr(text, "\\x0a... does not exist"));
    /* Where there is room, it is whole. */
    CHECK(diag_render_explanation(&finding, text, sizeof text) > 0);
}

int main(void)
{
    names_are_frozen();
    explanations_have_no_circles();
    for (size_t id = 0; id < DIAG_ID_COUNT; id++) {
        slug = diag_catalogue[id].slug;
        is_complete(&diag_catalogue[id]);
        names_its_causes_once(&diag_catalogue[id]);
        texts_ask_for_what_there_is(&diag_catalogue[id]);
        summaries_fit((enum diag_id)id);
    }
    names_are_shortened();
    return check_failures != 0;
}
