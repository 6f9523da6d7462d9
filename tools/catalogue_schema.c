/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON Schema of every line of -z diag,json: the contract, made from the catalogue. */
#include "catalogue.h"
#include "schema_names.h"

#include <stdio.h>
#include <string.h>

/* A member of an object; all are required. The type is one of the definitions below. */
struct member {
    const char *name;
    const char *type;
};

struct object {
    const char *name;
    const struct member *members;
    const struct member *more; /* of another table; may be NULL */
};

static const struct member endpoint[] = {{"address", "text"}, {"port", "count"}, {0}};

static const struct member times[] = {
#define PART(name, title, help) {#name, "seconds_or_null"},
#include "parts.def"
#undef PART
    {"total", "seconds"}, {"first_byte", "seconds_or_null"}, {0}};

static const struct member syn_options[] = {
    {"mss", "count_or_null"}, {"window_scale", "count_or_null"},
    {"sack", "boolean"},      {"timestamps", "boolean"},
    {"fast_open", "boolean"}, {"mptcp", "boolean"},
    {"md5", "boolean"},       {0}};

static const struct member options[] = {{"syn", "syn_options_or_null"},
                                        {"synack", "syn_options_or_null"},
                                        {"refused", "text_list"},
                                        {"stripped", "text_list"},
                                        {0}};

static const struct member tcp[] = {{"history", "text"},
                                    {"ecn", "text"},
                                    {"timestamps", "text"},
                                    {"options", "options"},
                                    {"syn_rtt", "seconds_or_null"},
                                    {0}};

static const struct member offer[] = {{"min_version", "count_or_null"},
                                      {"min_version_name", "text_or_null"},
                                      {"max_version", "count_or_null"},
                                      {"max_version_name", "text_or_null"},
                                      {"ciphers", "count"},
                                      {"groups", "text_list"},
                                      {"alpn", "text_or_null"},
                                      {0}};

static const struct member tls[] = {{"history", "text"},
                                    {"waiting_for", "text_or_null"},
                                    {"waited", "seconds_or_null"},
                                    {"offered", "offer_or_null"},
                                    {"version", "count_or_null"},
                                    {"version_name", "text_or_null"},
                                    {"cipher", "count_or_null"},
                                    {"cipher_name", "text_or_null"},
                                    {"group", "count_or_null"},
                                    {"group_name", "text_or_null"},
                                    {"resumed", "boolean"},
                                    {"server_name", "text_or_null"},
                                    {"alpn", "text_or_null"},
                                    {"certificate", "certificate_or_null"},
                                    {0}};

static const struct member certificate[] = {{"frame", "frame"},         {"sent", "count"},
                                            {"subject", "text"},        {"issuer", "text"},
                                            {"names", "text_list"},     {"not_before", "seconds"},
                                            {"not_after", "seconds"},   {"covers_name", "boolean"},
                                            {"self_signed", "boolean"}, {"key", "text"},
                                            {"key_bits", "count"},      {"signature", "text"},
                                            {"weak", "boolean"},        {0}};

static const struct member reset[] = {{"frame", "frame"},
                                      {"class", "id"},
                                      {"kind", "reset_kind"},
                                      {"answers", "frame_or_null"},
                                      {"explained_by", "id_or_null"},
                                      {"clues", "clue_list"},
                                      {0}};

static const struct member clue[] = {{"kind", "clue_kind"},
                                     {"strong", "boolean"},
                                     {"reference", "frame_or_null"},
                                     {"seen", "number"},
                                     {"usual", "seconds_or_null"},
                                     {"text", "text"},
                                     {0}};

static const struct member loss[] = {{"side", "side"},        {"kind", "loss_kind"},
                                     {"where", "loss_where"}, {"count", "count"},
                                     {"bytes", "count"},      {0}};

static const struct member evidence[] = {{"frame", "frame"}, {"role", "role"}, {0}};

