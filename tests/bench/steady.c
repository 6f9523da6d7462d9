/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded while instructions are counted: GLib seeds Wireshark's hash tables from the system's
 * random numbers, so that no two runs execute the same instructions. Here they all do.
 */
#include <stdint.h>

__attribute__((visibility("default"))) uint32_t g_random_int(void);

uint32_t g_random_int(void)
{
    static uint32_t state = 1;

    state = state * 1664525U + 1013904223U;
    return state;
}
