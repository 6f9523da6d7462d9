/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of ICMP errors and of ARP (or, with IPv6 addresses, neighbour discovery). */
#include "scenario.h"

#include <string.h>

/* Quotes the last captured segment of a side, the client's unless "of=S". */
void scn_icmp_line(struct scn_story *story, struct scn_line *line, unsigned number)
{
    const struct scn_connection *connection = scn_story_connection(story, line, number);
    const char *side = scn_line_value(line, "of");
    const char *from = scn_line_value(line, "from");
    bool server = g_strcmp0(side, "S") == 0;
    const struct scn_fact *quoted = connection->now.half[server ? DIAG_SERVER : DIAG_CLIENT].newest;

    if (!quoted || !from)
        scn_fail(line, "an ICMP error needs from= and a segment to quote");
    struct scn_fact *fact = scn_story_fact(story, SCN_ICMP);

    fact->icmp = (struct diag_icmp){
        .frame = fact->frame,
        .time_ns = fact->time_ns,
        .sender = scn_address(line, from),
        .v6 = quoted->segment.ip_version == 6,
        .type = (uint8_t)scn_line_number(line, "type", UINT8_MAX, 3),
        .code = (uint8_t)scn_line_number(line, "code", UINT8_MAX, 1),
        .mtu = scn_line_number(line, "mtu", UINT16_MAX, 0),
        .source = quoted->segment.source,
        .destination = quoted->segment.destination,
        .seq = quoted->segment.seq,
    };
}

/* A locally administered MAC from the address, so that each host has its own. */
static void set_mac(struct scn_line *line, struct diag_arp *arp)
{
    const char *text = scn_line_value(line, "mac");
    const uint8_t *tail = arp->sender.bytes + arp->sender.length - 4;

    arp->sender_mac[0] = 2;
    memcpy(arp->sender_mac + 2, tail, 4);
    if (!text)
        return;
    GByteArray *mac = scn_hex(line, text);

    if (mac->len != sizeof arp->sender_mac)
        scn_fail(line, "mac=%s is not six bytes", text);
    memcpy(arp->sender_mac, mac->data, sizeof arp->sender_mac);
    g_byte_array_unref(mac);
}

void scn_arp_line(struct scn_story *story, struct scn_line *line)
{
    const char *kind = scn_line_at(line, 2);
    const char *from = scn_line_value(line, "from");
    const char *target = scn_line_value(line, "for");
    bool reply = g_strcmp0(kind, "reply") == 0;

    if ((!reply && g_strcmp0(kind, "request") != 0) || !from || !target)
        scn_fail(line, "arp request|reply from=address for=address");
    struct scn_fact *fact = scn_story_fact(story, SCN_ARP);

    fact->arp = (struct diag_arp){.frame = fact->frame,
                                  .time_ns = fact->time_ns,
                                  .reply = reply,
                                  .sender = scn_address(line, from),
                                  .target = scn_address(line, target)};
    set_mac(line, &fact->arp);
}
