/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small on purpose: one macro, one counter, file:line on failure, every check runs. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int check_failures;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #cond);                      \
            check_failures++;                                                                      \
        }                                                                                          \
    } while (0)

#endif
