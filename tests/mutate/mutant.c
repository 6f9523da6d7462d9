/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that were mutated. In any program of the core, DIAG_MUTANT=rules/close.c:17 tries one
 * of their mutants, and DIAG_MUTANTS_REACHED=FILE writes down those that the program came by.
 */
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mutated_file *files;

struct mutated_file *mutated_files(void)
{
    return files;
}

void mutated_file_add(struct mutated_file *file)
{
    const char *wanted = getenv("DIAG_MUTANT");
    size_t length = strlen(file->name);

    file->next = files;
    files = file;
    if (wanted && strncmp(wanted, file->name, length) == 0 && wanted[length] == ':')
        file->tried = (int)strtol(wanted + length + 1, NULL, 10);
}

__attribute__((destructor)) static void write_reached(void)
{
    const char *name = getenv("DIAG_MUTANTS_REACHED");
    FILE *out = name ? fopen(name, "w") : NULL;

    if (!out)
        return;
    for (const struct mutated_file *file = files; file; file = file->next)
        for (int n = 0; n < file->count; n++)
            if (file->reached[n])
                fprintf(out, "%s %d\n", file->name, n);
    fclose(out);
}