static const struct member judgement[] = {{"id", "id"},
                                          {"severity", "severity"},
                                          {"effective_severity", "severity"},
                                          {"explained_by", "id_or_null"},
                                          {"confidence", "confidence"},
                                          {"benign", "boolean"},
                                          {"blame", "blame"},
                                          {"cause", "cause_or_null"},
                                          {"frame", "frame_or_null"},
                                          {"evidence", "evidence_list"},
                                          {"summary", "text"},
                                          {"explanation", "text"},
                                          {"next_step", "text"},
                                          {"reference", "text"},
                                          {"values", "values"},
                                          {0}};

static const struct member host[] = {{"type", "type"},
                                     {"server", "endpoint"},
                                     {"client", "text_or_null"},
                                     {"streams", "count_list"},
                                     {0}};

static const struct member connection[] = {{"type", "type"},
                                           {"stream", "count_or_null"},
                                           {"client", "endpoint"},
                                           {"server", "endpoint"},
                                           {"attempts", "count"},
                                           {"attempt", "count"},
                                           {"success", "frame_or_null"},
                                           {"first_frame", "frame"},
                                           {"last_frame", "frame"},
                                           {"start", "seconds"},
                                           {"duration", "seconds"},
                                           {"outcome", "outcome"},
                                           {"stage", "stage"},
                                           {"verdict", "id_or_null"},
                                           {"vantage", "vantage"},
                                           {"tamper_signature", "text_or_null"},
                                           {"closer", "side_or_null"},
                                           {"summary", "text_or_null"},
                                           {"times", "times"},
                                           {"tcp", "tcp"},
                                           {"tls", "tls_or_null"},
                                           {"capture", "id_list"},
                                           {"ruled_out", "ruled_out_list"},
                                           {"rst", "reset_list"},
                                           {"loss", "loss_list"},
                                           {"findings", "finding_list"},
                                           {0}};

static const struct member outcomes[] = {{"healthy", "count"},
                                         {"degraded", "count"},
                                         {"failed", "count"},
                                         {"undecidable", "count"},
                                         {0}};

static const struct member dropped[] = {
#define DROPPED(name, text) {#name, "count"},
#include "dropped.def"
#undef DROPPED
    {0}};

static const struct member capture[] = {{"type", "type"},
                                        {"frames", "count"},
                                        {"connections", "count"},
                                        {"outcomes", "outcomes"},
                                        {"findings", "finding_list"},
                                        {"warning", "text_or_null"},
                                        {"dropped", "dropped"},
                                        {0}};

static const struct object objects[] = {
    {"endpoint", endpoint, NULL},
    {"times", times, NULL},
    {"syn_options", syn_options, NULL},
    {"options", options, NULL},
    {"tcp", tcp, NULL},
    {"offer", offer, NULL},
    {"tls", tls, NULL},
    {"certificate", certificate, NULL},
    {"reset", reset, NULL},
    {"clue", clue, NULL},
    {"loss", loss, NULL},
    {"evidence", evidence, NULL},
    {"finding", judgement, NULL},
    {"host", host, judgement},
    {"connection", connection, NULL},
    {"outcomes", outcomes, NULL},
    {"dropped", dropped, NULL},
    {"capture", capture, NULL},
};

#define COUNT_OF(table) (sizeof(table) / sizeof(table)[0])
#define SUSPECT         "(client|server|proxy|path|middlebox|capture|unknown)"

static void print_simple_types(void)
{
    printf("\"text\": {\"type\": \"string\"},\n"
           "\"boolean\": {\"type\": \"boolean\"},\n"
           "\"count\": {\"type\": \"integer\"},\n"
           "\"number\": {\"type\": \"number\"},\n"
           "\"frame\": {\"type\": \"integer\", \"minimum\": 1},\n"
           "\"seconds\": {\"type\": \"number\"},\n"
           "\"values\": {\"type\": \"object\"},\n"
           "\"blame\": {\"type\": \"string\", \"pattern\": \"^(none|" SUSPECT "(_or_" SUSPECT
           ")*)$\"},\n");
}

