/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of names that the core knows, and that the JSON Schema allows. */
#ifndef SCHEMA_NAMES_H
#define SCHEMA_NAMES_H

#include <stddef.h>

struct schema_names {
    const char *name;
    unsigned count;
    const char *(*name_of)(unsigned index); /* NULL: it has no name, and is printed as null */
};

extern const struct schema_names schema_names[];
extern const size_t schema_name_count;

/* Of a line: connection, host, capture. */
const char *schema_type_name(unsigned index);

#endif
