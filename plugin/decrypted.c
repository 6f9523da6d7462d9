/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what Wireshark's TLS dissector keeps of a frame for its own later use: the records that it
 * could decrypt, in the order of the wire. It keeps them without a tree and on the first pass.
 */
#include "decrypted.h"

#include <epan/dissectors/packet-tls-utils.h>
#include <epan/proto_data.h>

/* More records in one frame are possible only with empty ones. */
#define MOST_RECORDS 64

static const SslRecordInfo *records_of(packet_info *pinfo, int proto_tls)
{
    for (uint32_t layer = 0; layer < DIAG_TLS_LAYERS; layer++) {
        const SslPacketInfo *info = p_get_proto_data(wmem_file_scope(), pinfo, proto_tls, layer);

        if (info != NULL && info->records != NULL)
            return info->records;
    }
    return NULL;
}

void diag_add_decrypted(packet_info *pinfo, struct diag_segment *segment)
{
    static int proto_tls = -1;
    struct diag_decrypted *list;
    uint8_t count = 0;

    if (proto_tls == -1)
        proto_tls = proto_get_id_by_filter_name("tls");
    const SslRecordInfo *record = records_of(pinfo, proto_tls);

    if (record == NULL)
        return;
    list = wmem_alloc_array(pinfo->pool, struct diag_decrypted, MOST_RECORDS);
    for (; record != NULL && count < MOST_RECORDS; record = record->next)
        list[count++] = (struct diag_decrypted){.type = (uint8_t)record->type,
                                                .length = (uint32_t)record->data_len,
                                                .data = record->plain_data};
    segment->decrypted = list;
    segment->decrypted_count = count;
}
