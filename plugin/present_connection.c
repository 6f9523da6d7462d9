/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the whole capture says about the connection of a frame. Only on frames that are visited
 * again: while the capture is read for the first time, nobody knows it yet.
 */
#include "present.h"

#include "conversations.h"
#include "facts.h"
#include "register.h"
#include "text.h"

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
    diag_add_text(tree, DIAG_FIELD_tls_history, view->tls_history);
    diag_add_text(tree, DIAG_FIELD_tls_waiting, view->tls_waiting_for);
    diag_add_time(tree, diag_field(DIAG_FIELD_tls_waited), view->tls_waited_ns);
    diag_add_certificate(tree, view);
}

static void add_times(proto_tree *tree, const struct diag_view *view)
{
    for (int part = 0; part < DIAG_PART_COUNT; part++)
        diag_add_time(tree, diag_field(DIAG_FIELD_time_name + part), view->spent_ns[part]);
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
        struct diag_endpoint source;
        struct diag_endpoint destination;
        struct diag_view view;
        uint32_t stream;

        if (record->kind != DIAG_RECORD_TCP || record->quoted ||
            !diag_fact_endpoints(record, &source, &destination))
            continue;
        stream = diag_stream_of(pinfo, &source, &destination);
        if (stream == DIAG_NO_STREAM || stream == last ||
            !diag_view_of_stream(capture->engine, stream, &view))
            continue;
        add_connection(capture, tree, &view);
        if (name_outcome && last == DIAG_NO_STREAM)
            proto_item_append_text(own, ": connection %s", diag_outcome_name(view.outcome));
        last = stream;
    }
}
