/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in the file a frame stands. That is its number, but with a read filter (tshark -2 -R, and
 * the one in Wireshark's Open dialog) every frame that the filter drops is dissected under the
 * number of the next one that it keeps. diag judges all of them, and counts them itself.
 */
#ifndef DIAG_NUMBERS_H
#define DIAG_NUMBERS_H

#include "compat.h"

struct diag_numbers;

struct diag_numbers *diag_numbers_new(void);
void diag_numbers_free(struct diag_numbers *numbers);

/* A frame is visited for the first time. False when it is the one before once more: Wireshark
 * dissects what a read filter keeps once to filter and once to list it. */
bool diag_numbers_meet(struct diag_numbers *numbers, const packet_info *pinfo);

/* The place of this frame, which was met before. */
uint32_t diag_numbers_place(const struct diag_numbers *numbers, const packet_info *pinfo);

#endif
