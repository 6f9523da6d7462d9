/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Header, first question, and the addresses among the answers; every step is checked against what
 * was captured. */
#include "names/dns.h"
#include "names/text.h"

#include <string.h>

#define HEADER          12
#define POINTER         0xc0
#define MAX_JUMPS       16 /* real names need one or two */
#define MAX_QUESTIONS   32 /* mDNS puts several into one message */
#define MAX_RECORDS     128
#define CLASS_IN        1
#define CLASS_MASK      0x7fff /* mDNS keeps a flag in the top bit */
#define NETBIOS_LETTERS 32

struct reader {
    const uint8_t *data;
    size_t captured;
    size_t at;
};

struct record {
    char owner[DIAG_DNS_NAME_SIZE];
    uint16_t type;
    uint16_t class;
    const uint8_t *data;
    size_t length;
};

static size_t left(const struct reader *in)
{
    return in->captured - in->at;
}

static uint16_t u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* ---- names */

static bool append_label(char *text, size_t *length, const uint8_t *label, size_t size)
{
    if (*length + size + 2 > DIAG_DNS_NAME_SIZE)
        return false;
    if (*length > 0)
        text[(*length)++] = '.';
    for (size_t i = 0; i < size; i++)
        text[(*length)++] = label[i] ? (char)label[i] : '?';
    return true;
}

/* Follows a compression pointer. Each must point before the place where the last one led to, which
 * is what makes an endless loop impossible. */
static bool jump(const struct reader *in, size_t *at, size_t *limit)
{
    if (in->captured - *at < 2)
        return false;

    size_t target = u16(in->data + *at) & 0x3fffu;
    if (target < HEADER || target >= *limit)
        return false;
    *at = *limit = target;
    return true;
}

/* A label at *at, put behind the text. */
static bool take_label(const struct reader *in, size_t *at, char *text, size_t *length)
{
    size_t size = in->data[*at];

    /* Longer ones would be label types that nobody uses. */
    if (size > 63 || in->captured - *at - 1 < size ||
        !append_label(text, length, in->data + *at + 1, size))
        return false;
    *at += 1 + size;
    return true;
}

/* Takes all labels up to the end of the name, which is where *at then stands. *behind becomes the
 * place behind the first pointer, if there is one. */
static bool take_labels(const struct reader *in, size_t *at, size_t *behind, char *text,
                        size_t *length)
{
    size_t limit = *at;
    unsigned jumps = 0;

    while (*at < in->captured && in->data[*at] != 0) {
        if (in->data[*at] < POINTER) {
            if (!take_label(in, at, text, length))
                return false;
            continue;
        }
        if (jumps++ == 0)
            *behind = *at + 2;
        if (jumps > MAX_JUMPS || !jump(in, at, &limit))
            return false;
    }
    return *at < in->captured;
}

/* Reads the name at in->at into text and moves in->at behind it. */
static bool read_name(struct reader *in, char *text)
{
    size_t at = in->at;
    size_t behind = 0;
    size_t length = 0;

    if (!take_labels(in, &at, &behind, text, &length))
        return false;
    in->at = behind > 0 ? behind : at + 1;
    if (length == 0)
        text[length++] = '.';
    text[length] = '\0';
    return true;
}

static bool is_netbios_label(const char *text)
{
    for (size_t i = 0; i < NETBIOS_LETTERS; i++)
        if (text[i] < 'A' || text[i] > 'P')
            return false;
    return text[NETBIOS_LETTERS] == '\0' || text[NETBIOS_LETTERS] == '.';
}

/* RFC 1001 14.1: two letters a byte; the 16th byte says what kind of name it is. A scope may
 * follow. */
static void decode_netbios(char *text)
{
    char name[NETBIOS_LETTERS / 2];
    size_t length = sizeof name - 1;

    if (!is_netbios_label(text))
        return;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = (char)((text[2 * i] - 'A') << 4 | (text[2 * i + 1] - 'A'));
    while (length > 1 && (name[length - 1] == ' ' || name[length - 1] == '\0'))
        length--;
    for (size_t i = 0; i < length; i++)
        text[i] = name[i] ? name[i] : '?';
    memmove(text + length, text + NETBIOS_LETTERS, strlen(text + NETBIOS_LETTERS) + 1);
}

/* ---- names of addresses */

/* A number of at most three decimal digits and its dot; -1 if there is none. */
static int read_octet(const char **text)
{
    int value = 0;
    size_t digits = strspn(*text, "0123456789");

    if (digits == 0 || digits > 3 || (*text)[digits] != '.')
        return -1;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (*text)[i] - '0';
    *text += digits + 1;
    return value <= 255 ? value : -1;
}

static bool read_in_addr(const char *text, struct diag_address *out)
{
    struct diag_address address = {.length = 4};

    for (size_t i = 4; i-- > 0;) {
        int octet = read_octet(&text);

        if (octet < 0)
            return false;
        address.bytes[i] = (uint8_t)octet;
    }
    if (!diag_same_name(text, "in-addr.arpa"))
        return false;
    *out = address;
    return true;
}

