/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a reset is: its class, its kind, and what it answers. Decided at its frame from the past, so
 * it is shown on every visit, the first included, and is the same on each.
 */
#include "present.h"

#include "conversations.h"
#include "register.h"
#include "text.h"

#define FLAGS_OFFSET 13

static bool is_reset(const struct diag_record *record)
{
    return record->kind == DIAG_RECORD_TCP && !record->quoted &&
           tvb_captured_length(record->tvb) > FLAGS_OFFSET &&
           (tvb_get_uint8(record->tvb, FLAGS_OFFSET) & DIAG_RST);
}

static const struct diag_reset *reset_of(struct diag_capture *capture, packet_info *pinfo,
                                         const struct diag_record *record)
{
    if (!is_reset(record))
        return NULL;
    return diag_reset_of_frame(capture->engine, diag_stream_of(pinfo, record),
                               diag_capture_frame(capture, pinfo));
}

bool diag_shows_reset(struct diag_capture *capture, packet_info *pinfo)
{
    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next)
        if (reset_of(capture, pinfo, record) != NULL)
            return true;
    return false;
}

static void add_double(proto_tree *tree, enum diag_field field, const struct diag_clue *clue,
                       int64_t value)
{
    double number = (double)value;

    if (value == DIAG_UNKNOWN_NS)
        return;
    if (diag_clue_unit(clue->kind) == DIAG_DURATION)
        number /= 1e9;
    proto_item_set_generated(proto_tree_add_double(tree, diag_field(field), NULL, 0, 0, number));
}

static void add_clue(proto_tree *tree, const struct diag_clue *clue, enum diag_side side)
{
    char text[DIAG_TEXT_MAX];
    proto_item *item;
    proto_tree *branch;

    diag_render_clue(clue, side, text, sizeof text);
    item = proto_tree_add_string(tree, diag_field(DIAG_FIELD_injection), NULL, 0, 0, text);
    proto_item_set_generated(item);
    branch = proto_item_add_subtree(item, diag_subtree(DIAG_TREE_CLUE));
    diag_add_text(branch, DIAG_FIELD_injection_kind, diag_clue_name(clue->kind));
    if (diag_clue_is_strong(clue->kind)) /* so that !diag.injection.strong works */
        proto_item_set_generated(proto_tree_add_boolean(
            branch, diag_field(DIAG_FIELD_injection_strong), NULL, 0, 0, true));
    if (clue->reference != 0)
        diag_add_number(branch, DIAG_FIELD_injection_frame, clue->reference);
    add_double(branch, DIAG_FIELD_injection_seen, clue, clue->seen);
    add_double(branch, DIAG_FIELD_injection_usual, clue, clue->usual);
}

static void add_reset(proto_tree *tree, const struct diag_reset *reset)
{
    if (reset->class < DIAG_ID_COUNT)
        diag_add_text(tree, DIAG_FIELD_rst_class, diag_catalogue[reset->class].slug);
    diag_add_text(tree, DIAG_FIELD_rst_kind, diag_reset_kind_name(reset->kind));
    if (reset->answers != 0)
        diag_add_number(tree, DIAG_FIELD_rst_answers, reset->answers);
    if (reset->repeat) /* so that !diag.rst.repeat works */
        proto_item_set_generated(
            proto_tree_add_boolean(tree, diag_field(DIAG_FIELD_rst_repeat), NULL, 0, 0, true));
    for (unsigned i = 0; i < reset->clue_count; i++)
        add_clue(tree, &reset->clues[i], reset->side);
}

void diag_present_resets(struct diag_capture *capture, packet_info *pinfo, proto_item *own)
{
    proto_tree *tree = proto_item_add_subtree(own, diag_subtree(DIAG_TREE_ROOT));
    const struct diag_reset *last = NULL;

    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next) {
        const struct diag_reset *reset = reset_of(capture, pinfo, record);

        if (reset != NULL && reset != last)
            add_reset(tree, reset);
        last = reset != NULL ? reset : last;
    }
}
