/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes messages in DNS format for tests. Too long a message is a bug of the test: it aborts. */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct dns_message {
    uint8_t data[1024];
    size_t size;
};

static inline void put8(struct dns_message *m, unsigned value)
{
    if (m->size == sizeof m->data)
        abort();
    m->data[m->size++] = (uint8_t)value;
}

static inline void put16(struct dns_message *m, unsigned value)
{
    put8(m, value >> 8);
    put8(m, value & 0xff);
}

static inline void put_bytes(struct dns_message *m, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put8(m, ((const uint8_t *)bytes)[i]);
}

/* "www.example.com"; "." is the root. */
static inline void put_name(struct dns_message *m, const char *name)
{
    while (*name && *name != '.') {
        size_t length = strcspn(name, ".");

        put8(m, (unsigned)length);
        put_bytes(m, name, length);
        name += length;
        name += *name == '.';
    }
    put8(m, 0);
}

/* RFC 1001 14.1: half a byte a letter, padded with blanks, the kind of name at the end. */
static inline void put_netbios_name(struct dns_message *m, const char *name, unsigned suffix)
{
    size_t length = strlen(name);

    put8(m, 32);
    for (size_t i = 0; i < 16; i++) {
        unsigned pad = strcmp(name, "*") == 0 ? 0 : ' ';
        unsigned byte = i < length ? (uint8_t)name[i] : pad;

        byte = i == 15 ? suffix : byte;
        put8(m, 'A' + (byte >> 4));
        put8(m, 'A' + (byte & 0xf));
    }
    put8(m, 0);
}

/* flags: 0x8000 response, 0x0200 truncated, 0x0100 recursion desired, low 4 bits rcode */
static inline void put_header(struct dns_message *m, unsigned id, unsigned flags,
                              unsigned questions, unsigned answers)
{
    m->size = 0;
    put16(m, id);
    put16(m, flags);
    put16(m, questions);
    put16(m, answers);
    put16(m, 0);
    put16(m, 0);
}

static inline void put_question(struct dns_message *m, const char *name, unsigned type)
{
    put_name(m, name);
    put16(m, type);
    put16(m, 1);
}

/* A record whose owner is the name of the question. */
static inline void put_answer(struct dns_message *m, unsigned type, const void *data, size_t size)
{
    put16(m, 0xc00c);
    put16(m, type);
    put16(m, 1);
    put16(m, 0);
    put16(m, 60);
    put16(m, (unsigned)size);
    put_bytes(m, data, size);
}

#endif
