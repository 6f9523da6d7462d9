/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the name rules a story, one message a line. Times are milliseconds; hosts are the last byte
 * of 192.0.2.x. A query and its answer have the same id because they have the same name and type.
 */
#ifndef NAME_STORY_H
#define NAME_STORY_H

#include "dns_message.h"
#include "names/names.h"

#define MS INT64_C(1000000)
/* rcodes beside the real ones: no error, and these answers */
#define NODATA    0
#define ADDRESS   100
#define TRUNCATED 101

static struct diag_names *names;
static uint32_t frame;
static enum diag_name_service service;
static bool iterative;
static bool from_ipv6; /* clients have IPv6 addresses */
static struct diag_name_problem problem[8];
static size_t problems;

static inline struct diag_address host(unsigned last)
{
    return (struct diag_address){.length = 4, .bytes = {192, 0, 2, (uint8_t)last}};
}

static inline void start(void)
{
    struct diag_settings settings = {.name_delay = 1000};

    diag_names_free(names);
    names = diag_names_new(&settings);
    frame = 0;
    service = DIAG_DNS;
    iterative = false;
    from_ipv6 = false;
}

static inline unsigned id_of(const char *name, unsigned type)
{
    unsigned id = type;

    while (*name)
        id = id * 31 + (unsigned char)*name++;
    return id & 0xffff;
}

static inline void send_message(int64_t ms, struct diag_endpoint from, struct diag_endpoint to,
                                const struct dns_message *m)
{
    frame++;

    struct diag_name_message message = {.frame = frame,
                                        .time_ns = ms * MS,
                                        .service = service,
                                        .source = from,
                                        .destination = to,
                                        .data = m->data,
                                        .captured = m->size};

    diag_names_message(names, &message);
}

static inline struct diag_endpoint client_end(unsigned client)
{
    struct diag_address v6 = {.length = 16, .bytes = {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)client}};

    return (struct diag_endpoint){.address = from_ipv6 ? v6 : host(client), .port = 40000};
}

static inline struct diag_endpoint server_end(unsigned server)
{
    return (struct diag_endpoint){.address = host(server), .port = 53};
}

static inline void put_subject(struct dns_message *m, const char *name, unsigned type)
{
    if (service == DIAG_NBNS) {
        put_netbios_name(m, name, 0);
        put16(m, type);
        put16(m, 1);
    } else {
        put_question(m, name, type);
    }
}

static inline void ask_type(int64_t ms, unsigned client, unsigned server, const char *name,
                            unsigned type)
{
    struct dns_message m;

    put_header(&m, id_of(name, type), iterative ? 0 : 0x0100, 1, 0);
    put_subject(&m, name, type);
    send_message(ms, client_end(client), server_end(server), &m);
}

static inline void answer_type(int64_t ms, unsigned client, unsigned server, const char *name,
                               unsigned type, unsigned result)
{
    static const uint8_t address[16] = {198, 51, 100, 7};
    unsigned flags = iterative ? 0x8000 : 0x8180;
    struct dns_message m;

    if (result < ADDRESS)
        flags |= result;
    if (result == TRUNCATED)
        flags |= 0x0200;
    put_header(&m, id_of(name, type), flags, 1, result == ADDRESS);
    put_subject(&m, name, type);
    if (result == ADDRESS)
        put_answer(&m, type, address, type == 28 ? 16 : 4);
    send_message(ms, server_end(server), client_end(client), &m);
}

/* Client 1 asks server 53 for an IPv4 address. */
static inline void ask(int64_t ms, const char *name)
{
    ask_type(ms, 1, 53, name, 1);
}

static inline void answer(int64_t ms, const char *name, unsigned result)
{
    answer_type(ms, 1, 53, name, 1, result);
}

/* Asked and answered 20 ms later. */
static inline void try_name(int64_t ms, const char *name, unsigned result)
{
    ask(ms, name);
    answer(ms + 20, name, result);
}

static inline void note_problem(const struct diag_name_problem *found, void *context)
{
    (void)context;
    if (problems < sizeof problem / sizeof problem[0])
        problem[problems] = *found;
    problems++;
}

static inline size_t judge_at(int64_t ms)
{
    problems = 0;
    diag_names_judge(names, ms * MS, note_problem, NULL);
    return problems;
}

static inline size_t judge(void)
{
    return judge_at(100000);
}

#endif
