/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where there is no libFuzzer: hands the files that are named, or in the folders that are named, to
 * the target. */
#include "input.h"

#include <glib.h>
#include <stdio.h>

static int replay(const char *path)
{
    char *data = NULL;
    gsize size = 0;

    if (!g_file_get_contents(path, &data, &size, NULL)) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    int result = LLVMFuzzerTestOneInput((const uint8_t *)data, size);

    g_free(data);
    return result;
}

static int replay_folder(const char *path)
{
    GDir *folder = g_dir_open(path, 0, NULL);
    const char *name;
    int failures = 0;

    if (!folder)
        return replay(path);
    while ((name = g_dir_read_name(folder))) {
        char *file = g_build_filename(path, name, NULL);

        failures += replay(file);
        g_free(file);
    }
    g_dir_close(folder);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;

    for (int i = 1; i < argc; i++)
        failures += replay_folder(argv[i]);
    return failures != 0;
}
