/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads one fact after the other; seed_core.py writes the same format. */
#include "fact.h"

#include <string.h>

#define NS_PER_US   1000
#define LONGEST     4096
#define BIGGEST_CUT 0xffff

/* The first byte of a fact, above its kind. */
enum has {
    HAS_IP = 1 << 3,
    HAS_OPTIONS = 1 << 4,
    IS_ABSOLUTE = 1 << 5, /* sequence numbers */
    IS_NEW_STREAM = 1 << 6,
    HAS_MORE = 1 << 7
};

/* The flags of a segment, above those of TCP. */
enum more_flags {
    IS_SNAPPED = 1 << 9
};

/* Above them what its checksum says: enum diag_checksum. */
enum {
    IS_CUT = 1 << 0,
    IS_OPAQUE = 1 << 1,
    CHECKSUM = 2
};

/* The exponents of a time step that mean something else. */
enum {
    BACK_US = 13,
    BACK_MS = 14,
    LEAP = 15
};

#define SAME_FRAME 0xf000

struct fact_story *fact_story_new(const uint8_t *data, size_t size)
{
    struct fact_story *story = calloc(1, sizeof *story);

    demand(story != NULL);
    story->in = (struct input){data, size};
    story->time_ns = INT64_C(1800000000) * 1000000000;
    return story;
}

void fact_story_free(struct fact_story *story)
{
    free(story);
}

/* More pairs than there is room for start anew in the last place. */
static struct fact_pair *pair_of(struct fact_story *story, uint16_t tuple)
{
    for (size_t i = 0; i < story->pairs; i++)
        if (story->pair[i].tuple == tuple)
            return &story->pair[i];
    if (story->pairs < FACT_PAIRS)
        story->pairs++;
    story->pair[story->pairs - 1] = (struct fact_pair){.tuple = tuple};
    return &story->pair[story->pairs - 1];
}

/* The capture file may claim any time that the facts allow. */
static void move_time(struct fact_story *story, int64_t by_ns)
{
    int64_t now = story->time_ns;

    if (by_ns > 0 ? now <= DIAG_LATEST_NS - by_ns : now >= DIAG_EARLIEST_NS - by_ns)
        story->time_ns = now + by_ns;
}

static void read_time(struct fact_story *story)
{
    uint16_t step = input_16(&story->in);
    int64_t many = step & 0xfff;
    unsigned exponent = step >> 12;

    story->frame += step != SAME_FRAME || story->frame == 0;
    /* To the end of time rarely, or every other story would be about nothing else. */
    if (exponent == BACK_US)
        move_time(story, -many * NS_PER_US);
    else if (exponent == BACK_MS)
        move_time(story, -many * NS_PER_US * 1000);
    else if (exponent == LEAP && many > 0xff0)
        story->time_ns = many & 1 ? DIAG_LATEST_NS : DIAG_EARLIEST_NS;
    else if (exponent != LEAP)
        move_time(story, (many << 2 * exponent) * NS_PER_US);
}

static uint8_t *keep_copy(struct fact *fact, struct input *in, size_t wanted, uint32_t *length)
{
    const uint8_t *data;

    *length = (uint32_t)input_bytes(in, wanted % LONGEST, &data);
    uint8_t *copy = malloc(*length ? *length : 1);

    demand(copy != NULL);
    memcpy(copy, data, *length);
    fact->copy[fact->copies++] = copy;
    return copy;
}

/* Whoever is met before the story gave an address has one of these from then on. */
static struct diag_address host(struct fact_story *story, unsigned number)
{
    struct diag_address *address = &story->host[number % FACT_HOSTS];

    if (address->length == 0)
        *address = (struct diag_address){4, {192, 0, 2, (uint8_t)(number + 1)}};
    return *address;
}

/* 4 bits client, 4 bits server, 5 bits client's port, 3 bits server's port. */
static void set_endpoints(struct fact_story *story, uint16_t tuple, struct diag_endpoint *client,
                          struct diag_endpoint *server)
{
    static const uint16_t ports[8] = {443, 80, 25, 8080, 5432, 389, 22, 53};

    client->address = host(story, tuple >> 12);
    server->address = host(story, tuple >> 8 & 15);
    client->port = (uint16_t)(40000 + (tuple >> 3 & 31));
    server->port = ports[tuple & 7];
}

/* Of a number from where it is expected. */
static uint32_t read_distance(struct input *in)
{
    return (uint32_t)(int16_t)input_16(in);
}

