/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of DNS-format messages: what it tells of good ones, and that bad ones end it. */
#include "names/dns.h"
#include "check.h"
#include "dns_message.h"

static struct diag_dns out;

static bool read_as(const struct dns_message *m, enum diag_name_service service)
{
    /* A copy of exactly this size, so that a sanitizer sees the first byte read too many. */
    uint8_t *exact = malloc(m->size ? m->size : 1);

    memcpy(exact, m->data, m->size);
    bool ok = diag_dns_read(exact, m->size, service, &out);
    free(exact);
    return ok;
}

static struct dns_message www(unsigned flags, unsigned answers)
{
    struct dns_message m;

    put_header(&m, 0x1234, flags, 1, answers);
    put_question(&m, "www.Example.com", 1);
    return m;
}

static void a_query_tells_what_is_asked(void)
{
    struct dns_message m = www(0x0100, 0);

    CHECK(read_as(&m, DIAG_DNS));
    CHECK(out.id == 0x1234 && !out.response && !out.truncated && out.recursion_desired);
    CHECK(strcmp(out.qname, "www.Example.com") == 0);
    CHECK(out.qtype == DIAG_DNS_A && !out.reverse && out.looked_up.length == 0);
}

static void an_answer_tells_its_addresses(void)
{
    static const uint8_t v4[] = {192, 0, 2, 7};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};
    static const uint8_t alias[] = {3, 'c', 'd', 'n', 0xc0, 16};
    struct dns_message m = www(0x8580, 3);

    put_answer(&m, 5, alias, sizeof alias);
    put_answer(&m, 1, v4, sizeof v4);
    put_answer(&m, 28, v6, sizeof v6);
    CHECK(read_as(&m, DIAG_DNS));
    CHECK(out.response && out.rcode == 0 && out.answer_count == 3 && out.address_count == 2);
    CHECK(out.address[0].length == 4 && memcmp(out.address[0].bytes, v4, 4) == 0);
    CHECK(out.address[1].length == 16 && memcmp(out.address[1].bytes, v6, 16) == 0);
}

static void only_so_many_addresses_are_kept(void)
{
    static const uint8_t v4[] = {192, 0, 2, 7};
    struct dns_message m = www(0x8180, 12);

    for (int i = 0; i < 12; i++)
        put_answer(&m, 1, v4, sizeof v4);
    CHECK(read_as(&m, DIAG_DNS));
    CHECK(out.answer_count == 12 && out.address_count == DIAG_DNS_ADDRESSES);
}

static void an_address_of_a_wrong_size_is_none(void)
{
    static const uint8_t three[] = {192, 0, 2};
    struct dns_message m = www(0x8180, 1);

    put_answer(&m, 1, three, sizeof three);
    CHECK(read_as(&m, DIAG_DNS) && out.address_count == 0);
}

/* mDNS asks several things at once; the answers stand behind all of them. */
static void answers_are_found_behind_several_questions(void)
{
    static const uint8_t v4[] = {192, 0, 2, 7};
    struct dns_message m;

    put_header(&m, 0, 0x8400, 3, 1);
    put_question(&m, "printer.local", 1);
    put_question(&m, "printer.local", 28);
    put_question(&m, "_ipp._tcp.local", 12);
    put_answer(&m, 1, v4, sizeof v4);
    CHECK(read_as(&m, DIAG_MDNS) && strcmp(out.qname, "printer.local") == 0);
    CHECK(out.qtype == DIAG_DNS_A && out.address_count == 1);

    m.data[5] = 4; /* one question more than there is */
    CHECK(read_as(&m, DIAG_MDNS) && out.address_count == 0);

    put_header(&m, 0, 0x8400, 40, 1); /* more than anybody asks */
    for (int i = 0; i < 40; i++)
        put_question(&m, "a", 1);
    put_answer(&m, 1, v4, sizeof v4);
    CHECK(read_as(&m, DIAG_MDNS) && out.address_count == 0);
}

static void records_of_other_kinds_hold_no_address(void)
{
    static const uint8_t bytes[16] = {192, 0, 2, 7};
    struct dns_message m = www(0x8180, 3);

    put_answer(&m, 32, bytes, 6); /* NetBIOS, in a DNS answer */
    put_answer(&m, 16, bytes, 16);
    put_answer(&m, 28, bytes, 4);
    CHECK(read_as(&m, DIAG_DNS) && out.address_count == 0);
    m = www(0x8180, 1);
    put_answer(&m, 1, bytes, 4);
    m.data[m.size - 11] = 3; /* class CHAOS */
    CHECK(read_as(&m, DIAG_DNS) && out.address_count == 0);
}

static void flags_and_rcode_are_told(void)
{
    struct dns_message m = www(0x8203, 0);

    CHECK(read_as(&m, DIAG_DNS));
    CHECK(out.truncated && out.rcode == DIAG_DNS_NXDOMAIN && !out.recursion_desired);
    m = www(0x2800, 0);
    CHECK(read_as(&m, DIAG_DNS) && out.opcode == 5);
}

