/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings into words. The only place where numbers become text: templates of the catalogue with
 * {value}, {value|one|many}, {side}, {peer}, {Side}, {Peer}, {client}, {server} and {blame}.
 */
#include "core.h"
#include "portable.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A line of a report, of the packet list, of a terminal. */
#define SUMMARY_LENGTH 80
/* Less of a name tells nothing. */
#define NAME_LENGTH 16

struct text {
    char *buf;
    size_t size;
    size_t length;    /* wanted, may exceed size */
    size_t name_room; /* for a name from the packets */
};

static struct text text_in(char *buf, size_t size)
{
    if (size > 0)
        buf[0] = '\0';
    return (struct text){buf, size, 0, SIZE_MAX};
}

static void put_bytes(struct text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++, t->length++)
        if (t->length + 1 < t->size)
            t->buf[t->length] = s[i];
    if (t->size > 0)
        t->buf[t->length < t->size ? t->length : t->size - 1] = '\0';
}

static void put(struct text *t, const char *s)
{
    put_bytes(t, s, strlen(s));
}

/* Names come from packets: what a terminal or a log would act on is written as \xNN. */
static size_t escape(unsigned char c, char escaped[8])
{
    if (c >= ' ' && c < 127 && c != '\\')
        return (size_t)snprintf(escaped, 8, "%c", c);
    return (size_t)snprintf(escaped, 8, "\\x%02x", c);
}

static size_t escaped_length(const char *s)
{
    char escaped[8];
    size_t length = 0;

    for (; *s; s++)
        length += escape((unsigned char)*s, escaped);
    return length;
}

/* A name that is too long ends in dots. */
static void put_name(struct text *t, const char *s)
{
    static const char dots[] = "...";
    bool whole = escaped_length(s) <= t->name_room;
    size_t room = whole ? SIZE_MAX : t->name_room - MIN(t->name_room, strlen(dots));
    char escaped[8];

    for (; *s && room; s++) {
        size_t n = escape((unsigned char)*s, escaped);

        if (n > room)
            break;
        put(t, escaped);
        room -= n;
    }
    if (!whole && t->name_room)
        put(t, dots);
}

/* ---- single values */

size_t diag_render_duration(int64_t ns, char *text, size_t size)
{
    const double day = 86400;
    double s = (double)ns / 1e9;

    if (ns == DIAG_UNKNOWN_NS)
        return (size_t)snprintf(text, size, "unknown");
    if (s >= 2 * day)
        return (size_t)snprintf(text, size, "%.0f days", s / day);
    if (s >= 0.9995 || s < 0)
        return (size_t)snprintf(text, size, "%.1f s", s);
    if (s >= 0.00995)
        return (size_t)snprintf(text, size, "%.0f ms", s * 1e3);
    if (s >= 0.0009995)
        return (size_t)snprintf(text, size, "%.1f ms", s * 1e3);
    return (size_t)snprintf(text, size, "%.0f us", s * 1e6);
}

size_t diag_render_address(const struct diag_address *address, char *text, size_t size)
{
    char buf[64] = "?";

    if (address->length)
        inet_ntop(address->length == 4 ? AF_INET : AF_INET6, address->bytes, buf, sizeof buf);
    return (size_t)snprintf(text, size, "%s", buf);
}

size_t diag_render_endpoint(const struct diag_endpoint *endpoint, char *text, size_t size)
{
    char address[64];

    diag_render_address(&endpoint->address, address, sizeof address);
    return (size_t)snprintf(text, size, endpoint->address.length == 16 ? "[%s]:%u" : "%s:%u",
                            address, endpoint->port);
}

size_t diag_render_blame(unsigned blame, char *text, size_t size)
{
    static const char *const name[] = {"client",    "server",  "proxy",  "path",
                                       "middlebox", "capture", "unknown"};
    struct text t = text_in(text, size);

    for (size_t i = 0; i < G_N_ELEMENTS(name); i++) {
        if (!(blame & 1U << i))
            continue;
        put(&t, t.length ? "_or_" : "");
        put(&t, name[i]);
    }
    if (!blame)
        put(&t, "none");
    return t.length;
}

struct icmp_name {
    int64_t code; /* type << 8 | code, + 1 << 16 for ICMPv6 */
    const char *name;
};

/* RFC 792, RFC 1812 5.2.7.1, RFC 4443 3. */
static const struct icmp_name icmp_names[] = {
    {0x300, "network unreachable"},
    {0x301, "host unreachable"},
    {0x302, "protocol unreachable"},
    {0x303, "port unreachable"},
    {0x304, "fragmentation needed"},
    {0x306, "network unknown"},
    {0x307, "host unknown"},
    {0x309, "network administratively prohibited"},
    {0x30a, "host administratively prohibited"},
    {0x30d, "communication administratively prohibited"},
    {0xb00, "time to live exceeded in transit"},
    {0x10100, "no route to destination"},
    {0x10101, "communication administratively prohibited"},
    {0x10103, "address unreachable"},
    {0x10104, "port unreachable"},
    {0x10105, "source address failed policy"},
    {0x10106, "reject route"},
    {0x10200, "packet too big"},
    {0x10300, "hop limit exceeded in transit"},
};

static void put_icmp(struct text *t, int64_t v)
{
    char buf[64];
    size_t i = 0;

    while (i < G_N_ELEMENTS(icmp_names) && icmp_names[i].code != v)
        i++;
    snprintf(buf, sizeof buf, "type %d code %d", (int)(v >> 8 & 0xff), (int)(v & 0xff));
    put(t, i < G_N_ELEMENTS(icmp_names) ? icmp_names[i].name : buf);
}

