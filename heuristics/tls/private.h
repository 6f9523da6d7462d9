/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the TLS reader share: the state of a session and who calls whom.
 * Bytes go stream -> record -> handshake -> messages -> hello; records and messages -> progress.
 */
#ifndef DIAG_TLS_PRIVATE_H
#define DIAG_TLS_PRIVATE_H

#include <glib.h>

#include "tls/stream.h"
#include "tls/tls.h"

#define DIAG_TLS_HEADER           5 /* of a record */
#define DIAG_TLS_HANDSHAKE_HEADER 4 /* of a handshake message */
#define DIAG_TLS_1_3              0x0304

/* A stretch of one record's body, with where it stands and what brought it. */
struct diag_tls_bytes {
    const uint8_t *data; /* NULL: not captured */
    uint32_t length;
    uint32_t seq;
    const struct diag_chunk *chunk;
};

/* What the next length field of a Certificate message is about. */
enum diag_tls_certificate_part {
    DIAG_TLS_PART_LIST,
    DIAG_TLS_PART_CERTIFICATE,
    DIAG_TLS_PART_CONTEXT, /* TLS 1.3 only */
    DIAG_TLS_PART_EXTENSIONS
};

/* Takes the certificates out of a Certificate message while its bytes go by. */
struct diag_tls_certificate_walk {
    enum diag_tls_certificate_part part;
    bool tls13;
    bool inside;     /* a certificate: its bytes are the next to come */
    bool broken;     /* a length field was not captured */
    bool unread;     /* bytes of the present certificate were not captured */
    uint32_t skip;   /* bytes left of the present certificate, or of what is of no interest */
    uint32_t value;  /* length field under way */
    uint8_t have;    /* its bytes */
    uint32_t length; /* of the present certificate */
    uint32_t count;
    GByteArray *der; /* its beginning, while it comes in pieces */
};

struct diag_tls_session_id {
    uint8_t length;
    uint8_t bytes[32];
};

/* The handshake message that is being put together; it may span records. */
struct diag_tls_assembly {
    uint8_t header[DIAG_TLS_HANDSHAKE_HEADER];
    uint8_t header_have;
    bool adrift; /* where messages begin is not known until the next record */
    bool holed;
    bool v2; /* an SSL 2.0 ClientHello that offers TLS */
    uint8_t type;
    uint32_t length; /* of the body */
    uint32_t left;
    uint32_t start;
    uint32_t first_frame;
    uint32_t segments;
    uint32_t last_carrier;
    GByteArray *body; /* the captured beginning of it; NULL when nobody reads it */
    struct diag_tls_certificate_walk walk;
};

/* One direction. */
struct diag_tls_reader {
    struct diag_tls *tls;
    enum diag_side side;
    struct diag_tls_half *half;
    struct diag_stream stream;
    bool trusted; /* the stream begins where the side's TLS does */
    uint8_t header[DIAG_TLS_HEADER];
    uint8_t header_have;  /* all of them: inside a record */
    bool opaque;          /* the record is encrypted */
    bool finished_unsure; /* TLS 1.3: what was taken for the Finished has not exactly its length */
    bool holed;           /* bytes of the record were not captured */
    uint8_t alert[2];
    uint8_t alert_have;
    uint32_t first_frame; /* of the record */
    uint32_t start;
    uint32_t left; /* of the record */
    struct diag_tls_record record;
    struct diag_tls_assembly message;
    uint32_t seen; /* bit set of handshake types below 32 */
};

struct diag_tls {
    struct diag_tls_facts facts;
    struct diag_tls_client_hello client_hello;
    struct diag_tls_session_id session_id; /* of the client */
    uint8_t client_hellos;
    GArray *messages;                       /* of struct diag_tls_message */
    struct diag_certificates *store;        /* NULL: nobody reads certificates */
    uint64_t *dropped;                      /* NULL: nobody counts */
    const struct diag_decrypted *decrypted; /* records of the segment being fed, those not used */
    uint8_t decrypted_count;
    uint32_t frame; /* the segment being fed */
    int64_t time_ns;
    struct diag_tls_reader reader[2];
};

static inline bool diag_tls_is_client(const struct diag_tls_reader *reader)
{
    return reader->side == reader->tls->facts.client;
}