static void read_numbers(struct fact_story *story, struct fact_pair *pair, enum diag_side from,
                         bool absolute, struct diag_segment *segment)
{
    struct input *in = &story->in;

    if (absolute) {
        segment->seq = input_32(in);
        segment->ack = input_32(in);
    } else {
        segment->seq = pair->next[from] + read_distance(in);
        segment->ack = pair->next[diag_peer(from)] + read_distance(in);
    }
}

static void read_ip(struct input *in, struct diag_segment *segment)
{
    uint8_t bits;

    segment->ttl = input_byte(in);
    segment->ip_id = input_16(in);
    bits = input_byte(in);
    segment->dont_fragment = bits & 1;
    segment->ecn = bits >> 1 & 3;
    segment->tunnel = bits >> 3 & 3;
    segment->dscp = input_byte(in) & 63;
    segment->vlan = input_byte(in);
}

static void read_options(struct input *in, struct diag_segment *segment)
{
    segment->options = input_16(in) & 0x3ff;
    segment->mss = input_16(in);
    segment->wscale = input_byte(in);
    segment->mptcp_reason = input_byte(in);
    segment->tsval = input_32(in);
    segment->tsecr = input_32(in);
    if (!(segment->options & DIAG_OPT_SACK))
        return;
    segment->sack_count = input_byte(in) % 5;
    for (uint8_t i = 0; i < segment->sack_count; i++) {
        segment->sack[i][0] = input_32(in);
        segment->sack[i][1] = input_32(in);
    }
}

static void read_payload(struct input *in, bool snapped, struct fact *fact)
{
    struct diag_segment *segment = &fact->segment;

    segment->data = keep_copy(fact, in, input_16(in), &segment->captured);
    segment->payload = segment->captured;
    if (snapped)
        segment->payload += input_16(in) % BIGGEST_CUT;
}

static enum diag_checksum read_checksum(const void *checksum)
{
    return *(const enum diag_checksum *)checksum;
}

static enum diag_checksum checksum_of(const void *fact)
{
    return ((const struct fact *)fact)->checksum;
}

static void read_more(struct input *in, struct fact *fact)
{
    struct diag_segment *segment = &fact->segment;
    static const enum diag_checksum checksum[4] = {DIAG_CHECKSUM_UNKNOWN, DIAG_CHECKSUM_RIGHT,
                                                   DIAG_CHECKSUM_WRONG, DIAG_CHECKSUM_PARTIAL};
    uint8_t bits = input_byte(in);

    segment->checksum = read_checksum;
    segment->packet = &checksum[bits >> 2 & 3];
    segment->cut = bits & IS_CUT;
    segment->opaque = bits & IS_OPAQUE;
    fact->checksum = bits >> CHECKSUM & 3;
    segment->checksum = checksum_of;
    segment->packet = fact;
    segment->decrypted = fact->decrypted;
    segment->decrypted_count = (bits >> 4) % FACT_DECRYPTED;
    for (uint8_t i = 0; i < segment->decrypted_count; i++) {
        struct diag_decrypted *record = &fact->decrypted[i];

        record->type = input_byte(in);
        record->data = keep_copy(fact, in, input_16(in), &record->length);
    }
}

static uint32_t stream_of(struct fact_story *story, struct fact_pair *pair, bool new)
{
    if (new || pair->stream == 0)
        pair->stream = ++story->streams;
    return pair->stream - 1;
}

static void read_segment(struct fact_story *story, uint8_t has, struct fact *fact)
{
    struct input *in = &story->in;
    struct diag_segment *segment = &fact->segment;
    uint16_t tuple = input_16(in);
    uint16_t flags = input_16(in);
    enum diag_side from = fact->kind == FACT_FROM_CLIENT ? DIAG_CLIENT : DIAG_SERVER;
    struct fact_pair *pair = pair_of(story, tuple);

    if (from == DIAG_CLIENT)
        set_endpoints(story, tuple, &segment->source, &segment->destination);
    else
        set_endpoints(story, tuple, &segment->destination, &segment->source);
    segment->frame = fact->frame;
    segment->time_ns = fact->time_ns;
    segment->stream = stream_of(story, pair, has & IS_NEW_STREAM);
    segment->flags = flags & 0x1ff;
    segment->ip_version = segment->source.address.length == 4 ? 4 : 6;
    segment->ttl = 64;
    read_numbers(story, pair, from, has & IS_ABSOLUTE, segment);
    segment->window = input_16(in);
    read_payload(in, flags & IS_SNAPPED, fact);
    if (has & HAS_IP)
        read_ip(in, segment);
    if (has & HAS_OPTIONS)
        read_options(in, segment);
    if (has & HAS_MORE)
        read_more(in, fact);
    pair->next[from] =
        segment->seq + segment->payload + !!(flags & DIAG_SYN) + !!(flags & DIAG_FIN);
}

