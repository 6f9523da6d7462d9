/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a JSON object by type, with null for what is not known. */
#ifndef DIAG_JSON_H
#define DIAG_JSON_H

#include "compat.h"

#include <wsutil/json_dumper.h>

#include "../heuristics/diag.h"

void diag_json_text(json_dumper *json, const char *name, const char *text);
/* Text from packets: escaped. */
void diag_json_raw_text(json_dumper *json, const char *name, const char *raw);
void diag_json_number(json_dumper *json, const char *name, int64_t number);
/* 0 is no frame. */
void diag_json_frame(json_dumper *json, const char *name, uint32_t frame);
void diag_json_bool(json_dumper *json, const char *name, bool value);
void diag_json_seconds(json_dumper *json, const char *name, int64_t ns);
void diag_json_null(json_dumper *json, const char *name);
void diag_json_endpoint(json_dumper *json, const char *name, const struct diag_endpoint *end);
void diag_json_begin_object(json_dumper *json, const char *name);
void diag_json_begin_array(json_dumper *json, const char *name);

/* The server's certificate, or null (report_certificate.c). */
void diag_json_certificate(json_dumper *json, const char *name, const struct diag_view *view);

/* What was lost, of which side, and where (report_loss.c). */
void diag_json_losses(json_dumper *json, const char *name, const struct diag_view *view);

/* Every member that a finding has in every kind of object, from "severity" on. */
void diag_json_judgement(json_dumper *json, const struct diag_judged *judged);
/* An array of whole findings. */
void diag_json_findings(json_dumper *json, const char *name, const struct diag_judged *judged,
                        size_t count);

#endif
