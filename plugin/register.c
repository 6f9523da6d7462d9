/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers one expert item per diagnosis and severity, and the fields. epan keeps pointers to all
 * of it until it shuts down, hence the file-scope arrays.
 */
#include "register.h"

#include <epan/wmem_scopes.h>

#define SEVERITIES (DIAG_ERROR + 1)

enum {
    DIAG_FT_TEXT,
    DIAG_FT_SEVERITY,
    DIAG_FT_BOOL,
    DIAG_FT_FRAME,
    DIAG_FT_COUNT,
    DIAG_FT_TIME,
    DIAG_FT_NUMBER,
    DIAG_FT_DATE,
    DIAG_FT_NONE
};

static const struct {
    const char *name;
    const char *title;
    int type;
    const char *help;
} description[DIAG_FIELD_COUNT] = {
#define FIELD(member, name, title, type, help)                                                     \
    [DIAG_FIELD_##member] = {DIAG_PREFIX "." name, title, type, help},
#include "fields.def"
#undef FIELD
};

static const struct {
    enum ftenum type;
    int base;
} field_type[] = {
    [DIAG_FT_TEXT] = {FT_STRING, BASE_NONE},
    [DIAG_FT_SEVERITY] = {FT_UINT8, BASE_DEC},
    [DIAG_FT_BOOL] = {FT_BOOLEAN, BASE_NONE},
    [DIAG_FT_FRAME] = {FT_FRAMENUM, BASE_NONE},
    [DIAG_FT_COUNT] = {FT_UINT32, BASE_DEC},
    [DIAG_FT_TIME] = {FT_RELATIVE_TIME, BASE_NONE},
    [DIAG_FT_NUMBER] = {FT_DOUBLE, BASE_NONE},
    [DIAG_FT_NONE] = {FT_NONE, BASE_NONE},
    [DIAG_FT_DATE] = {FT_ABSOLUTE_TIME, ABSOLUTE_TIME_UTC},
};

static int field_of[DIAG_FIELD_COUNT];
static int value_of[DIAG_ID_COUNT][DIAG_MAX_VALUES];
static int subtree_of[DIAG_TREE_COUNT];
static const char *filter_of[DIAG_ID_COUNT];
static expert_field expert_of[DIAG_ID_COUNT][SEVERITIES];
static expert_field bypassed = EI_INIT;
static value_string severity_names[SEVERITIES + 1];

int diag_field(enum diag_field field)
{
    return field_of[field];
}

int diag_value_field(enum diag_id id, size_t value)
{
    return value_of[id][value];
}

const char *diag_filter_of(enum diag_id id)
{
    return filter_of[id];
}

int diag_subtree(enum diag_subtree subtree)
{
    return subtree_of[subtree];
}

expert_field *diag_expert(enum diag_id id, enum diag_severity severity)
{
    return &expert_of[id][severity];
}

expert_field *diag_expert_bypassed(void)
{
    return &bypassed;
}

static const char *filter_name(const char *slug, const char *value)
{
    return wmem_strdup_printf(wmem_epan_scope(), DIAG_PREFIX ".%s%s%s", slug, value ? "." : "",
                              value ? value : "");
}

static void register_general_fields(int proto)
{
    static hf_register_info hf[DIAG_FIELD_COUNT];

    for (unsigned i = 0; i < SEVERITIES; i++) {
        severity_names[i].value = i;
        severity_names[i].strptr = diag_severity_name((enum diag_severity)i);
    }
    for (size_t i = 0; i < DIAG_FIELD_COUNT; i++) {
        int type = description[i].type;

        field_of[i] = -1;
        hf[i] = (hf_register_info){&field_of[i],
                                   {description[i].title, description[i].name,
                                    field_type[type].type, field_type[type].base,
                                    type == DIAG_FT_SEVERITY ? VALS(severity_names) : NULL, 0,
                                    description[i].help, HFILL}};
    }
    proto_register_field_array(proto, hf, DIAG_FIELD_COUNT);
}

static enum ftenum type_of_unit(enum diag_unit unit)
{
    switch (unit) {
    case DIAG_DURATION:
        return FT_RELATIVE_TIME;
    case DIAG_FRAME:
        return FT_FRAMENUM;
    case DIAG_TEXT:
        return FT_STRING;
    default:
        return FT_UINT64;
    }
}

/* "silence" -> "Silence": the catalogue names values as filters do. */
static const char *title_of_value(const char *name)
{
    char *title = wmem_strdup(wmem_epan_scope(), name);

    title[0] = g_ascii_toupper(title[0]);
    return g_strdelimit(title, "_", ' ');
}

static void register_value_fields(int proto)
{
    static hf_register_info hf[DIAG_ID_COUNT * DIAG_MAX_VALUES];
    int count = 0;

    for (size_t id = 0; id < DIAG_ID_COUNT; id++) {
        const struct diag_diagnosis *d = &diag_catalogue[id];

        for (size_t v = 0; v < DIAG_MAX_VALUES && d->values[v].name != NULL; v++) {
            enum ftenum type = type_of_unit(d->values[v].unit);

            value_of[id][v] = -1;
            hf[count++] = (hf_register_info){
                &value_of[id][v],
                {title_of_value(d->values[v].name), filter_name(d->slug, d->values[v].name), type,
                 type == FT_UINT64 ? BASE_DEC : BASE_NONE, NULL, 0, d->title, HFILL}};
        }
    }
    proto_register_field_array(proto, hf, count);
}

/* A rule may give a finding another severity than the catalogue does, and an expert item has only
 * one: hence one item per severity, all under the same filter name. The usual one comes last: it is
 * the one that the user's own table of expert severities then reaches. */
static void register_expert_items(expert_module_t *module)
{
    static const int wireshark_severity[SEVERITIES] = {[DIAG_CHAT] = PI_CHAT,
                                                       [DIAG_NOTE] = PI_NOTE,
                                                       [DIAG_WARN] = PI_WARN,
                                                       [DIAG_ERROR] = PI_ERROR};
    static ei_register_info ei[DIAG_ID_COUNT * SEVERITIES];
    int count = 0;

    for (size_t id = 0; id < DIAG_ID_COUNT; id++) {
        const struct diag_diagnosis *d = &diag_catalogue[id];
        const char *name = filter_of[id] = filter_name(d->slug, NULL);

        for (unsigned i = 1; i <= SEVERITIES; i++) {
            unsigned severity = ((unsigned)d->severity + i) % SEVERITIES;

            expert_of[id][severity] = (expert_field)EI_INIT;
            ei[count++] = (ei_register_info){
                &expert_of[id][severity],
                {name, PI_SEQUENCE, wireshark_severity[severity], d->title, EXPFILL}};
        }
    }
    expert_register_field_array(module, ei, count);
}

static void register_bypassed(expert_module_t *module)
{
    static ei_register_info ei[] = {{&bypassed,
                                     {DIAG_PREFIX ".bypassed", PI_UNDECODED, PI_WARN,
                                      "TCP went by without reaching the diagnosis", EXPFILL}}};

    expert_register_field_array(module, ei, G_N_ELEMENTS(ei));
}

void diag_register_fields(int proto_diag)
{
    static gint *ett[DIAG_TREE_COUNT];
    expert_module_t *module = expert_register_protocol(proto_diag);

    register_general_fields(proto_diag);
    register_value_fields(proto_diag);
    register_expert_items(module);
    register_bypassed(module);
    for (size_t i = 0; i < DIAG_TREE_COUNT; i++) {
        subtree_of[i] = -1;
        ett[i] = &subtree_of[i];
    }
    proto_register_subtree_array(ett, DIAG_TREE_COUNT);
}
