/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's certificate in the reports. */
#include "report.h"

#include "json.h"
#include "text.h"

#include <string.h>

#define NS INT64_C(1000000000)

static void write_names(json_dumper *json, const char *names)
{
    char **name = g_strsplit(names, ",", 0);

    diag_json_begin_array(json, "names");
    for (char **at = name; *at != NULL; at++) {
        char text[DIAG_TEXT_MAX];

        diag_escape(*at, text, sizeof text);
        json_dumper_value_string(json, text);
    }
    json_dumper_end_array(json);
    g_strfreev(name);
}

/* In nanoseconds a hostile date may not fit. */
static int64_t in_ns(int64_t seconds)
{
    return CLAMP(seconds, 0, INT64_MAX / NS) * NS;
}

void diag_json_certificate(json_dumper *json, const char *name, const struct diag_view *view)
{
    const struct diag_certificate *certificate = view->tls_certificate;

    if (certificate == NULL) {
        diag_json_null(json, name);
        return;
    }
    diag_json_begin_object(json, name);
    diag_json_frame(json, "frame", view->tls_certificate_frame);
    diag_json_number(json, "sent", view->tls_certificates);
    diag_json_raw_text(json, "subject", certificate->subject);
    diag_json_raw_text(json, "issuer", certificate->issuer);
    write_names(json, certificate->names);
    diag_json_seconds(json, "not_before", in_ns(certificate->not_before));
    diag_json_seconds(json, "not_after", in_ns(certificate->not_after));
    diag_json_bool(json, "covers_name", view->tls_certificate_covers);
    diag_json_bool(json, "self_signed", certificate->self_signed);
    diag_json_text(json, "key", certificate->key);
    diag_json_number(json, "key_bits", certificate->key_bits);
    diag_json_text(json, "signature", certificate->signature);
    diag_json_bool(json, "weak", certificate->weak);
    json_dumper_end_object(json);
}

static void append_day(GString *text, int64_t seconds)
{
    GDateTime *day = g_date_time_new_from_unix_utc(seconds);
    char *formatted = day != NULL ? g_date_time_format(day, "%Y-%m-%d") : NULL;

    g_string_append(text, formatted != NULL ? formatted : "an unknown day");
    g_free(formatted);
    if (day != NULL)
        g_date_time_unref(day);
}

static void append_raw(GString *text, const char *before, const char *raw)
{
    char escaped[DIAG_TEXT_MAX];

    diag_escape(raw, escaped, sizeof escaped);
    g_string_append_printf(text, "%s%s", before, escaped);
}

bool diag_report_certificate(const struct diag_view *view, char *text, size_t size)
{
    const struct diag_certificate *certificate = view->tls_certificate;
    GString *story;

    if (certificate == NULL)
        return false;
    story = g_string_new(NULL);
    g_string_append_printf(story, "frame %u: ", view->tls_certificate_frame);
    append_raw(story, "", certificate->subject);
    append_raw(story, ", for ", certificate->names[0] ? certificate->names : "no name");
    if (certificate->self_signed)
        g_string_append(story, ", self-signed");
    else
        append_raw(story, ", issued by ", certificate->issuer);
    g_string_append(story, ", valid ");
    append_day(story, certificate->not_before);
    g_string_append(story, " to ");
    append_day(story, certificate->not_after);
    g_string_append_printf(story, ", %s %u bits, %s; %u sent", certificate->key,
                           certificate->key_bits, certificate->signature, view->tls_certificates);
    g_strlcpy(text, story->str, size);
    g_string_free(story, TRUE);
    return true;
}
