/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One expert item per finding, at the TCP or TLS item that it is about where that item is real (so
 * that Wireshark colours it), else at diag's own. Without a tree the expert item still reaches the
 * expert tap and the columns.
 */
#include "present.h"

#include "conversations.h"
#include "preferences.h"
#include "register.h"
#include "text.h"

static int proto = -1;
static int proto_tcp = -1;
static int proto_tls = -1;

void diag_add_text(proto_tree *tree, enum diag_field field, const char *text)
{
    if (text != NULL)
        proto_item_set_generated(proto_tree_add_string(tree, diag_field(field), NULL, 0, 0, text));
}

void diag_add_number(proto_tree *tree, enum diag_field field, uint32_t number)
{
    proto_item_set_generated(proto_tree_add_uint(tree, diag_field(field), NULL, 0, 0, number));
}

void diag_add_time(proto_tree *tree, int hf, int64_t ns)
{
    nstime_t time = {.secs = ns / 1000000000, .nsecs = (int)(ns % 1000000000)};

    if (ns != DIAG_UNKNOWN_NS)
        proto_item_set_generated(proto_tree_add_time(tree, hf, NULL, 0, 0, &time));
}

/* The item of a protocol among the frame's outermost items; for TCP that of this very header. A
 * faked item (nobody asked for it) is none. */
static proto_item *find_item(proto_tree *tree, int wanted, const struct diag_record *record)
{
    for (proto_node *node = tree->first_child; node != NULL; node = node->next) {
        const field_info *field = PNODE_FINFO(node);

        if (field == NULL || field->hfinfo->id != wanted)
            continue;
        if (wanted != proto_tcp || (field->start == tvb_raw_offset(record->tvb) &&
                                    field->ds_tvb == tvb_get_ds_tvb(record->tvb)))
            return node;
    }
    return NULL;
}

static bool belongs_to(packet_info *pinfo, const struct diag_record *record,
                       const struct diag_finding *finding)
{
    return finding->connection != NULL &&
           diag_stream_told(diag_capture_open()->engine, diag_stream_of(pinfo, record)) ==
               diag_connection_stream(finding->connection);
}

/* In a tunnel there are several TCP headers: the one of the finding's own connection. */
static const struct diag_record *record_of(packet_info *pinfo, const struct diag_finding *finding)
{
    const struct diag_record *found = NULL;
    unsigned count = 0;

    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next) {
        if (record->kind != DIAG_RECORD_TCP || record->quoted)
            continue;
        if (count++ == 0)
            found = record;
        else if (belongs_to(pinfo, record, finding))
            found = record;
    }
    return found;
}

static proto_item *place_of(packet_info *pinfo, proto_tree *tree, proto_item *own,
                            const struct diag_finding *finding)
{
    const struct diag_record *record = tree != NULL ? record_of(pinfo, finding) : NULL;
    proto_item *place = NULL;

    if (record == NULL)
        return own;
    if (diag_catalogue[finding->id].tls)
        place = find_item(tree, proto_tls, record);
    if (place == NULL)
        place = find_item(tree, proto_tcp, record);
    return place != NULL ? place : own;
}

static void add_expert_items(packet_info *pinfo, proto_tree *tree, proto_item *own,
                             const struct diag_shown_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct diag_shown *shown = &list->item[i];
        char summary[DIAG_TEXT_MAX];

        diag_render_summary(shown->finding, summary, sizeof summary);
        expert_add_info_format(pinfo, place_of(pinfo, tree, own, shown->finding),
                               diag_expert(shown->finding->id, diag_shown_severity(shown)), "%s",
                               summary);
    }
}

static void add_findings(proto_item *own, const struct diag_shown_list *list)
{
    char summary[DIAG_TEXT_MAX];
    proto_tree *tree;

    if (list->count == 0)
        return;
    tree = proto_item_add_subtree(own, diag_subtree(DIAG_TREE_ROOT));
    diag_render_summary(list->item[0].finding, summary, sizeof summary);
    proto_item_append_text(own, ": %s", summary);
    diag_add_text(tree, DIAG_FIELD_summary, summary);
    for (size_t i = 0; i < list->count; i++)
        diag_present_finding(tree, &list->item[i]);
}

static void append_to_info(packet_info *pinfo, const struct diag_shown_list *list)
{
    char summary[DIAG_TEXT_MAX];

    if (list->count == 0 || !diag_preferences_info_column())
        return;
    diag_render_summary(list->item[0].finding, summary, sizeof summary);
    col_append_fstr(pinfo->cinfo, COL_INFO, " [%s]", summary);
}

static bool carries_tcp(packet_info *pinfo)
{
    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next)
        if (record->kind == DIAG_RECORD_TCP && !record->quoted)
            return true;
    return false;
}

void diag_present(struct diag_capture *capture, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    struct diag_shown_list list = diag_shown_of_frame(capture, pinfo);
    bool bypassed = capture->bypassed == diag_capture_frame(capture, pinfo);
    bool wanted = tree != NULL && proto_field_is_referenced(tree, proto);
    bool facts = wanted && PINFO_FD_VISITED(pinfo) && carries_tcp(pinfo);
    bool reset = wanted && diag_shows_reset(capture, pinfo);
    bool loss = wanted && diag_shows_loss(capture, pinfo);

    if (list.count == 0 && !facts && !bypassed && !reset && !loss)
        return;
    proto_item *own = tree != NULL ? proto_tree_add_item(tree, proto, tvb, 0, 0, ENC_NA) : NULL;

    add_expert_items(pinfo, tree, own, &list);
    if (bypassed)
        expert_add_info(pinfo, own, diag_expert_bypassed());
    if (wanted)
        add_findings(own, &list);
    if (reset)
        diag_present_resets(capture, pinfo, own);
    if (loss)
        diag_present_losses(capture, pinfo, own);
    if (facts)
        diag_present_connections(capture, pinfo, own, list.count == 0);
    append_to_info(pinfo, &list);
}

void diag_present_register(int proto_diag)
{
    proto = proto_diag;
    proto_tcp = proto_get_id_by_filter_name("tcp");
    proto_tls = proto_get_id_by_filter_name("tls");
    diag_register_fields(proto_diag);
}
