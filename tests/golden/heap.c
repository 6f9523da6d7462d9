/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into sharkd: at each SIGUSR1 the bytes that the program holds on its heap are added to
 * the file named in DIAG_HEAP. To be sent only while sharkd waits for a request.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier) */

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void note_heap(int number)
{
    const char *path = getenv("DIAG_HEAP");
    struct mallinfo2 heap = mallinfo2();
    int file = path != NULL ? open(path, O_WRONLY | O_APPEND) : -1;
    char line[64];
    int length = snprintf(line, sizeof line, "%zu\n", heap.uordblks + heap.hblkhd);

    (void)number;
    if (file < 0 || write(file, line, (size_t)length) != length)
        _exit(1);
    close(file);
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = note_heap, .sa_flags = SA_RESTART};

    sigaction(SIGUSR1, &action, NULL);
}