static void read_icmp(struct fact_story *story, uint8_t has, struct fact *fact)
{
    struct input *in = &story->in;
    uint16_t tuple = input_16(in);
    uint8_t sender = input_byte(in);
    enum diag_side from = has & HAS_IP ? DIAG_SERVER : DIAG_CLIENT;
    struct diag_icmp *icmp = &fact->icmp;

    *icmp = (struct diag_icmp){.frame = fact->frame, .time_ns = fact->time_ns};
    if (from == DIAG_CLIENT)
        set_endpoints(story, tuple, &icmp->source, &icmp->destination);
    else
        set_endpoints(story, tuple, &icmp->destination, &icmp->source);
    icmp->sender = host(story, sender & 15);
    icmp->v6 = icmp->source.address.length == 16;
    icmp->type = input_byte(in);
    icmp->code = input_byte(in);
    icmp->mtu = input_16(in);
    icmp->seq =
        has & IS_ABSOLUTE ? input_32(in) : pair_of(story, tuple)->next[from] + read_distance(in);
}

static void read_name(struct fact_story *story, struct fact *fact)
{
    struct input *in = &story->in;
    uint16_t who = input_16(in);
    struct diag_name_message *name = &fact->name;
    struct diag_endpoint asker = {host(story, who >> 4 & 15), 40053};
    struct diag_endpoint asked = {host(story, who & 15), 53};
    bool answer = who >> 10 & 1;
    uint32_t captured;

    *name = (struct diag_name_message){.frame = fact->frame,
                                       .time_ns = fact->time_ns,
                                       .service = who >> 14 & 3,
                                       .source = answer ? asked : asker,
                                       .destination = answer ? asker : asked};
    name->data = keep_copy(fact, in, input_16(in), &captured);
    name->captured = captured;
}

static void read_arp(struct fact_story *story, struct fact *fact)
{
    struct input *in = &story->in;
    uint8_t sender = input_byte(in);
    uint8_t target = input_byte(in);

    fact->arp = (struct diag_arp){.frame = fact->frame,
                                  .time_ns = fact->time_ns,
                                  .reply = sender & 0x80,
                                  .sender = host(story, sender & 15),
                                  .target = host(story, target & 15)};
    fact->arp.sender_mac[0] = 2; /* one that nobody shares by design */
    fact->arp.sender_mac[5] = input_byte(in);
}

/* Names that are looked up hold addresses, and a story may be about both. */
static void read_host(struct fact_story *story, bool v6)
{
    struct diag_address *address = &story->host[input_byte(&story->in) % FACT_HOSTS];
    const uint8_t *bytes;
    size_t length = v6 ? 16 : 4;

    if (input_bytes(&story->in, length, &bytes) < length || address->length)
        return;
    address->length = (uint8_t)length;
    memcpy(address->bytes, bytes, length);
}

bool fact_next(struct fact_story *story, struct fact *fact)
{
    uint8_t has = input_byte(&story->in);

    if (story->in.left == 0)
        return false;
    *fact = (struct fact){.kind = has & 7, .frame = story->frame, .time_ns = story->time_ns};
    if (fact->kind == FACT_LOOK)
        return true;
    if (fact->kind == FACT_OTHER && (has & HAS_MORE)) {
        read_host(story, has & HAS_IP);
        return true;
    }
    read_time(story);
    fact->frame = story->frame;
    fact->time_ns = story->time_ns;
    if (fact->kind == FACT_FROM_CLIENT || fact->kind == FACT_FROM_SERVER)
        read_segment(story, has, fact);
    else if (fact->kind == FACT_ICMP)
        read_icmp(story, has, fact);
    else if (fact->kind == FACT_NAME)
        read_name(story, fact);
    else if (fact->kind == FACT_ARP)
        read_arp(story, fact);
    else if (fact->kind == FACT_DROPS)
        fact->drops = input_16(&story->in);
    return true;
}

void fact_free(struct fact *fact)
{
    while (fact->copies > 0)
        free(fact->copy[--fact->copies]);
}
