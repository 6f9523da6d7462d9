/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue json-schema    the JSON Schema of every line of -z diag,json
 * catalogue markdown       docs/diagnoses.md
 * catalogue settings       docs/settings.md
 */
#include "catalogue.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*print)(void);
} outputs[] = {
    {"json-schema", catalogue_json_schema},
    {"markdown", catalogue_markdown},
    {"settings", catalogue_settings},
};

#define OUTPUTS (sizeof outputs / sizeof outputs[0])

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < OUTPUTS; i++)
        if (strcmp(argv[1], outputs[i].name) == 0) {
            outputs[i].print();
            return 0;
        }
    fprintf(stderr, "usage: catalogue json-schema|markdown|settings\n");
    return 2;
}
