/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One finding in diag's tree: what, who, how sure, why, what to do, and the frames that prove it.
 */
#include "present.h"

#include "register.h"
#include "text.h"

/* Columns of a line of text in the details. */
#define LINE 100

static void add_value(proto_tree *tree, const struct diag_finding *finding, size_t i)
{
    const struct diag_value_spec *spec = &diag_catalogue[finding->id].values[i];
    int hf = diag_value_field(finding->id, i);
    int64_t value = finding->value[i];
    proto_item *item = NULL;
    char text[DIAG_TEXT_MAX];

    if (spec->unit == DIAG_DURATION) {
        diag_add_time(tree, hf, value);
    } else if (spec->unit == DIAG_TEXT && finding->text != NULL) {
        diag_escape(finding->text, text, sizeof text);
        item = proto_tree_add_string(tree, hf, NULL, 0, 0, text);
    } else if (spec->unit == DIAG_FRAME && value != 0) {
        item = proto_tree_add_uint(tree, hf, NULL, 0, 0, (uint32_t)value);
    } else if (spec->unit == DIAG_ALERT) {
        item = proto_tree_add_uint64_format_value(tree, hf, NULL, 0, 0, (uint64_t)value, "%s (%u)",
                                                  diag_alert_name((uint8_t)value),
                                                  (unsigned)(uint8_t)value);
    } else if (spec->unit == DIAG_ICMP) {
        item = proto_tree_add_uint64_format_value(tree, hf, NULL, 0, 0, (uint64_t)value,
                                                  "type %u code %u", (unsigned)(value >> 8 & 0xff),
                                                  (unsigned)(value & 0xff));
    } else if (spec->unit != DIAG_TEXT && spec->unit != DIAG_FRAME) {
        item = proto_tree_add_uint64(tree, hf, NULL, 0, 0, (uint64_t)value);
    }
    proto_item_set_generated(item);
}

static void add_values(proto_tree *tree, const struct diag_finding *finding)
{
    const struct diag_value_spec *values = diag_catalogue[finding->id].values;

    for (size_t i = 0; i < DIAG_MAX_VALUES && values[i].name != NULL; i++)
        add_value(tree, finding, i);
}

static void add_evidence(proto_tree *tree, const struct diag_finding *finding)
{
    for (size_t i = 0; i < finding->evidence_count; i++) {
        const struct diag_evidence *evidence = &finding->evidence[i];

        enum diag_side sender = diag_capture_sender(diag_capture_open(), evidence->frame);

        proto_item_set_generated(proto_tree_add_uint_format_value(
            tree, diag_field(DIAG_FIELD_evidence), NULL, 0, 0, evidence->frame, "%u (%s%s%s)",
            evidence->frame, diag_role_name(evidence->role),
            sender != DIAG_NO_SIDE ? ", from the " : "",
            sender != DIAG_NO_SIDE ? diag_side_name(sender) : ""));
    }
}

/* Wireshark cuts a line of the details after 240 bytes. The item holds the whole text, its label
 * the first line of it; the other lines follow. */
static void add_rendered(proto_tree *tree, enum diag_field field, const char *title,
                         diag_renderer *render, const struct diag_finding *finding)
{
    char text[DIAG_TEXT_MAX];
    const char *rest = text;
    size_t length;

    render(finding, text, sizeof text);
    length = diag_line_length(rest, LINE);
    proto_item_set_generated(proto_tree_add_string_format(tree, diag_field(field), NULL, 0, 0, text,
                                                          "%s: %.*s", title, (int)length, rest));
    for (rest += length; *rest == ' '; rest += length) {
        rest++;
        length = diag_line_length(rest, LINE);
        proto_item_set_generated(proto_tree_add_none_format(tree, diag_field(DIAG_FIELD_more), NULL,
                                                            0, 0, "    %.*s", (int)length, rest));
    }
}

static void add_judgement(proto_tree *tree, const struct diag_judged *judged)
{
    if (judged == NULL)
        return;
    diag_add_number(tree, DIAG_FIELD_effective, judged->effective);
    if (judged->explained)
        diag_add_text(tree, DIAG_FIELD_explained_by, diag_catalogue[judged->explained_by].slug);
}

static void add_assessment(proto_tree *tree, const struct diag_finding *finding,
                           enum diag_severity severity)
{
    const struct diag_diagnosis *diagnosis = &diag_catalogue[finding->id];
    char blame[64];

    diag_render_blame(finding->blame, blame, sizeof blame);
    diag_add_number(tree, DIAG_FIELD_severity, severity);
    diag_add_text(tree, DIAG_FIELD_stage, diag_stage_name(diagnosis->stage));
    diag_add_text(tree, DIAG_FIELD_cause, diag_cause_name(finding->cause));
    diag_add_text(tree, DIAG_FIELD_blame, blame);
    diag_add_text(tree, DIAG_FIELD_layer, diag_layer_name(finding->layer));
    diag_add_text(tree, DIAG_FIELD_confidence, diag_confidence_name(finding->confidence));
    /* In a display filter a bare name asks whether the field is there, so that !diag.benign works
     * only if it is there when it is true. */
    if (finding->benign)
        proto_item_set_generated(
            proto_tree_add_boolean(tree, diag_field(DIAG_FIELD_benign), NULL, 0, 0, true));
}

void diag_present_finding(proto_tree *tree, const struct diag_shown *shown)
{
    const struct diag_finding *finding = shown->finding;
    const struct diag_diagnosis *diagnosis = &diag_catalogue[finding->id];
    char summary[DIAG_TEXT_MAX];
    proto_item *item;
    proto_tree *branch;

    diag_render_summary(finding, summary, sizeof summary);
    item =
        proto_tree_add_string_format(tree, diag_field(DIAG_FIELD_id), NULL, 0, 0, diagnosis->slug,
                                     "%s: %s (%s)", diagnosis->title, summary, diagnosis->slug);
    proto_item_set_generated(item);
    branch = proto_item_add_subtree(item, diag_subtree(DIAG_TREE_FINDING));
    add_assessment(branch, finding, diag_shown_severity(shown));
    add_judgement(branch, shown->judged);
    add_rendered(branch, DIAG_FIELD_explanation, "Explanation", diag_render_explanation, finding);
    add_rendered(branch, DIAG_FIELD_next_step, "Next step", diag_render_next_step, finding);
    diag_add_text(branch, DIAG_FIELD_reference, diagnosis->reference);
    add_values(branch, finding);
    add_evidence(branch, finding);
}
