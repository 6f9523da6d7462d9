/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of name services: "dns query name=www.example.com type=A", "nbns answer name=HOST a=…". */
#include "scenario.h"
#include "tls_bytes.h"

#include <string.h>

struct service {
    const char *name;
    enum diag_name_service service;
    uint16_t port;
    uint16_t client_port;
    const char *server; /* where a query goes by default */
};

static const struct service services[] = {
    {"dns", DIAG_DNS, 53, 40053, "10.0.0.53"},
    {"mdns", DIAG_MDNS, 5353, 5353, "224.0.0.251"},
    {"llmnr", DIAG_LLMNR, 5355, 40355, "224.0.0.252"},
    {"nbns", DIAG_NBNS, 137, 137, "10.0.0.255"},
};

/* What a line says about its message. */
struct message {
    bool answer;
    uint16_t type;
    const char *name;
    char **addresses;    /* of the answer */
    const char *pointer; /* the name that a PTR answer gives */
};

enum {
    TYPE_PTR = 12,
    TYPE_NB = 32,
    TYPE_NBSTAT = 33,
    CLASS_IN = 1,
    TTL = 60
};

static const struct service *service_of(const struct scn_line *line, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(services); i++)
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    scn_fail(line, "no name service is called \"%s\"", name);
}

static uint16_t type_of(const struct scn_line *line, const struct service *service,
                        const char *text)
{
    static const struct {
        const char *name;
        uint16_t type;
    } known[] = {{"A", 1},    {"PTR", TYPE_PTR}, {"TXT", 16},     {"AAAA", 28},
                 {"SRV", 33}, {"HTTPS", 65},     {"NB", TYPE_NB}, {"NBSTAT", TYPE_NBSTAT}};

    if (!text)
        return service->service == DIAG_NBNS ? TYPE_NB : 1;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].name, text) == 0)
            return known[i].type;
    return (uint16_t)scn_number(line, text, UINT16_MAX);
}

static void put_labels(const struct scn_line *line, GByteArray *bytes, const char *name)
{
    char **label = g_strsplit(name, ".", 0);

    for (char **at = label; *at; at++) {
        guint length = (guint)strlen(*at);

        if (length > 63)
            scn_fail(line, "the label %s is longer than 63 bytes", *at);
        if (!length)
            continue;
        scn_put(bytes, length, 1);
        g_byte_array_append(bytes, (const guint8 *)*at, length);
    }
    g_strfreev(label);
    scn_put(bytes, 0, 1);
}

/* RFC 1001 14.1: sixteen bytes as thirty-two letters; a host's names end in blanks, "*" in NULs. */
static void put_netbios(GByteArray *bytes, const char *name)
{
    size_t length = strlen(name);

    scn_put(bytes, 32, 1);
    for (size_t i = 0; i < 16; i++) {
        char pad = *name == '*' || i == 15 ? '\0' : ' ';
        unsigned byte = (guint8)(i < length && i < 15 ? g_ascii_toupper(name[i]) : pad);

        scn_put(bytes, 'A' + (byte >> 4), 1);
        scn_put(bytes, 'A' + (byte & 15), 1);
    }
    scn_put(bytes, 0, 1);
}

static void put_name(const struct scn_line *line, GByteArray *bytes, const struct service *service,
                     const char *name)
{
    if (service->service == DIAG_NBNS)
        put_netbios(bytes, name);
    else
        put_labels(line, bytes, name);
}

static guint begin_record(const struct scn_line *line, GByteArray *bytes,
                          const struct service *service, const char *name, uint16_t type)
{
    put_name(line, bytes, service, name);
    scn_put(bytes, type, 2);
    scn_put(bytes, CLASS_IN, 2);
    scn_put(bytes, TTL, 4);
    return scn_begin(bytes, 2);
}

