/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the whole capture says about the connection of a frame. Only on frames that are visited
 * again: while the capture is read for the first time, nobody knows it yet.
 */
#include "present.h"

#include "conversations.h"
#include "register.h"
#include "text.h"
#include "tls_names.h"

static void add_verdict(proto_tree *tree, const struct diag_view *view)
{
    char summary[DIAG_TEXT_MAX];

    if (view->verdict != NULL) {
        diag_render_summary(view->verdict->finding, summary, sizeof summary);
        diag_add_text(tree, DIAG_FIELD_conn_verdict,
                      diag_catalogue[view->verdict->finding->id].slug);
        diag_add_text(tree, DIAG_FIELD_conn_summary, summary);
    }
    diag_add_number(tree, DIAG_FIELD_conn_attempts, view->attempts);
    if (view->attempt != 0)
        diag_add_number(tree, DIAG_FIELD_conn_attempt, view->attempt);
    if (view->success != 0)
        diag_add_number(tree, DIAG_FIELD_conn_success, view->success);
    if (view->closer != DIAG_NO_SIDE)
        diag_add_text(tree, DIAG_FIELD_conn_closer, diag_side_name(view->closer));
    for (unsigned i = 0; i < DIAG_RULED_OUT_COUNT; i++)
        if (view->ruled_out & 1U << i)
            diag_add_text(tree, DIAG_FIELD_ruled_out, diag_ruled_out_text((enum diag_ruled_out)i));
}

static void add_number_name(proto_tree *tree, enum diag_field id, enum diag_tls_number kind,
                            uint16_t value)
{
    char text[DIAG_TEXT_MAX];

    if (value == 0)
        return;
    diag_tls_number_text(kind, value, text, sizeof text);
    diag_add_text(tree, id, text);
}

static void add_raw_text(proto_tree *tree, enum diag_field id, const char *raw)
{
    char safe[DIAG_TEXT_MAX];

    if (raw == NULL)
        return;
    diag_escape(raw, safe, sizeof safe);
    diag_add_text(tree, id, safe);
}

static void add_tls_offer(proto_tree *tree, const struct diag_view *view)
{
    if (!view->tls_has_offer)
        return;
    if (view->tls_offered_min != view->tls_offered_max)
        add_number_name(tree, DIAG_FIELD_tls_offer_ver, DIAG_TLS_NUMBER_VERSION,
                        view->tls_offered_min);
    add_number_name(tree, DIAG_FIELD_tls_offer_ver, DIAG_TLS_NUMBER_VERSION, view->tls_offered_max);
    diag_add_number(tree, DIAG_FIELD_tls_offer_num, view->tls_offered_ciphers);
    for (size_t i = 0; i < view->tls_offered_group_count; i++)
        add_number_name(tree, DIAG_FIELD_tls_offer_grp, DIAG_TLS_NUMBER_GROUP,
                        view->tls_offered_groups[i]);
    add_raw_text(tree, DIAG_FIELD_tls_offer_alpn, view->tls_offered_alpn);
}

static void add_tls_facts(proto_tree *tree, const struct diag_view *view)
{
    if (view->tls_history == NULL)
        return;
    diag_add_text(tree, DIAG_FIELD_tls_history, view->tls_history);
    diag_add_text(tree, DIAG_FIELD_tls_waiting, view->tls_waiting_for);
    diag_add_time(tree, diag_field(DIAG_FIELD_tls_waited), view->tls_waited_ns);
    add_raw_text(tree, DIAG_FIELD_tls_server, view->tls_server_name);
    add_tls_offer(tree, view);
    add_number_name(tree, DIAG_FIELD_tls_version, DIAG_TLS_NUMBER_VERSION, view->tls_version);
    add_number_name(tree, DIAG_FIELD_tls_cipher, DIAG_TLS_NUMBER_CIPHER, view->tls_cipher);
    add_number_name(tree, DIAG_FIELD_tls_group, DIAG_TLS_NUMBER_GROUP, view->tls_group);
    add_raw_text(tree, DIAG_FIELD_tls_alpn, view->tls_alpn);
}

