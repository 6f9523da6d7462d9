/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts as JSON, one a line: what pcap.py makes frames of. */
#include "scenario.h"

#include <inttypes.h>

void scn_json_string(GString *out, const char *text)
{
    if (!text) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == '"' || c == '\\')
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

void scn_json_address(GString *out, const struct diag_address *address)
{
    char text[64];

    diag_render_address(address, text, sizeof text);
    scn_json_string(out, text);
}

static void put_number(GString *out, const char *name, uint64_t number)
{
    g_string_append_printf(out, ",\"%s\":%" PRIu64, name, number);
}

static void put_endpoint(GString *out, const char *name, const struct diag_endpoint *endpoint)
{
    g_string_append_printf(out, ",\"%s\":[", name);
    scn_json_address(out, &endpoint->address);
    g_string_append_printf(out, ",%u]", endpoint->port);
}

static void put_bytes(GString *out, const char *name, const uint8_t *bytes, size_t size)
{
    g_string_append_printf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(out, "%02x", bytes[i]);
    g_string_append_c(out, '"');
}

static void put_options(GString *out, const struct diag_segment *segment)
{
    g_string_append(out, ",\"options\":{\"known\":true");
    if (segment->options & DIAG_OPT_MSS)
        put_number(out, "mss", segment->mss);
    if (segment->options & DIAG_OPT_WSCALE)
        put_number(out, "ws", segment->wscale);
    if (segment->options & DIAG_OPT_SACK_PERMITTED)
        put_number(out, "sackok", 1);
    if (segment->options & DIAG_OPT_TIMESTAMPS)
        g_string_append_printf(out, ",\"ts\":[%u,%u]", segment->tsval, segment->tsecr);
    if (segment->options & DIAG_OPT_SACK) {
        g_string_append(out, ",\"sack\":[");
        for (size_t i = 0; i < segment->sack_count; i++)
            g_string_append_printf(out, "%s[%u,%u]", i ? "," : "", segment->sack[i][0],
                                   segment->sack[i][1]);
        g_string_append_c(out, ']');
    }
    g_string_append_c(out, '}');
}

static void put_segment(GString *out, const struct diag_segment *segment)
{
    put_endpoint(out, "source", &segment->source);
    put_endpoint(out, "destination", &segment->destination);
    put_number(out, "stream", segment->stream);
    put_number(out, "flags", segment->flags);
    put_number(out, "seq", segment->seq);
    put_number(out, "ack", segment->ack);
    put_number(out, "window", segment->window);
    put_number(out, "captured", segment->captured);
    put_number(out, "ttl", segment->ttl);
    put_number(out, "ip_id", segment->ip_id);
    put_number(out, "df", segment->dont_fragment);
    put_number(out, "tos", (unsigned)segment->dscp << 2 | segment->ecn);
    put_number(out, "vlan", segment->vlan);
    put_number(out, "tunnel", segment->tunnel);
    put_number(out, "cut", segment->cut);
    put_options(out, segment);
    put_bytes(out, "data", segment->data, segment->payload);
}

static void put_icmp(GString *out, const struct diag_icmp *icmp)
{
    g_string_append(out, ",\"sender\":");
    scn_json_address(out, &icmp->sender);
    put_number(out, "v6", icmp->v6);
    put_number(out, "type", icmp->type);
    put_number(out, "code", icmp->code);
    put_number(out, "mtu", icmp->mtu);
    put_endpoint(out, "source", &icmp->source);
    put_endpoint(out, "destination", &icmp->destination);
    put_number(out, "seq", icmp->seq);
}

static void put_arp(GString *out, const struct diag_arp *arp)
{
    put_number(out, "reply", arp->reply);
    g_string_append(out, ",\"sender\":");
    scn_json_address(out, &arp->sender);
    g_string_append(out, ",\"target\":");
    scn_json_address(out, &arp->target);
    put_bytes(out, "mac", arp->sender_mac, sizeof arp->sender_mac);
}

static void put_name(GString *out, const struct diag_name_message *name)
{
    put_endpoint(out, "source", &name->source);
    put_endpoint(out, "destination", &name->destination);
    put_bytes(out, "data", name->data, name->captured);
}

static void put_fact(GString *out, const struct scn_fact *fact)
{
    static const char *const kind[] = {"segment", "icmp", "name", "arp", "other"};

    g_string_append_printf(out, "{\"kind\":\"%s\"", kind[fact->kind]);
    put_number(out, "frame", fact->frame);
    put_number(out, "time_ns", (uint64_t)fact->time_ns);
    if (fact->kind == SCN_SEGMENT)
        put_segment(out, &fact->segment);
    else if (fact->kind == SCN_ICMP)
        put_icmp(out, &fact->icmp);
    else if (fact->kind == SCN_NAME)
        put_name(out, &fact->name);
    else if (fact->kind == SCN_ARP)
        put_arp(out, &fact->arp);
    g_string_append(out, "}\n");
}

void scn_print_facts(const struct scn_story *story, GString *out)
{
    for (guint i = 0; i < story->facts->len; i++)
        put_fact(out, g_ptr_array_index(story->facts, i));
}
