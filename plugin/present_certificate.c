/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's certificate in diag's tree. */
#include "present.h"

#include "text.h"

static void add_raw(proto_tree *tree, enum diag_field field, const char *raw)
{
    char text[DIAG_TEXT_MAX];

    diag_escape(raw, text, sizeof text);
    diag_add_text(tree, field, text);
}

static void add_date(proto_tree *tree, enum diag_field field, int64_t seconds)
{
    nstime_t time = {.secs = (time_t)seconds, .nsecs = 0};

    proto_item_set_generated(proto_tree_add_time(tree, diag_field(field), NULL, 0, 0, &time));
}

void diag_add_certificate(proto_tree *tree, const struct diag_view *view)
{
    const struct diag_certificate *certificate = view->tls_certificate;
    char key[80];

    if (certificate == NULL)
        return;
    diag_add_number(tree, DIAG_FIELD_cert_frame, view->tls_certificate_frame);
    add_raw(tree, DIAG_FIELD_cert_subject, certificate->subject);
    add_raw(tree, DIAG_FIELD_cert_issuer, certificate->issuer);
    add_raw(tree, DIAG_FIELD_cert_names, certificate->names);
    add_date(tree, DIAG_FIELD_cert_begin, certificate->not_before);
    add_date(tree, DIAG_FIELD_cert_end, certificate->not_after);
    g_snprintf(key, sizeof key, "%s, %u bits, signed with %s", certificate->key,
               certificate->key_bits, certificate->signature);
    diag_add_text(tree, DIAG_FIELD_cert_key, key);
    if (certificate->self_signed)
        proto_item_set_generated(
            proto_tree_add_boolean(tree, diag_field(DIAG_FIELD_cert_self), NULL, 0, 0, true));
    diag_add_number(tree, DIAG_FIELD_cert_sent, view->tls_certificates);
}
