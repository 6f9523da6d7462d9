/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wireshark's dissection engine with the plugin inside one program, fed frame by frame as tshark -2
 * does: once to learn, once to show.
 */
#ifndef FUZZ_DISSECTION_H
#define FUZZ_DISSECTION_H

#include "../../plugin/compat.h"

#include <wiretap/wtap.h>

struct dissection;

/* One frame as a capture file holds it. */
struct dissection_frame {
    nstime_t time;
    int link; /* WTAP_ENCAP_* */
    const uint8_t *data;
    uint32_t captured;
    uint32_t length;
};

/* Once in a program. */
void dissection_prepare(void);

struct dissection *dissection_new(void);
void dissection_free(struct dissection *dissection);

/* First pass; the bytes must stay. */
void dissection_add(struct dissection *dissection, const struct dissection_frame *frame);
/* Second pass over all frames, with all details. */
void dissection_show(struct dissection *dissection);
uint32_t dissection_count(const struct dissection *dissection);

#endif