/* Cut anywhere, the message is refused up to the end of the question, and read from there on. */
static void a_cut_message_loses_answers_only(void)
{
    static const uint8_t v4[] = {192, 0, 2, 7};
    struct dns_message m = www(0x8180, 1);
    size_t question_end = m.size;

    put_answer(&m, 1, v4, sizeof v4);
    for (size_t whole = m.size; m.size > 0; m.size--) {
        CHECK(read_as(&m, DIAG_DNS) == (m.size >= question_end));
        CHECK(m.size < question_end || out.address_count == (m.size == whole));
    }
}

static void a_reverse_lookup_tells_the_address(void)
{
    struct dns_message m;

    put_header(&m, 1, 0x0100, 1, 0);
    put_question(&m, "255.255.255.255.in-addr.arpa", 12);
    CHECK(read_as(&m, DIAG_DNS) && out.reverse && out.looked_up.bytes[0] == 255);

    put_header(&m, 1, 0x0100, 1, 0);
    put_question(&m, "7.2.0.192.IN-ADDR.arpa", 12);
    CHECK(read_as(&m, DIAG_DNS) && out.reverse);
    CHECK(out.looked_up.length == 4 && memcmp(out.looked_up.bytes, "\xc0\0\2\7", 4) == 0);

    put_header(&m, 1, 0x0100, 1, 0);
    put_question(&m, "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.d.0.1.0.0.2.ip6.arpa",
                 12);
    CHECK(read_as(&m, DIAG_DNS) && out.reverse);
    CHECK(out.looked_up.length == 16 && out.looked_up.bytes[15] == 9);
    CHECK(memcmp(out.looked_up.bytes, "\x20\x01\x0d\xb8", 4) == 0);
}

static void other_pointer_queries_are_no_reverse_lookup(void)
{
    static const char *const names[] = {"2.0.192.in-addr.arpa",
                                        "256.2.0.192.in-addr.arpa",
                                        "lb._dns-sd._udp.0.2.0.192.in-addr.arpa",
                                        "7.2.0.192.example.com",
                                        "_http._tcp.local",
                                        "1234.2.0.192.in-addr.arpa",
                                        "0.7.2.0.192.in-addr.arpa"};
    struct dns_message m;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put_header(&m, 1, 0x0100, 1, 0);
        put_question(&m, names[i], 12);
        CHECK(read_as(&m, DIAG_DNS) && !out.reverse && out.looked_up.length == 0);
    }
    put_header(&m, 1, 0x0100, 1, 0);
    put_question(&m, "7.2.0.192.in-addr.arpa", 16); /* TXT */
    CHECK(read_as(&m, DIAG_DNS) && !out.reverse);
}

static void a_netbios_name_is_decoded(void)
{
    struct dns_message m;

    put_header(&m, 7, 0x0110, 1, 0);
    put_netbios_name(&m, "FILESERVER", 0x20);
    put16(&m, 32);
    put16(&m, 1);
    CHECK(read_as(&m, DIAG_NBNS));
    CHECK(strcmp(out.qname, "FILESERVER") == 0 && out.qtype == DIAG_DNS_NB && !out.reverse);
}

static void a_netbios_name_that_is_none_stays_raw(void)
{
    struct dns_message m;

    put_header(&m, 7, 0x0110, 1, 0);
    put_question(&m, "QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", 32);
    CHECK(read_as(&m, DIAG_NBNS) && out.qname[0] == 'Q');
    put_header(&m, 7, 0x0110, 1, 0);
    put_question(&m, "AB.scope", 32);
    CHECK(read_as(&m, DIAG_NBNS) && strcmp(out.qname, "AB.scope") == 0);
}

static void a_node_status_query_is_a_reverse_lookup(void)
{
    struct dns_message m;

    put_header(&m, 7, 0, 1, 0);
    put_netbios_name(&m, "*", 0);
    put16(&m, 33);
    put16(&m, 1);
    CHECK(read_as(&m, DIAG_NBNS) && out.reverse && out.looked_up.length == 0);
    CHECK(strcmp(out.qname, "*") == 0);
    CHECK(read_as(&m, DIAG_DNS) && !out.reverse); /* there 33 is SRV */
}

/* NBNS answers carry no question, only a record. */
static struct dns_message netbios_answer(unsigned flags, unsigned answers, unsigned type)
{
    static const uint8_t data[] = {0, 0, 192, 0, 2, 7, 0x60, 0, 192, 0, 2, 8};
    struct dns_message m;

    put_header(&m, 7, flags, 0, answers);
    put_netbios_name(&m, "FILESERVER", 0x20);
    put16(&m, type);
    put16(&m, 1);
    put16(&m, 0);
    put16(&m, 0);
    put16(&m, type == 32 ? sizeof data : 0);
    put_bytes(&m, data, type == 32 ? sizeof data : 0);
    return m;
}

