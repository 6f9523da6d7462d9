/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keys add to a session. The records of the wire stay in charge: a decrypted one counts
 * only if it fits the record that is complete just now, and lengths go on to tell the rest.
 */
#include "tls/private.h"

/* An encrypted record: decryption takes off a tag at least. TLS 1.3 hides the type. */
static bool fits(const struct diag_tls_reader *reader, const struct diag_decrypted *decrypted)
{
    uint8_t type = reader->record.type;

    if (decrypted->length >= reader->record.length)
        return false;
    if (diag_tls_is_1_3(reader->tls))
        return type == DIAG_TLS_APPLICATION_DATA;
    return reader->opaque && type == decrypted->type;
}

const struct diag_decrypted *diag_tls_take_decrypted(struct diag_tls_reader *reader)
{
    struct diag_tls *tls = reader->tls;

    if (tls->decrypted_count == 0 || !fits(reader, tls->decrypted))
        return NULL;
    tls->decrypted_count--;
    return tls->decrypted++;
}

void diag_tls_decrypted_handshake(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                                  const struct diag_decrypted *decrypted)
{
    const struct diag_tls_bytes bytes = {.data = decrypted->data,
                                         .length = decrypted->length,
                                         .seq = reader->start + DIAG_TLS_HEADER,
                                         .chunk = chunk};

    diag_tls_handshake_begin_record(reader);
    diag_tls_handshake_bytes(reader, bytes);
}