static void print_enumeration(const struct schema_names *names)
{
    bool first = true;

    printf("\"%s\": {\"enum\": [", names->name);
    for (unsigned i = 0; i < names->count; i++) {
        const char *name = names->name_of(i);

        if (name != NULL)
            printf("%s\"%s\"", first ? "" : ", ", name);
        first = first && name == NULL;
    }
    printf("]},\n");
}

/* "x_or_null" and "x_list" of a type x. */
static void print_derived(const char *name)
{
    printf("\"%s_or_null\": {\"anyOf\": [{\"$ref\": \"#/$defs/%s\"}, {\"type\": \"null\"}]},\n"
           "\"%s_list\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/%s\"}},\n",
           name, name, name, name);
}

static void print_members(const struct member *members, bool names_only, bool *first)
{
    for (; members != NULL && members->name != NULL; members++) {
        printf(names_only ? "%s\"%s\"" : "%s\"%s\": {\"$ref\": \"#/$defs/%s\"}", *first ? "" : ", ",
               members->name, members->type);
        *first = false;
    }
}

static const char *unit_type(enum diag_unit unit)
{
    switch (unit) {
    case DIAG_DURATION:
        return "seconds_or_null";
    case DIAG_FRAME:
        return "frame_or_null";
    case DIAG_TEXT:
        return "text_or_null";
    default:
        return "count";
    }
}

/* A finding's values are exactly those that its catalogue entry names. */
static void print_values_of(const struct diag_diagnosis *diagnosis)
{
    struct member members[DIAG_MAX_VALUES + 1] = {0};
    bool first = true;

    for (size_t i = 0; i < DIAG_MAX_VALUES && diagnosis->values[i].name != NULL; i++)
        members[i] =
            (struct member){diagnosis->values[i].name, unit_type(diagnosis->values[i].unit)};
    printf("{\"if\": {\"properties\": {\"id\": {\"const\": \"%s\"}}},\n"
           " \"then\": {\"properties\": {\"values\": {\"properties\": {",
           diagnosis->slug);
    print_members(members, false, &first);
    printf("}, \"required\": [");
    first = true;
    print_members(members, true, &first);
    printf("], \"additionalProperties\": false}}}}");
}

static void print_object(const struct object *object)
{
    bool first = true;

    printf("\"%s\": {\"type\": \"object\", \"properties\": {", object->name);
    print_members(object->members, false, &first);
    print_members(object->more, false, &first);
    printf("},\n \"required\": [");
    first = true;
    print_members(object->members, true, &first);
    print_members(object->more, true, &first);
    printf("], \"additionalProperties\": false");
    if (object->members == judgement || object->more == judgement)
        printf(", \"$ref\": \"#/$defs/values_by_id\"");
    printf("},\n");
}

static void print_definitions(void)
{
    static const char *const derived[] = {"text", "count", "frame", "seconds"};

    print_simple_types();
    for (size_t i = 0; i < COUNT_OF(derived); i++)
        print_derived(derived[i]);
    for (size_t i = 0; i < schema_name_count; i++) {
        print_enumeration(&schema_names[i]);
        print_derived(schema_names[i].name);
    }
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        print_object(&objects[i]);
        print_derived(objects[i].name);
    }
    printf("\"values_by_id\": {\"allOf\": [\n");
    for (size_t i = 0; i < DIAG_ID_COUNT; i++) {
        print_values_of(&diag_catalogue[i]);
        printf(i + 1 < DIAG_ID_COUNT ? ",\n" : "]}\n");
    }
}

void catalogue_json_schema(void)
{
    printf("{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
           "\"title\": \"One line of tshark -z diag,json\",\n"
           "\"$defs\": {\n");
    print_definitions();
    printf("},\n\"type\": \"object\", \"required\": [\"type\"],\n\"properties\": "
           "{\"type\": {\"$ref\": \"#/$defs/type\"}},\n\"allOf\": [\n");
    for (unsigned i = 0; i < 3; i++)
        printf("{\"if\": {\"properties\": {\"type\": {\"const\": \"%s\"}}},\n"
               " \"then\": {\"$ref\": \"#/$defs/%s\"}}%s\n",
               schema_type_name(i), schema_type_name(i), i < 2 ? "," : "]}");
}
