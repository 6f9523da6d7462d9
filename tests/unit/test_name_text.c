/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be told from the text of a name. */
#include "names/text.h"
#include "check.h"

#include <string.h>

static void names_are_compared_without_case(void)
{
    char name[] = "WWW.Example.COM[`{";

    diag_lower_text(name);
    CHECK(strcmp(name, "www.example.com[`{") == 0);
    CHECK(diag_same_name("WWW.example.com", "www.EXAMPLE.com"));
    CHECK(!diag_same_name("www.example.com", "www.example.co"));
    CHECK(!diag_same_name("www.example.co", "www.example.com"));
    CHECK(!diag_same_name("www.example.con", "www.example.com"));
    CHECK(diag_same_name("", ""));
}

static void a_search_suffix_is_whole_labels(void)
{
    CHECK(diag_name_extends("web01", "web01.example.com"));
    CHECK(diag_name_extends("web01.example.com", "web01"));
    CHECK(diag_name_extends("web01.example", "web01.example"));
    CHECK(!diag_name_extends("web01", "web01x.example.com"));
    CHECK(!diag_name_extends("web01x", "web01.example.com"));
    CHECK(!diag_name_extends("web01.example.com", "web01.example.net"));
    CHECK(!diag_name_extends("web01.example.com", "web01-a"));
}

static void labels_are_counted_and_compared(void)
{
    CHECK(diag_label_count("web01") == 1 && diag_label_count("a.b.c") == 3);
    CHECK(diag_first_label_length("web01.example.com") == 5);
    CHECK(diag_same_first_label("web01.a", "web01.b") && diag_same_first_label("web01", "web01.b"));
    CHECK(!diag_same_first_label("web01.a", "web02.a") && !diag_same_first_label("web", "web01"));
    CHECK(diag_same_suffix("a.example.com", "bc.example.com") && diag_same_suffix("a", "b"));
    CHECK(!diag_same_suffix("a.example.com", "a.example.com"));
    CHECK(!diag_same_suffix("a.example.com", "b.example.net") && !diag_same_suffix("a", "b.com"));
}

static void discovery_is_known_by_its_names(void)
{
    static const char nibbles[] = "f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
    char listed[sizeof nibbles + 8];

    CHECK(diag_name_is_discovery("_sip._udp.example.com"));
    CHECK(diag_name_is_discovery("_dmarc.example.com"));
    CHECK(diag_name_is_discovery("default._domainkey.example.com"));
    CHECK(!diag_name_is_discovery("my_host.example.com"));
    CHECK(diag_name_is_discovery("printer.local") && !diag_name_is_discovery("local"));
    CHECK(!diag_name_is_discovery("printer.local.example.com"));
    CHECK(diag_name_is_discovery("4.3.2.1.list.test") &&
          !diag_name_is_discovery("4.3.2.list.test"));
    CHECK(!diag_name_is_discovery("1234.3.2.1.list.test") && !diag_name_is_discovery("4.3.2.1"));
    CHECK(diag_name_is_discovery("wpad") && !diag_name_is_discovery("www.wpad.example.com"));
    CHECK(diag_name_is_discovery("mask.icloud.com") && !diag_name_is_discovery("www.icloud.com"));

    memcpy(listed, nibbles, sizeof nibbles);
    memcpy(listed + sizeof nibbles - 1, ".test", 6);
    CHECK(diag_name_is_discovery(listed));
    listed[4] = 'g';
    CHECK(!diag_name_is_discovery(listed));
    listed[4] = '0';
    listed[5] = '0';
    CHECK(!diag_name_is_discovery(listed));
    listed[5] = '.';
    listed[61] = '\0'; /* 31 of them */
    CHECK(!diag_name_is_discovery(listed));
}

static void made_up_labels_have_7_to_15_letters(void)
{
    CHECK(diag_label_may_be_made_up("abcdefg") && diag_label_may_be_made_up("abcdefghijklmno.lan"));
    CHECK(!diag_label_may_be_made_up("abcdef") && !diag_label_may_be_made_up("abcdefghijklmnop"));
    CHECK(!diag_label_may_be_made_up("abcdefg1") && !diag_label_may_be_made_up("abc-defghij"));
}

static void consonants_are_counted_in_the_first_label(void)
{
    CHECK(diag_label_has_consonants("nightschool", 6) &&
          !diag_label_has_consonants("nightschool", 7));
    CHECK(!diag_label_has_consonants("bc.dfgh", 3) && !diag_label_has_consonants("bcydfa", 3));
}

int main(void)
{
    names_are_compared_without_case();
    a_search_suffix_is_whole_labels();
    labels_are_counted_and_compared();
    discovery_is_known_by_its_names();
    made_up_labels_have_7_to_15_letters();
    consonants_are_counted_in_the_first_label();
    return check_failures != 0;
}
