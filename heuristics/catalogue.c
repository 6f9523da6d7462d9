/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue as a table: the second expansion of catalogue.def. */
#include "diag.h"

#include <string.h>

#define EXPLAINS(...)                                                                              \
    {                                                                                              \
        .id = (const enum diag_id[]){__VA_ARGS__},                                                 \
        .count = sizeof(const enum diag_id[]){__VA_ARGS__} / sizeof(enum diag_id)                  \
    }

const struct diag_diagnosis diag_catalogue[DIAG_ID_COUNT] = {
#define DIAGNOSIS(id, ...) [DIAG_##id] = {.slug = #id, __VA_ARGS__},
#include "catalogue.def"
#undef DIAGNOSIS
};

enum diag_id diag_id_of(const char *slug)
{
    enum diag_id id = 0;

    while (id < DIAG_ID_COUNT && strcmp(diag_catalogue[id].slug, slug) != 0)
        id++;
    return id;
}