static void without_a_question_the_record_names_the_subject(void)
{
    struct dns_message m = netbios_answer(0x8500, 1, 32);

    CHECK(read_as(&m, DIAG_NBNS) && strcmp(out.qname, "FILESERVER") == 0);
    CHECK(out.address_count == 2 && out.address[1].bytes[3] == 8);
    m = netbios_answer(0x8583, 0, 10); /* no such name: a record of no type */
    CHECK(read_as(&m, DIAG_NBNS) && strcmp(out.qname, "FILESERVER") == 0);
    CHECK(out.rcode == 3 && out.address_count == 0);
}

static void a_header_alone_is_a_message_without_a_name(void)
{
    struct dns_message m;

    put_header(&m, 7, 0x8181, 0, 0);
    CHECK(read_as(&m, DIAG_DNS) && out.qname[0] == '\0' && out.rcode == 1);
}

static void the_root_is_a_dot(void)
{
    struct dns_message m;

    put_header(&m, 7, 0x0100, 1, 0);
    put_question(&m, ".", 2);
    CHECK(read_as(&m, DIAG_DNS) && strcmp(out.qname, ".") == 0);
}

static void a_name_holds_no_nul(void)
{
    struct dns_message m;

    put_header(&m, 7, 0x0100, 1, 0);
    put_bytes(&m, "\4a\0b\xff\0\0\1\0\1", 10);
    CHECK(read_as(&m, DIAG_DNS) && strcmp(out.qname, "a?b\xff") == 0);
}

/* ---- hostile names */

static bool question_with(const void *name, size_t size)
{
    struct dns_message m;

    put_header(&m, 7, 0x0100, 1, 0);
    put_bytes(&m, name, size);
    put16(&m, 1);
    put16(&m, 1);
    return read_as(&m, DIAG_DNS);
}

static void pointers_lead_backwards_or_nowhere(void)
{
    CHECK(!question_with("\xc0\x0c", 2)); /* to itself */
    CHECK(!question_with("\xc0\x0e", 2)); /* forwards */
    CHECK(!question_with("\x01"
                         "a\xc0\x0c",
                         4));             /* to its own beginning: endless */
    CHECK(!question_with("\xc0\x04", 2)); /* into the header */
    CHECK(!question_with("\xff\xff", 2));
    CHECK(!question_with("\x40"
                         "a\0",
                         3)); /* label types that nobody uses */
    CHECK(!question_with("\x80"
                         "a\0",
                         3));
}

/* A message whose only name is found at the end of a chain of this many pointers. */
static bool reads_chain(unsigned jumps)
{
    struct dns_message m;

    put_header(&m, 7, 0x8180, 0, 2);
    put_bytes(&m, "\1a\0\0\x0a\0\1\0\0\0\0", 11); /* owner a, type NULL, then the chain as data */
    put16(&m, 2 * jumps);
    put16(&m, 0xc00c);
    for (unsigned i = 1; i < jumps; i++)
        put16(&m, 0xc000 | (unsigned)(m.size - 2));
    put16(&m, 0xc000 | (unsigned)(m.size - 2));
    put_bytes(&m, "\0\1\0\1\0\0\0\0\0\4\xc0\0\2\7", 14);
    return read_as(&m, DIAG_DNS) && out.address_count == 1;
}

static void chains_are_read_up_to_the_limit(void)
{
    CHECK(reads_chain(1));
    CHECK(reads_chain(15));
    CHECK(!reads_chain(16));
    CHECK(!reads_chain(200));
}

static void a_name_of_255_octets_is_the_longest(void)
{
    uint8_t name[400];
    size_t size = 0;

    for (int i = 0; i < 4; i++) {
        name[size++] = i < 3 ? 63 : 61;
        memset(name + size, 'a', 63);
        size += i < 3 ? 63 : 61;
    }
    name[size++] = 0; /* 3 * 64 + 62 + 1 = 255 */
    CHECK(question_with(name, size));
    CHECK(strlen(out.qname) == 253);

    name[size - 1] = 63;
    memset(name + size, 'a', 63);
    name[size + 63] = 0;
    CHECK(!question_with(name, size + 64));
}

int main(void)
{
    a_query_tells_what_is_asked();
    an_answer_tells_its_addresses();
    only_so_many_addresses_are_kept();
    an_address_of_a_wrong_size_is_none();
    answers_are_found_behind_several_questions();
    records_of_other_kinds_hold_no_address();
    flags_and_rcode_are_told();
    a_cut_message_loses_answers_only();
    a_reverse_lookup_tells_the_address();
    other_pointer_queries_are_no_reverse_lookup();
    a_netbios_name_is_decoded();
    a_netbios_name_that_is_none_stays_raw();
    a_node_status_query_is_a_reverse_lookup();
    without_a_question_the_record_names_the_subject();
    a_header_alone_is_a_message_without_a_name();
    the_root_is_a_dot();
    a_name_holds_no_nul();
    pointers_lead_backwards_or_nowhere();
    chains_are_read_up_to_the_limit();
    a_name_of_255_octets_is_the_longest();
    return check_failures != 0;
}
