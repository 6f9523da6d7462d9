/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text helpers of the reports and of the tree: escaping, wrapping, padding. They make no words. */
#ifndef DIAG_TEXT_H
#define DIAG_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../heuristics/diag.h"

/* Room for the longest text that heuristics/ renders. */
#define DIAG_TEXT_MAX 4096

typedef size_t diag_renderer(const struct diag_finding *finding, char *text, size_t size);

/* Bytes from packets made safe for a terminal and valid as UTF-8: what does not print becomes \xNN.
 */
void diag_escape(const char *raw, char *text, size_t size);

/* Seconds with nine decimals. */
void diag_seconds(int64_t ns, char *text, size_t size);

/* Columns that a text takes on a terminal. */
int diag_width(const char *text);

/* Text filled up with blanks, or cut with an ellipsis, to exactly this many columns. */
void diag_print_cell(FILE *out, const char *text, int width);

/* Bytes of the text that fit into one line of this many columns, broken at a blank; a single word
 * that does not fit is not broken. */
size_t diag_line_length(const char *text, int columns);

/* A paragraph, broken at blanks; every line but the first is indented, by as many columns as the
 * text before the first took. */
void diag_print_wrapped(FILE *out, const char *first, const char *text);

#endif
