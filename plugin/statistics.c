/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Wireshark's Statistics menu, sharkd and tshark (-z diag_tree,tree and -z diag,table) show.
 * Both are filled frame by frame: outcomes and verdicts are counted where frames are visited again
 * (the GUI, sharkd, tshark -2).
 */
#include "statistics.h"

#include "register.h"
#include "shown.h"
#include "tap.h"
#include "text.h"

/* ---- the tree -------------------------------------------------------------------------------- */

#define CONNECTIONS "Connections"
#define FINDINGS    "Findings"

static int connections_node;
static int findings_node;

static void begin_tree(stats_tree *tree)
{
    struct diag_capture *capture = diag_capture_open();

    if (capture != NULL)
        diag_capture_judge_all(capture); /* each connection counts when its frame is visited */
    connections_node = stats_tree_create_node(tree, CONNECTIONS, 0, STAT_DT_INT, TRUE);
    findings_node = stats_tree_create_node(tree, FINDINGS, 0, STAT_DT_INT, TRUE);
}

/* A connection counts at its first frame. */
static void count_connection(stats_tree *tree, struct diag_capture *capture, uint32_t stream,
                             uint32_t frame)
{
    struct diag_view view;
    char server[64];
    int outcome;

    if (!diag_view_of_stream(capture->engine, stream, &view) || view.first_frame != frame)
        return;
    diag_render_endpoint(&view.server, server, sizeof server);
    tick_stat_node(tree, CONNECTIONS, 0, TRUE);
    outcome = tick_stat_node(tree, diag_outcome_name(view.outcome), connections_node, TRUE);
    tick_stat_node(tree, server, outcome, FALSE);
}

static void count_findings(stats_tree *tree, const struct diag_shown_list *shown)
{
    for (size_t i = 0; i < shown->count; i++) {
        enum diag_severity severity = diag_shown_severity(&shown->item[i]);
        int node;

        tick_stat_node(tree, FINDINGS, 0, TRUE);
        node = tick_stat_node(tree, diag_severity_name(severity), findings_node, TRUE);
        tick_stat_node(tree, diag_catalogue[shown->item[i].finding->id].title, node, FALSE);
    }
}

/* Nearly never: these bounds are far beyond what people do. */
static void count_dropped(stats_tree *tree, const struct diag_capture *capture)
{
    uint64_t dropped[DIAG_DROPPED_COUNT];
    uint64_t all = 0;
    int node;

    diag_dropped(capture->engine, dropped);
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++)
        all += dropped[i];
    if (all == 0)
        return;
    node = set_stat_node(tree, "Left out (memory is bounded)", 0, TRUE, (int)MIN(all, INT_MAX));
    for (unsigned i = 0; i < DIAG_DROPPED_COUNT; i++)
        if (dropped[i] > 0)
            set_stat_node(tree, diag_dropped_name((enum diag_dropped)i), node, FALSE,
                          (int)MIN(dropped[i], INT_MAX));
}

static tap_packet_status count_in_tree(stats_tree *tree, packet_info *pinfo,
                                       epan_dissect_t *edt _U_, const void *data _U_,
                                       tap_flags_t flags _U_)
{
    struct diag_capture *capture = diag_capture_open();
    struct diag_shown_list shown;
    uint32_t stream[DIAG_TAP_STREAMS];
    size_t count;

    if (capture == NULL)
        return TAP_PACKET_DONT_REDRAW;
    shown = diag_shown_of_frame(capture, pinfo);
    count_findings(tree, &shown);
    count = PINFO_FD_VISITED(pinfo) ? diag_tap_streams(pinfo, stream) : 0;
    for (size_t i = 0; i < count; i++)
        count_connection(tree, capture, stream[i], diag_capture_frame(capture, pinfo));
    count_dropped(tree, capture);
    return TAP_PACKET_REDRAW;
}

/* ---- the table ------------------------------------------------------------------------------- */

enum {
    COLUMN_TITLE,
    COLUMN_SEVERITY,
    COLUMN_COUNT,
    COLUMN_FIRST,
    COLUMN_FILTER,
    COLUMNS
};

