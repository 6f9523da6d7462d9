/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be told from the text of a name alone: is it another form of the same name, did a
 * program rather than a person ask for it. Names are in lower case unless said otherwise.
 */
#ifndef DIAG_NAME_TEXT_H
#define DIAG_NAME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

static inline char diag_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ASCII only, as DNS compares names (RFC 4343). */
void diag_lower_text(char *text);
/* In whatever case. */
bool diag_same_name(const char *a, const char *b);

size_t diag_first_label_length(const char *name);
size_t diag_label_count(const char *name);

/* One is the other with a search suffix: "web01" and "web01.example.com", or they are the same. */
bool diag_name_extends(const char *a, const char *b);
bool diag_same_first_label(const char *a, const char *b);
/* Their first labels differ and all that follows is the same; both may be single labels. */
bool diag_same_suffix(const char *a, const char *b);

/* Asked by software on its own account, and often meant to fail: discovery, block lists, probes. */
bool diag_name_is_discovery(const char *name);

/* The first label may be one of the names that Chrome makes up to find out whether the network
 * answers for names that do not exist: 7 to 15 letters. */
bool diag_label_may_be_made_up(const char *name);
/* A run of this many consonants in the first label. */
bool diag_label_has_consonants(const char *name, size_t run);

#endif