static int read_nibble(const char *text)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit = text[0] ? strchr(digits, diag_lower(text[0])) : NULL;

    return digit && text[1] == '.' ? (int)(digit - digits) : -1;
}

static bool read_ip6(const char *text, struct diag_address *out)
{
    struct diag_address address = {.length = 16};

    for (size_t i = 32; i-- > 0; text += 2) {
        int nibble = read_nibble(text);

        if (nibble < 0)
            return false;
        address.bytes[i / 2] |= (uint8_t)(i % 2 ? nibble : nibble << 4);
    }
    if (!diag_same_name(text, "ip6.arpa"))
        return false;
    *out = address;
    return true;
}

static void note_reverse(struct diag_dns *out, enum diag_name_service service)
{
    if (service == DIAG_NBNS)
        out->reverse = out->qtype == DIAG_DNS_NBSTAT;
    else if (out->qtype == DIAG_DNS_PTR)
        out->reverse =
            read_in_addr(out->qname, &out->looked_up) || read_ip6(out->qname, &out->looked_up);
}

/* ---- sections */

static bool read_header(struct reader *in, struct diag_dns *out)
{
    if (in->captured < HEADER)
        return false;
    out->id = u16(in->data);
    out->response = in->data[2] & 0x80;
    out->opcode = in->data[2] >> 3 & 0xf;
    out->truncated = in->data[2] & 0x02;
    out->recursion_desired = in->data[2] & 0x01;
    out->rcode = in->data[3] & 0xf;
    out->answer_count = u16(in->data + 6);
    in->at = HEADER;
    return true;
}

static bool read_question(struct reader *in, char *name, uint16_t *type)
{
    if (!read_name(in, name) || left(in) < 4)
        return false;
    *type = u16(in->data + in->at);
    in->at += 4;
    return true;
}

static bool read_record(struct reader *in, struct record *out)
{
    if (!read_name(in, out->owner) || left(in) < 10)
        return false;
    out->type = u16(in->data + in->at);
    out->class = u16(in->data + in->at + 2) & CLASS_MASK;
    out->length = u16(in->data + in->at + 8);
    in->at += 10;
    if (left(in) < out->length)
        return false;
    out->data = in->data + in->at;
    in->at += out->length;
    return true;
}

static void add_address(struct diag_dns *out, const uint8_t *bytes, uint8_t length)
{
    if (out->address_count == DIAG_DNS_ADDRESSES)
        return;

    struct diag_address *address = &out->address[out->address_count++];
    address->length = length;
    memcpy(address->bytes, bytes, length);
}

static void add_addresses(struct diag_dns *out, const struct record *record,
                          enum diag_name_service service)
{
    if (record->class != CLASS_IN)
        return;
    if (service == DIAG_NBNS && record->type == DIAG_DNS_NB) {
        /* RFC 1002 4.2.1.3: two bytes of flags before each address */
        for (size_t at = 0; at + 6 <= record->length; at += 6)
            add_address(out, record->data + at + 2, 4);
    } else if (record->type == DIAG_DNS_A && record->length == 4) {
        add_address(out, record->data, 4);
    } else if (record->type == DIAG_DNS_AAAA && record->length == 16) {
        add_address(out, record->data, 16);
    }
}

static bool read_questions(struct reader *in, struct diag_dns *out)
{
    unsigned count = u16(in->data + 4);
    char name[DIAG_DNS_NAME_SIZE];
    uint16_t type;

    if (count == 0)
        return true;
    if (!read_question(in, out->qname, &out->qtype))
        return false;
    for (unsigned i = 1; i < count; i++)
        if (i == MAX_QUESTIONS || !read_question(in, name, &type)) {
            in->at = in->captured; /* the answers cannot be found: none will be read */
            break;
        }
    return true;
}

static void read_answers(struct reader *in, struct diag_dns *out, enum diag_name_service service)
{
    struct record record;
    /* A negative NBNS answer says 0 answers and names the subject in a record all the same. */
    unsigned count = out->answer_count == 0 && service == DIAG_NBNS ? 1 : out->answer_count;

    for (unsigned i = 0; i < count && i < MAX_RECORDS && read_record(in, &record); i++) {
        if (out->qname[0] == '\0') {
            memcpy(out->qname, record.owner, sizeof out->qname);
            out->qtype = record.type;
        }
        add_addresses(out, &record, service);
    }
}

bool diag_dns_read(const uint8_t *data, size_t captured, enum diag_name_service service,
                   struct diag_dns *out)
{
    struct reader in = {.data = data, .captured = captured};

    *out = (struct diag_dns){0};
    if (!read_header(&in, out) || !read_questions(&in, out))
        return false;
    if (out->response)
        read_answers(&in, out, service);
    if (service == DIAG_NBNS)
        decode_netbios(out->qname);
    note_reverse(out, service);
    return true;
}
