/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names as text: no state, no packets. */
#include "names/text.h"

#include <string.h>

void diag_lower_text(char *text)
{
    for (; *text; text++)
        *text = diag_lower(*text);
}

bool diag_same_name(const char *a, const char *b)
{
    while (*a && diag_lower(*a) == diag_lower(*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

size_t diag_first_label_length(const char *name)
{
    return strcspn(name, ".");
}

size_t diag_label_count(const char *name)
{
    size_t count = 1;

    for (; *name; name++)
        count += *name == '.';
    return count;
}

bool diag_name_extends(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (!*a && (!*b || *b == '.')) || (!*b && *a == '.');
}

bool diag_same_first_label(const char *a, const char *b)
{
    size_t length = diag_first_label_length(a);

    return length == diag_first_label_length(b) && strncmp(a, b, length) == 0;
}

bool diag_same_suffix(const char *a, const char *b)
{
    return !diag_same_first_label(a, b) &&
           strcmp(a + diag_first_label_length(a), b + diag_first_label_length(b)) == 0;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t tail = strlen(suffix);

    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static bool has_service_label(const char *name)
{
    return name[0] == '_' || strstr(name, "._");
}

static size_t digits_of_octet(const char *label)
{
    size_t length = strspn(label, "0123456789");

    return length <= 3 && label[length] == '.' ? length : 0;
}

/* "4.3.2.1.zen.example": an address asked of a block list; not listed is the normal answer. */
static bool starts_with_address(const char *name)
{
    for (size_t octets = 0; octets < 4; octets++) {
        size_t length = digits_of_octet(name);

        if (length == 0)
            return false;
        name += length + 1;
    }
    return true;
}

/* The same for IPv6: 32 labels of one hexadecimal digit. */
static bool starts_with_nibbles(const char *name)
{
    for (size_t nibbles = 0; nibbles < 32; nibbles++, name += 2)
        if (!name[0] || !strchr("0123456789abcdef", name[0]) || name[1] != '.')
            return false;
    return true;
}

/* Single labels that systems look for under every suffix. */
static bool is_discovery_label(const char *name)
{
    return diag_same_first_label(name, "wpad") || diag_same_first_label(name, "isatap");
}

/* Firefox and iCloud Private Relay ask whether they may use encrypted DNS: NXDOMAIN is a policy.
 * Teredo's name was taken down; old Windows still asks. */
static bool is_policy_name(const char *name)
{
    static const char *const names[] = {"use-application-dns.net", "mask.icloud.com",
                                        "mask-h2.icloud.com", "teredo.ipv6.microsoft.com"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool diag_name_is_discovery(const char *name)
{
    return has_service_label(name) || ends_with(name, ".arpa") || ends_with(name, ".local") ||
           strcmp(name, ".") == 0 || starts_with_address(name) || starts_with_nibbles(name) ||
           is_discovery_label(name) || is_policy_name(name);
}

bool diag_label_may_be_made_up(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz");

    return length >= 7 && length <= 15 && length == diag_first_label_length(name);
}

bool diag_label_has_consonants(const char *name, size_t run)
{
    size_t seen = 0;

    for (; *name && *name != '.' && seen < run; name++)
        seen = strchr("bcdfghjklmnpqrstvwxz", *name) ? seen + 1 : 0;
    return seen >= run;
}
