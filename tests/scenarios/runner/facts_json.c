/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings, then the facts, as JSON, one a line: what pcap.py makes frames of. */
#include "scenario.h"

static void put_bytes(GString *out, const char *name, const uint8_t *bytes, size_t size)
{
    scn_json_key(out, name);
    g_string_append_c(out, '"');
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(out, "%02x", bytes[i]);
    g_string_append_c(out, '"');
}

static void put_sack(GString *out, const struct diag_segment *segment)
{
    scn_json_key(out, "sack");
    g_string_append_c(out, '[');
    for (size_t i = 0; i < segment->sack_count; i++)
        g_string_append_printf(out, "%s[%u,%u]", i ? "," : "", segment->sack[i][0],
                               segment->sack[i][1]);
    g_string_append_c(out, ']');
}

static void put_options(GString *out, const struct diag_segment *segment)
{
    scn_json_key(out, "options");
    g_string_append_c(out, '{');
    if (segment->options & DIAG_OPT_MSS)
        scn_json_number(out, "mss", segment->mss);
    if (segment->options & DIAG_OPT_WSCALE)
        scn_json_number(out, "ws", segment->wscale);
    if (segment->options & DIAG_OPT_SACK_PERMITTED)
        scn_json_number(out, "sackok", 1);
    if (segment->options & DIAG_OPT_TIMESTAMPS) {
        scn_json_key(out, "ts");
        g_string_append_printf(out, "[%u,%u]", segment->tsval, segment->tsecr);
    }
    if (segment->options & DIAG_OPT_MPTCP_JOIN)
        scn_json_text(out, "mptcp", "join");
    if (segment->options & DIAG_OPT_MPTCP_RESET)
        scn_json_number(out, "mptcp", segment->mptcp_reason);
    if (segment->options & DIAG_OPT_SACK)
        put_sack(out, segment);
    g_string_append_c(out, '}');
}

static void put_segment(GString *out, const struct diag_segment *segment)
{
    scn_json_endpoint(out, "source", &segment->source);
    scn_json_endpoint(out, "destination", &segment->destination);
    scn_json_number(out, "stream", segment->stream);
    scn_json_number(out, "flags", segment->flags);
    scn_json_number(out, "seq", segment->seq);
    scn_json_number(out, "ack", segment->ack);
    scn_json_number(out, "window", segment->window);
    scn_json_number(out, "captured", segment->captured);
    scn_json_number(out, "ttl", segment->ttl);
    scn_json_number(out, "ip_id", segment->ip_id);
    scn_json_number(out, "df", segment->dont_fragment);
    scn_json_number(out, "tos", (unsigned)segment->dscp << 2 | segment->ecn);
    scn_json_number(out, "vlan", segment->vlan);
    scn_json_number(out, "tunnel", segment->tunnel);
    scn_json_number(out, "cut", segment->cut);
    scn_json_number(out, "decrypted", segment->decrypted_count);
    put_options(out, segment);
    put_bytes(out, "data", segment->data, segment->payload);
}

static void put_icmp(GString *out, const struct diag_icmp *icmp)
{
    scn_json_address(out, "sender", &icmp->sender);
    scn_json_number(out, "v6", icmp->v6);
    scn_json_number(out, "type", icmp->type);
    scn_json_number(out, "code", icmp->code);
    scn_json_number(out, "mtu", icmp->mtu);
    scn_json_endpoint(out, "source", &icmp->source);
    scn_json_endpoint(out, "destination", &icmp->destination);
    scn_json_number(out, "seq", icmp->seq);
}

static void put_arp(GString *out, const struct diag_arp *arp)
{
    scn_json_number(out, "reply", arp->reply);
    scn_json_address(out, "sender", &arp->sender);
    scn_json_address(out, "target", &arp->target);
    put_bytes(out, "mac", arp->sender_mac, sizeof arp->sender_mac);
}

static void put_name(GString *out, const struct diag_name_message *name)
{
    scn_json_endpoint(out, "source", &name->source);
    scn_json_endpoint(out, "destination", &name->destination);
    put_bytes(out, "data", name->data, name->captured);
}

static void put_fact(GString *out, const struct scn_fact *fact)
{
    static const char *const kind[] = {"segment", "icmp", "name", "arp", "other"};

    g_string_append_c(out, '{');
    scn_json_text(out, "kind", kind[fact->kind]);
    scn_json_number(out, "frame", fact->frame);
    scn_json_number(out, "time_ns", (uint64_t)fact->time_ns);
    scn_json_number(out, "drops", fact->drops);
    if (fact->kind == SCN_SEGMENT) {
        put_segment(out, &fact->segment);
        scn_json_number(out, "checksum", fact->checksum);
    } else if (fact->kind == SCN_ICMP)
        put_icmp(out, &fact->icmp);
    else if (fact->kind == SCN_NAME)
        put_name(out, &fact->name);
    else if (fact->kind == SCN_ARP)
        put_arp(out, &fact->arp);
    g_string_append(out, "}\n");
}

/* For tshark's preferences of the same names. */
static void put_settings(GString *out, const struct diag_settings *settings)
{
    g_string_append_c(out, '{');
    scn_json_text(out, "kind", "settings");
#define SETTING(name, unit, value, low, high, help) scn_json_number(out, #name, settings->name);
#include "settings.def"
#undef SETTING
    g_string_append(out, "}\n");
}

void scn_print_facts(const struct scn_story *story, GString *out)
{
    put_settings(out, &story->settings);
    for (guint i = 0; i < story->facts->len; i++)
        put_fact(out, g_ptr_array_index(story->facts, i));
}
