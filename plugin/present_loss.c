/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a gap or a segment sent again tells of a loss. What its own frame decided is shown on every
 * visit and stays; what later frames told is added when the frame is visited again.
 */
#include "present.h"

#include "conversations.h"
#include "register.h"

static const struct diag_loss *loss_of(struct diag_capture *capture, packet_info *pinfo,
                                       const struct diag_record *record)
{
    uint32_t frame = diag_capture_frame(capture, pinfo);
    const struct diag_loss *loss;

    if (record->kind != DIAG_RECORD_TCP || record->quoted)
        return NULL;
    loss = diag_loss_of_frame(capture->engine, diag_stream_of(pinfo, record), frame);
    return loss != NULL && (loss->decided == frame || PINFO_FD_VISITED(pinfo)) ? loss : NULL;
}

bool diag_shows_loss(struct diag_capture *capture, packet_info *pinfo)
{
    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next)
        if (loss_of(capture, pinfo, record) != NULL)
            return true;
    return false;
}

static void add_loss(proto_tree *tree, packet_info *pinfo, const struct diag_loss *loss)
{
    const char *kind = diag_loss_kind_name(loss->kind);
    proto_item *item =
        proto_tree_add_string(tree, diag_field(DIAG_FIELD_loss_kind), NULL, 0, 0, kind);
    proto_tree *branch = proto_item_add_subtree(item, diag_subtree(DIAG_TREE_LOSS));

    proto_item_set_generated(item);
    diag_add_text(branch, DIAG_FIELD_loss_where, diag_loss_where_name(loss->where));
    diag_add_number(branch, DIAG_FIELD_loss_bytes, loss->bytes);
    if (!loss->gap && loss->before != 0)
        diag_add_number(branch, DIAG_FIELD_loss_copy, loss->before);
    if (loss->gap && loss->decided != 0)
        diag_add_number(branch, DIAG_FIELD_loss_decided, loss->decided);
    if (loss->needless && PINFO_FD_VISITED(pinfo)) /* so that !diag.loss.needless works */
        proto_item_set_generated(
            proto_tree_add_boolean(branch, diag_field(DIAG_FIELD_loss_needless), NULL, 0, 0, true));
}

void diag_present_losses(struct diag_capture *capture, packet_info *pinfo, proto_item *own)
{
    proto_tree *tree = proto_item_add_subtree(own, diag_subtree(DIAG_TREE_ROOT));
    const struct diag_loss *last = NULL;

    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next) {
        const struct diag_loss *loss = loss_of(capture, pinfo, record);

        if (loss != NULL && loss != last)
            add_loss(tree, pinfo, loss);
        last = loss != NULL ? loss : last;
    }
}
