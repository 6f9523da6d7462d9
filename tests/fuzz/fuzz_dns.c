/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any sequence of name service messages must be read within bounds, and the books kept of them must
 * stay sound. Input: messages, each behind 4 bytes (length, service and direction, time, hosts).
 */
#include "names/dns.h"
#include "input.h"
#include "names/names.h"

#include <string.h>

#define HEAD 4

static void check_reader(const uint8_t *data, size_t size, enum diag_name_service service)
{
    struct diag_dns out;

    if (!diag_dns_read(data, size, service, &out))
        return;
    demand(memchr(out.qname, '\0', sizeof out.qname) != NULL);
    demand(out.address_count <= DIAG_DNS_ADDRESSES);
    for (size_t i = 0; i < out.address_count; i++)
        demand(out.address[i].length == 4 || out.address[i].length == 16);
    demand(!out.reverse || service == DIAG_NBNS || out.looked_up.length > 0);
}

static struct diag_endpoint end_of(unsigned last, uint16_t port)
{
    return (struct diag_endpoint){
        .address = {.length = 4, .bytes = {192, 0, 2, (uint8_t)last}},
        .port = port,
    };
}

static void check_problem(const struct diag_name_problem *problem, void *context)
{
    const struct diag_name_message *last = context;

    demand(problem->frame >= 1 && problem->frame <= last->frame);
    demand(problem->query_frame <= problem->frame);
    demand(problem->attempts > 0 && strlen(problem->qname) < DIAG_DNS_NAME_SIZE);
    demand(problem->unanswered == (problem->cause == DIAG_CAUSE_none));
}

static void ask_books(struct diag_names *names, const struct diag_name_message *message)
{
    const struct diag_address *a = &message->source.address;
    const struct diag_address *b = &message->destination.address;
    struct diag_name_delay delay;
    struct diag_name_origin origin;

    if (diag_names_connecting(names, a, b, message->time_ns, &delay))
        demand(delay.queries > 0 && delay.first_query <= delay.last_query && delay.qname[0]);
    diag_names_server_spoke(names, a, b, message->time_ns / 2, message->time_ns, &delay);
    if (diag_names_origin(names, a, b, &origin))
        demand(origin.answer_frame <= message->frame && origin.qname[0]);
}

static void feed(struct diag_names *names, const uint8_t *head, const uint8_t *data, size_t size,
                 struct diag_name_message *message)
{
    message->frame++;
    message->time_ns += (int64_t)head[2] * 50000000 - (head[2] == 255 ? INT64_C(1) << 40 : 0);
    message->service = head[1] & 3;
    message->source = end_of(head[3] & 7, head[1] >> 4);
    message->destination = end_of(head[3] >> 4 & 7, head[1] >> 4);
    message->data = data;
    message->captured = size;
    check_reader(data, size, message->service);
    diag_names_message(names, message);
    if (head[1] & 4)
        ask_books(names, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag_settings settings = {.name_delay = 1000};
    struct diag_names *names = diag_names_new(&settings);
    struct diag_name_message message = {.frame = 0};

    while (size > HEAD) {
        const uint8_t *head = data;
        size_t length = head[0];

        data += HEAD;
        size -= HEAD;
        if (length > size)
            length = size;
        feed(names, head, data, length, &message);
        data += length;
        size -= length;
    }
    diag_names_judge(names, message.time_ns, check_problem, &message);
    diag_names_free(names);
    return 0;
}