static void put_address(const struct scn_line *line, GByteArray *bytes,
                        const struct service *service, const char *name, const char *text)
{
    struct diag_address address = scn_address(line, text);
    bool netbios = service->service == DIAG_NBNS;
    uint16_t type = address.length == 4 ? 1 : 28;
    guint record = begin_record(line, bytes, service, name, netbios ? TYPE_NB : type);

    if (netbios)
        scn_put(bytes, 0, 2); /* a unique name of a broadcasting node */
    g_byte_array_append(bytes, address.bytes, address.length);
    scn_end(bytes, record, 2);
}

static uint32_t answer_count(const struct message *message)
{
    return g_strv_length(message->addresses) + (message->pointer != NULL);
}

static void put_answers(const struct scn_line *line, GByteArray *bytes,
                        const struct service *service, const struct message *message)
{
    for (char **at = message->addresses; *at; at++)
        put_address(line, bytes, service, message->name, *at);
    if (!message->pointer)
        return;
    guint record = begin_record(line, bytes, service, message->name, TYPE_PTR);

    put_labels(line, bytes, message->pointer);
    scn_end(bytes, record, 2);
}

static void put_header(struct scn_line *line, GByteArray *bytes, const struct service *service,
                       const struct message *message)
{
    bool mdns = service->service == DIAG_MDNS;
    uint32_t id = scn_line_number(line, "id", UINT16_MAX, mdns ? 0 : 1);
    uint32_t rcode = scn_line_number(line, "rcode", 15, 0);
    uint32_t query_flags = service->service == DIAG_DNS ? 0x0100 : 0; /* recursion desired */
    bool question =
        !message->answer || service->service == DIAG_DNS || service->service == DIAG_LLMNR;

    scn_put(bytes, id, 2);
    scn_put(bytes, (message->answer ? 0x8000 : 0) | query_flags | rcode, 2);
    scn_put(bytes, question, 2);
    scn_put(bytes, answer_count(message), 2);
    scn_put(bytes, 0, 4);
    if (!question)
        return;
    put_name(line, bytes, service, message->name);
    scn_put(bytes, message->type, 2);
    scn_put(bytes, CLASS_IN, 2);
}

static struct message read_message(struct scn_line *line, const struct service *service)
{
    const char *kind = scn_line_at(line, 2);
    struct message message = {.answer = g_strcmp0(kind, "answer") == 0};
    const char *addresses = scn_line_value(line, "a");

    if (!message.answer && g_strcmp0(kind, "query") != 0)
        scn_fail(line, "\"query\" or \"answer\" must follow \"%s\"", service->name);
    message.name = scn_line_value(line, "name");
    if (!message.name)
        scn_fail(line, "name= is missing");
    message.type = type_of(line, service, scn_line_value(line, "type"));
    message.addresses = g_strsplit(addresses ? addresses : "", ",", 0);
    message.pointer = scn_line_value(line, "ptr");
    return message;
}

static struct diag_endpoint party(struct scn_line *line, const char *name, const char *otherwise,
                                  uint16_t port)
{
    const char *text = scn_line_value(line, name);

    return scn_endpoint_at(line, text ? text : otherwise, port);
}

void scn_name_line(struct scn_story *story, struct scn_line *line, const char *name)
{
    const struct service *service = service_of(line, name);
    struct message message = read_message(line, service);
    struct diag_endpoint client = party(line, "client", "10.0.0.1", service->client_port);
    struct diag_endpoint server = party(line, "server", service->server, service->port);
    struct scn_fact *fact = scn_story_fact(story, SCN_NAME);

    fact->payload = g_byte_array_new();
    put_header(line, fact->payload, service, &message);
    put_answers(line, fact->payload, service, &message);
    g_strfreev(message.addresses);
    fact->name = (struct diag_name_message){.frame = fact->frame,
                                            .time_ns = fact->time_ns,
                                            .service = service->service,
                                            .source = message.answer ? server : client,
                                            .destination = message.answer ? client : server,
                                            .data = fact->payload->data,
                                            .captured = fact->payload->len};
}
