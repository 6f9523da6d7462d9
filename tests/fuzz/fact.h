/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a fuzzer as a capture: a sequence of facts that lean on those before them (sequence
 * numbers, time, who talks to whom), so that a changed byte changes the story and not all of it.
 */
#ifndef FUZZ_FACT_H
#define FUZZ_FACT_H

#include "diag.h"
#include "input.h"

#define FACT_PAIRS     64
#define FACT_DECRYPTED 8
#define FACT_HOSTS     16

enum fact_kind {
    FACT_FROM_CLIENT,
    FACT_FROM_SERVER,
    FACT_ICMP,
    FACT_NAME,
    FACT_ARP,
    FACT_DROPS,
    FACT_OTHER, /* a frame of another protocol, or no frame: an address for a host */
    FACT_LOOK   /* no fact: a person looks at what is known by now */
};

/* What the next segment between two endpoints builds upon. */
struct fact_pair {
    uint16_t tuple;
    uint32_t next[2]; /* sequence numbers, by enum diag_side */
    uint32_t stream;  /* + 1; 0 before the first segment */
};

struct fact_story {
    struct input in;
    uint32_t frame;
    int64_t time_ns;
    uint32_t streams;
    size_t pairs;
    struct fact_pair pair[FACT_PAIRS];
    struct diag_address host[FACT_HOSTS]; /* length 0: not met yet */
};

/* One fact. Payloads are copies of exactly their size, for the sanitizers. */
struct fact {
    enum fact_kind kind;
    uint32_t frame;
    int64_t time_ns;
    uint16_t drops;
    struct diag_segment segment;
    enum diag_checksum checksum;
    struct diag_icmp icmp;
    struct diag_name_message name;
    struct diag_arp arp;
    struct diag_decrypted decrypted[FACT_DECRYPTED];
    uint8_t *copy[FACT_DECRYPTED + 1];
    size_t copies;
};

struct fact_story *fact_story_new(const uint8_t *data, size_t size);
void fact_story_free(struct fact_story *story);
/* False at the end. */
bool fact_next(struct fact_story *story, struct fact *fact);
void fact_free(struct fact *fact);

#endif