static stat_tap_table_item column[COLUMNS] = {
    [COLUMN_TITLE] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Diagnosis", "%-48s"},
    [COLUMN_SEVERITY] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Severity", "%-8s"},
    [COLUMN_COUNT] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Findings", "%u"},
    [COLUMN_FIRST] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%u"},
    [COLUMN_FILTER] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Filter", "%s"}};

static void begin_table(stat_tap_table_ui *statistics)
{
    static const char name[] = "Findings";
    stat_tap_table *table = stat_tap_find_table(statistics, name);

    if (table != NULL) {
        if (statistics->stat_tap_reset_table_cb != NULL)
            statistics->stat_tap_reset_table_cb(table);
        return;
    }
    table = stat_tap_init_table(name, COLUMNS, 0, NULL);
    stat_tap_add_table(statistics, table);
}

static void reset_table(stat_tap_table *table)
{
    for (guint row = 0; row < table->num_elements; row++) {
        stat_tap_table_item_type *count = stat_tap_get_field_data(table, row, COLUMN_COUNT);

        count->value.uint_value = 0;
        stat_tap_set_field_data(table, row, COLUMN_COUNT, count);
    }
}

static void add_row(stat_tap_table *table, const struct diag_shown *shown, uint32_t frame)
{
    enum diag_id id = shown->finding->id;
    stat_tap_table_item_type item[COLUMNS] = {
        [COLUMN_TITLE] = {.type = TABLE_ITEM_STRING,
                          .value.string_value = diag_catalogue[id].title,
                          .user_data.uint_value = id},
        [COLUMN_SEVERITY] = {.type = TABLE_ITEM_STRING,
                             .value.string_value = diag_severity_name(diag_shown_severity(shown)),
                             .user_data.uint_value = diag_shown_severity(shown)},
        [COLUMN_COUNT] = {.type = TABLE_ITEM_UINT, .value.uint_value = 1},
        [COLUMN_FIRST] = {.type = TABLE_ITEM_UINT, .value.uint_value = frame},
        [COLUMN_FILTER] = {.type = TABLE_ITEM_STRING, .value.string_value = diag_filter_of(id)}};

    stat_tap_init_table_row(table, table->num_elements, COLUMNS, item);
}

static bool is_row_of(const stat_tap_table *table, guint row, const struct diag_shown *shown)
{
    return stat_tap_get_field_data(table, row, COLUMN_TITLE)->user_data.uint_value ==
               shown->finding->id &&
           stat_tap_get_field_data(table, row, COLUMN_SEVERITY)->user_data.uint_value ==
               diag_shown_severity(shown);
}

/* One row per diagnosis and severity. */
static void count_in_row(stat_tap_table *table, const struct diag_shown *shown, uint32_t frame)
{
    for (guint row = 0; row < table->num_elements; row++) {
        if (!is_row_of(table, row, shown))
            continue;
        stat_tap_table_item_type *count = stat_tap_get_field_data(table, row, COLUMN_COUNT);

        count->value.uint_value++;
        stat_tap_set_field_data(table, row, COLUMN_COUNT, count);
        return;
    }
    add_row(table, shown, frame);
}

static tap_packet_status count_in_table(void *data, packet_info *pinfo, epan_dissect_t *edt _U_,
                                        const void *tapped _U_, tap_flags_t flags _U_)
{
    stat_data_t *statistics = data;
    stat_tap_table *table = g_array_index(statistics->stat_tap_data->tables, stat_tap_table *, 0);
    struct diag_capture *capture = diag_capture_open();
    struct diag_shown_list shown;

    if (capture == NULL)
        return TAP_PACKET_DONT_REDRAW;
    shown = diag_shown_of_frame(capture, pinfo);
    for (size_t i = 0; i < shown.count; i++)
        count_in_row(table, &shown.item[i], diag_capture_frame(capture, pinfo));
    return shown.count > 0 ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

void diag_statistics_register(void)
{
    static tap_param param[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};
    static stat_tap_table_ui table = {.group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
                                      .title = "TCP-TLS Diagnosis: Findings",
                                      .tap_name = DIAG_TAP,
                                      .cli_string = DIAG_PREFIX ",table",
                                      .stat_tap_init_cb = begin_table,
                                      .packet_func = count_in_table,
                                      .stat_tap_reset_table_cb = reset_table,
                                      .nfields = COLUMNS,
                                      .fields = column,
                                      .nparams = G_N_ELEMENTS(param),
                                      .params = param};

    /* Here and not in a tap plugin's hook: sharkd calls only this one. */
    register_stat_tap_table_ui(&table);
    stats_tree_register_plugin(DIAG_TAP, DIAG_PREFIX "_tree",
                               "TCP-TLS Diagnosis" STATS_TREE_MENU_SEPARATOR "Summary", 0,
                               count_in_tree, begin_tree, NULL);
}