static void add_tcp_facts(proto_tree *tree, const struct diag_view *view)
{
    char options[DIAG_TEXT_MAX];

    diag_render_options(view, options, sizeof options);
    diag_add_text(tree, DIAG_FIELD_vantage, diag_vantage_name(view->vantage));
    diag_add_text(tree, DIAG_FIELD_tamper, view->tamper_signature);
    diag_add_text(tree, DIAG_FIELD_tcp_history, view->tcp_history);
    if (options[0] != '\0')
        diag_add_text(tree, DIAG_FIELD_tcp_options, options);
    diag_add_text(tree, DIAG_FIELD_tcp_ecn, view->ecn);
    diag_add_text(tree, DIAG_FIELD_tcp_timestamps, view->timestamps);
    diag_add_number(tree, DIAG_FIELD_syn_retries, view->syn_retries);
    diag_add_time(tree, diag_field(DIAG_FIELD_syn_rtt), view->syn_rtt_ns);
    diag_add_certificate(tree, view);
}

static void add_times(proto_tree *tree, const struct diag_view *view)
{
    for (unsigned part = 0; part < DIAG_PART_COUNT; part++)
        diag_add_time(tree, diag_field((enum diag_field)(DIAG_FIELD_time_name + part)),
                      view->spent_ns[part]);
    diag_add_time(tree, diag_field(DIAG_FIELD_time_total), view->total_ns);
    diag_add_time(tree, diag_field(DIAG_FIELD_time_first), view->first_byte_ns);
}

static void add_hosts(proto_tree *tree, struct diag_capture *capture, uint32_t stream)
{
    const GArray *hosts = diag_capture_hosts(capture, stream);

    for (guint i = 0; hosts != NULL && i < hosts->len; i++) {
        const struct diag_finding *finding = g_array_index(hosts, struct diag_judged, i).finding;
        char summary[DIAG_TEXT_MAX];

        diag_render_summary(finding, summary, sizeof summary);
        diag_add_text(tree, DIAG_FIELD_host_id, diag_catalogue[finding->id].slug);
        diag_add_text(tree, DIAG_FIELD_host_summary, summary);
    }
}

static void add_connection(struct diag_capture *capture, proto_tree *tree,
                           const struct diag_view *view)
{
    const char *outcome = diag_outcome_name(view->outcome);
    proto_item *item =
        proto_tree_add_string_format(tree, diag_field(DIAG_FIELD_conn_outcome), NULL, 0, 0, outcome,
                                     "Connection %u: %s", view->stream, outcome);
    proto_tree *branch = proto_item_add_subtree(item, diag_subtree(DIAG_TREE_CONNECTION));

    proto_item_set_generated(item);
    add_verdict(branch, view);
    add_tcp_facts(branch, view);
    add_tls_facts(branch, view);
    add_times(branch, view);
    add_hosts(branch, capture, view->stream);
}

void diag_present_connections(struct diag_capture *capture, packet_info *pinfo, proto_item *own,
                              bool name_outcome)
{
    proto_tree *tree = proto_item_add_subtree(own, diag_subtree(DIAG_TREE_ROOT));
    uint32_t last = DIAG_NO_STREAM;

    for (const struct diag_record *record = diag_records(pinfo); record != NULL;
         record = record->next) {
        struct diag_view view;
        uint32_t stream;

        if (record->kind != DIAG_RECORD_TCP || record->quoted)
            continue;
        stream = diag_stream_of(pinfo, record);
        if (stream == DIAG_NO_STREAM || stream == last ||
            !diag_view_of_stream(capture->engine, stream, &view))
            continue;
        add_connection(capture, tree, &view);
        if (name_outcome && last == DIAG_NO_STREAM)
            proto_item_append_text(own, ": connection %s", diag_outcome_name(view.outcome));
        last = stream;
    }
}
