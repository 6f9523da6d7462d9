/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a fuzzer as small numbers: what lies behind the end reads as zero. And what every
 * target checks with, because assert() may be compiled out.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct input {
    const uint8_t *at;
    size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Always checked, and says where. */
#define demand(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* At most n bytes, and fewer at the end of the input: the result tells how many. */
static inline size_t input_bytes(struct input *in, size_t n, const uint8_t **bytes)
{
    n = n < in->left ? n : in->left;
    *bytes = in->at;
    in->at += n;
    in->left -= n;
    return n;
}

/* Big-endian, of at most 8 bytes. */
static inline uint64_t input_number(struct input *in, size_t n)
{
    const uint8_t *byte;
    uint64_t number = 0;

    n = input_bytes(in, n, &byte);
    for (size_t i = 0; i < n; i++)
        number = number << 8 | byte[i];
    return number;
}

static inline uint8_t input_byte(struct input *in)
{
    return (uint8_t)input_number(in, 1);
}

static inline uint16_t input_16(struct input *in)
{
    return (uint16_t)input_number(in, 2);
}

static inline uint32_t input_32(struct input *in)
{
    return (uint32_t)input_number(in, 4);
}

#endif