static void put_alert(struct text *t, int64_t v)
{
    char buf[64];

    snprintf(buf, sizeof buf, "%s (%d)", diag_alert_name((uint8_t)v), (int)v);
    put(t, buf);
}

static void put_value(struct text *t, const struct diag_finding *f, enum diag_unit unit, int64_t v)
{
    char buf[32];

    if (unit == DIAG_TEXT)
        put_name(t, f->text ? f->text : "unknown");
    if (unit == DIAG_ICMP)
        put_icmp(t, v);
    if (unit == DIAG_ALERT)
        put_alert(t, v);
    if (unit == DIAG_TEXT || unit == DIAG_ICMP || unit == DIAG_ALERT)
        return;
    if (unit == DIAG_DURATION)
        diag_render_duration(v, buf, sizeof buf);
    else
        snprintf(buf, sizeof buf, unit == DIAG_PERCENT ? "%" PRId64 " %%" : "%" PRId64, v);
    put(t, buf);
}

/* ---- templates */

static bool is_word(const char *word, size_t n, const char *name)
{
    return strlen(name) == n && strncmp(word, name, n) == 0;
}

static bool put_party(struct text *t, const struct diag_finding *f, const char *word, size_t n)
{
    static const char *const big[] = {"Client", "Server", "Side"};
    const struct diag_connection *conn = f->connection;
    char buf[80];

    if (is_word(word, n, "side"))
        put(t, diag_side_name(f->side));
    else if (is_word(word, n, "peer"))
        put(t, diag_side_name(diag_peer(f->side)));
    else if (is_word(word, n, "Side"))
        put(t, big[f->side]);
    else if (is_word(word, n, "Peer"))
        put(t, big[diag_peer(f->side)]);
    else if (conn && (is_word(word, n, "client") || is_word(word, n, "server"))) {
        diag_render_endpoint(&conn->endpoint[*word == 's'], buf, sizeof buf);
        put(t, buf);
    } else
        return false;
    return true;
}

/* {attempts|SYN|SYNs}: the number and the right form of the noun. */
static void put_noun(struct text *t, int64_t v, const char *forms, const char *end)
{
    const char *many = memchr(forms, '|', (size_t)(end - forms));

    if (!many)
        return;
    put(t, " ");
    if (v == 1)
        put_bytes(t, forms, (size_t)(many - forms));
    else
        put_bytes(t, many + 1, (size_t)(end - many - 1));
}

static void put_named(struct text *t, const struct diag_finding *f, const char *word,
                      const char *end)
{
    const struct diag_value_spec *spec = diag_catalogue[f->id].values;
    const char *bar = memchr(word, '|', (size_t)(end - word));
    size_t n = (size_t)((bar ? bar : end) - word);
    size_t i = 0;

    if (put_party(t, f, word, n))
        return;
    while (i < DIAG_MAX_VALUES && spec[i].name && !is_word(word, n, spec[i].name))
        i++;
    if (i == DIAG_MAX_VALUES || !spec[i].name)
        return;
    put_value(t, f, spec[i].unit, f->value[i]);
    if (bar)
        put_noun(t, f->value[i], bar + 1, end);
}

static size_t fill_with(const struct diag_finding *f, const char *template, char *buf, size_t size,
                        size_t name_room)
{
    struct text t = text_in(buf, size);
    const char *p = template;

    t.name_room = name_room;
    while (*p) {
        size_t plain = strcspn(p, "{");
        const char *end = strchr(p + plain, '}');

        put_bytes(&t, p, plain);
        if (!p[plain] || !end)
            break;
        put_named(&t, f, p + plain + 1, end);
        p = end + 1;
    }
    return t.length;
}

static size_t fill(const struct diag_finding *f, const char *template, char *buf, size_t size)
{
    return fill_with(f, template, buf, size, SIZE_MAX);
}

static const struct diag_cause_spec *cause_texts(const struct diag_finding *f)
{
    const struct diag_cause_spec *spec = diag_catalogue[f->id].causes;

    for (size_t i = 0; i < DIAG_MAX_CAUSES && f->cause; i++)
        if (spec[i].cause == f->cause)
            return &spec[i];
    return NULL;
}

size_t diag_render_summary(const struct diag_finding *finding, char *text, size_t size)
{
    const struct diag_cause_spec *c = cause_texts(finding);
    const char *template = c && c->summary ? c->summary : diag_catalogue[finding->id].summary;
    size_t others = fill_with(finding, template, NULL, 0, 0);
    size_t room = others + NAME_LENGTH < SUMMARY_LENGTH ? SUMMARY_LENGTH - others : NAME_LENGTH;

    return fill_with(finding, template, text, size, room);
}

size_t diag_render_explanation(const struct diag_finding *finding, char *text, size_t size)
{
    const struct diag_cause_spec *c = cause_texts(finding);

    return fill(finding,
                c && c->explanation ? c->explanation : diag_catalogue[finding->id].explanation,
                text, size);
}

size_t diag_render_next_step(const struct diag_finding *finding, char *text, size_t size)
{
    const struct diag_cause_spec *c = cause_texts(finding);

    return fill(finding, c && c->next_step ? c->next_step : diag_catalogue[finding->id].next_step,
                text, size);
}