static inline const struct diag_tls_reader *diag_tls_reader_of(const struct diag_tls *tls,
                                                               bool client)
{
    return &tls->reader[client ? tls->facts.client : diag_peer(tls->facts.client)];
}

static inline bool diag_tls_is_1_3(const struct diag_tls *tls)
{
    return tls->facts.version >= DIAG_TLS_1_3;
}

static inline struct diag_tls_moment diag_tls_moment_of(const struct diag_chunk *chunk)
{
    return (struct diag_tls_moment){chunk->frame, chunk->time_ns};
}

static inline void diag_tls_happen_once(struct diag_tls_moment *what,
                                        const struct diag_chunk *chunk)
{
    if (what->frame == 0)
        *what = diag_tls_moment_of(chunk);
}

/* ---- tls_record.c */

/* Consumer of both streams; context is the reader. */
void diag_tls_consume(void *context, const struct diag_chunk *chunk);

/* ---- tls_handshake.c */

void diag_tls_handshake_begin_record(struct diag_tls_reader *reader);
/* The record is an SSL 2.0 ClientHello (RFC 5246 E.2). */
void diag_tls_handshake_begin_v2(struct diag_tls_reader *reader, const struct diag_chunk *chunk);
/* bytes->length > 0 */
void diag_tls_handshake_bytes(struct diag_tls_reader *reader, struct diag_tls_bytes bytes);
/* Whether this can be the type of a handshake message, by the IANA registry. */
bool diag_tls_handshake_known(uint8_t type);

/* ---- tls_certificate.c */

/* A Certificate message begins. */
void diag_tls_certificates_begin(struct diag_tls_reader *reader);
/* Bytes of its body; data is NULL when they were not captured. */
void diag_tls_certificates_bytes(struct diag_tls_reader *reader, const uint8_t *data,
                                 uint32_t length);
void diag_tls_certificates_end(struct diag_tls_reader *reader);
/* A CompressedCertificate message is complete. False when it cannot be read. */
bool diag_tls_certificates_inflate(struct diag_tls_reader *reader);

/* ---- tls_decrypted.c */

/* The record that is complete, as somebody decrypted it; NULL if nobody did. */
const struct diag_decrypted *diag_tls_take_decrypted(struct diag_tls_reader *reader);
/* Reads the handshake messages of a decrypted record of TLS 1.3. */
void diag_tls_decrypted_handshake(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                                  const struct diag_decrypted *decrypted);

/* ---- tls_hello.c: bodies of messages, perhaps only their beginning */

void diag_tls_read_client_hello(struct diag_tls_client_hello *hello, struct diag_tls_session_id *id,
                                const uint8_t *data, size_t n);
/* The same from an SSL 2.0 ClientHello. */
void diag_tls_read_v2_hello(struct diag_tls_client_hello *hello, const uint8_t *data, size_t n);
/* True when it is a HelloRetryRequest. */
bool diag_tls_read_server_hello(struct diag_tls_server_hello *hello, struct diag_tls_session_id *id,
                                const uint8_t *data, size_t n);
/* The named group of an ECDHE key exchange, else 0. */
uint16_t diag_tls_read_key_exchange(const uint8_t *data, size_t n);

/* ---- tls_messages.c */

/* A handshake message in clear is complete. */
void diag_tls_message_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk,
                           uint32_t end);

/* ---- tls_progress.c */

/* What this side sends now is encrypted (TLS <= 1.2; TLS 1.3 says so by the record type). */
bool diag_tls_encrypts(const struct diag_tls_reader *reader);
/* Notes a message of the history. */
void diag_tls_note(struct diag_tls_reader *reader, const struct diag_tls_message *message);
void diag_tls_add_letter(struct diag_tls_facts *facts, char letter);
/* A record is complete. */
void diag_tls_record_done(struct diag_tls_reader *reader, const struct diag_chunk *chunk);

/* ---- tls_names.c */

/* Whether the server sends a Certificate, and a ServerKeyExchange, with this cipher suite. */
bool diag_tls_cipher_certifies(uint16_t cipher);
bool diag_tls_cipher_exchanges(uint16_t cipher);
/* Whether that is an ECDHE one, which names its group. */
bool diag_tls_cipher_has_curve(uint16_t cipher);

#endif
