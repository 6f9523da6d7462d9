/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packets of one TCP connection tell about its TLS session without any key: SSL 3.0 to
 * TLS 1.3, both directions, read from the payload by sequence number. Private to heuristics/.
 *
 * Roles: "client" and "server" in the names of this file are the TLS roles. They are the TCP roles
 * too unless facts.client says otherwise (FTP over TLS in active mode). Arrays over two sides are
 * indexed by the TCP side.
 */
#ifndef DIAG_TLS_H
#define DIAG_TLS_H

#include "tls/certificates.h"

#define DIAG_TLS_MAX_MESSAGES 48
#define DIAG_TLS_MAX_ALERTS   6
#define DIAG_TLS_MAX_RECORDS  8
#define DIAG_TLS_MAX_GROUPS   16
#define DIAG_TLS_MAX_NAME     255
#define DIAG_TLS_MAX_ALPN     127
#define DIAG_TLS_FIRST_BYTES  16
#define DIAG_TLS_MAX_CHAIN    8

enum diag_tls_content {
    DIAG_TLS_CHANGE_CIPHER_SPEC = 20,
    DIAG_TLS_ALERT = 21,
    DIAG_TLS_HANDSHAKE = 22,
    DIAG_TLS_APPLICATION_DATA = 23,
    DIAG_TLS_HEARTBEAT = 24
};

enum diag_tls_handshake {
    DIAG_TLS_HELLO_REQUEST = 0,
    DIAG_TLS_CLIENT_HELLO = 1,
    DIAG_TLS_SERVER_HELLO = 2,
    DIAG_TLS_NEW_SESSION_TICKET = 4,
    DIAG_TLS_END_OF_EARLY_DATA = 5,
    DIAG_TLS_ENCRYPTED_EXTENSIONS = 8,
    DIAG_TLS_CERTIFICATE = 11,
    DIAG_TLS_SERVER_KEY_EXCHANGE = 12,
    DIAG_TLS_CERTIFICATE_REQUEST = 13,
    DIAG_TLS_SERVER_HELLO_DONE = 14,
    DIAG_TLS_CERTIFICATE_VERIFY = 15,
    DIAG_TLS_CLIENT_KEY_EXCHANGE = 16,
    DIAG_TLS_FINISHED = 20,
    DIAG_TLS_CERTIFICATE_URL = 21,
    DIAG_TLS_CERTIFICATE_STATUS = 22,
    DIAG_TLS_SUPPLEMENTAL_DATA = 23,
    DIAG_TLS_KEY_UPDATE = 24,
    DIAG_TLS_COMPRESSED_CERTIFICATE = 25,
    DIAG_TLS_MESSAGE_HASH = 254,
    DIAG_TLS_NO_HANDSHAKE = 255 /* the message is no handshake message, or an encrypted one */
};

/* What a direction turned out to be. */
enum diag_tls_speech {
    DIAG_TLS_SILENT,  /* nothing readable yet */
    DIAG_TLS_SPOKEN,  /* at least one record header */
    DIAG_TLS_NOT_TLS, /* its first bytes are something else: first[] has them */
    DIAG_TLS_UNCLEAR  /* joined in the middle, and never at a record */
};

/* frame 0: it has not happened. */
struct diag_tls_moment {
    uint32_t frame;
    int64_t time_ns;
};

/* A handshake message, a change of cipher, an alert, or the first of a run of data records. */
struct diag_tls_message {
    enum diag_side side;
    char letter;          /* of the history, capital for the client */
    uint8_t handshake;    /* enum diag_tls_handshake */
    bool holed;           /* bytes of it were not captured */
    uint32_t first_frame; /* brought its first byte */
    uint32_t frame;       /* completed it */
    int64_t time_ns;
    uint32_t length; /* of the handshake message with its header, else of the record's body */
    uint32_t start;  /* sequence number of its first byte */
    uint32_t end;    /* and of the byte after it */
};

struct diag_tls_alert {
    enum diag_side side;
    bool encrypted;      /* level and description are unknown, and 0 */
    uint8_t level;       /* 1 warning, 2 fatal */
    uint8_t description; /* diag_alert_name() */
    uint32_t frame;
    int64_t time_ns;
    uint32_t end; /* sequence number after it */
};

struct diag_tls_record {
    uint8_t type;    /* enum diag_tls_content */
    uint16_t length; /* of the body */
    uint32_t frame;
    int64_t time_ns;
    uint32_t end;
};

struct diag_tls_client_hello {
    uint32_t length;   /* of the handshake message with its header; 0: no ClientHello seen */
    uint32_t segments; /* TCP segments it took */
    bool partial;      /* cut by the capture, or malformed: what follows may lack the end */
    uint16_t legacy_version;
    uint16_t min_version; /* offered, 0 when the capture does not show it */
    uint16_t max_version;
    uint16_t ciphers; /* without GREASE and signalling values */
    bool fallback;    /* TLS_FALLBACK_SCSV */
    uint8_t session_id_length;
    bool has_server_name;
    uint8_t server_name_length;
    uint8_t group_count;
    uint16_t groups[DIAG_TLS_MAX_GROUPS]; /* without GREASE */
    bool hybrid; /* ML-KEM or Kyber among the groups: makes the hello larger than one segment */
    bool ticket; /* a non-empty session ticket (TLS <= 1.2) */
    bool psk;    /* pre_shared_key (TLS 1.3) */
    bool early_data;
    bool ech;
    char server_name[DIAG_TLS_MAX_NAME + 1]; /* as in the packets, NUL-terminated */
    char alpn[DIAG_TLS_MAX_ALPN + 1];        /* as in the packets, joined by commas */
};

struct diag_tls_server_hello {
    uint32_t length; /* 0: no ServerHello seen */
    bool partial;
    uint16_t version; /* chosen; TLS 1.3 drafts count as 0x0304 */
    uint16_t cipher;
    uint16_t group;         /* of the key share, else of the ServerKeyExchange; 0 unknown */
    bool session_id_echoed; /* and not empty: TLS <= 1.2 resumes */
    bool psk;
    char alpn[32]; /* TLS <= 1.2 */
};

/* Certificate of the server, visible up to TLS 1.2, and in TLS 1.3 with keys. */
struct diag_tls_certificates {
    uint32_t frame; /* 0: none seen */
    int64_t time_ns;
    uint32_t length; /* of the handshake message with its header */
    uint32_t count;  /* certificates in it; 0 for a compressed one that cannot be read */
    bool compressed;
    /* The first of them, the server's own before all; NULL: not captured, or no certificate. */
    const struct diag_certificate_entry *chain[DIAG_TLS_MAX_CHAIN];
    uint8_t chain_count;
};

struct diag_tls_half {
    enum diag_tls_speech speech;
    uint8_t first_count;
    uint8_t first[DIAG_TLS_FIRST_BYTES]; /* of the direction, whatever it is */
    bool lost;                           /* the reader does not know where records begin, for now */
    bool missed;      /* handshake messages may have been sent that were not captured */
    bool ccs;         /* ChangeCipherSpec sent, in TLS 1.3 without meaning */
    bool incomplete;  /* the last record lacks bytes */
    uint32_t wanting; /* how many */
    uint64_t records;
    uint64_t data_records;
    uint64_t data_bytes;
    uint64_t uncaptured; /* bytes sent and not captured, as far as read */
    uint32_t unseen;     /* bytes acknowledged by the peer beyond what was captured */
    uint32_t pending;    /* bytes that wait behind a gap */
    uint32_t next;       /* sequence number of the next byte to read; holds when begun */
    bool begun;
    uint32_t end_of_last_message; /* sequence number after the last complete record */
    uint8_t last_count;
    struct diag_tls_record last[DIAG_TLS_MAX_RECORDS]; /* the latest, oldest first */
};

struct diag_tls_facts {
    enum diag_side client; /* TCP side that acts as TLS client */
    uint16_t version;      /* chosen by the server, 0 until then */
    bool resumed;
    uint8_t hello_retries;      /* HelloRetryRequests */
    bool certificate_requested; /* of the client, TLS <= 1.2 */
    char history[DIAG_TLS_MAX_MESSAGES + 2];
    uint8_t message_count;
    uint32_t messages_dropped;
    const struct diag_tls_message *messages; /* borrowed until the next segment */
    uint8_t alert_count;
    uint32_t alerts_dropped;
    struct diag_tls_alert alerts[DIAG_TLS_MAX_ALERTS];
    const struct diag_tls_client_hello *client_hello; /* the first one; never NULL */
    struct diag_tls_server_hello server_hello;        /* or the HelloRetryRequest until it comes */
    struct diag_tls_certificates certificates;
    struct diag_tls_half half[2]; /* by enum diag_side */
    struct diag_tls_moment first_client_hello;
    struct diag_tls_moment last_client_hello; /* after a HelloRetryRequest there are two */
    struct diag_tls_moment hello_retry;       /* the last */
    struct diag_tls_moment server_hello_at;
    struct diag_tls_moment server_hello_done; /* TLS <= 1.2 */
    struct diag_tls_moment client_finished;
    /* TLS 1.3 hides where the server's flight ends: there it is its first record that can hold a
     * Finished. */
    struct diag_tls_moment server_finished;
    struct diag_tls_moment established;     /* both */
    struct diag_tls_moment first_data[2];   /* TLS 1.3: for the server tickets count as data */
    bool asked;                             /* the client has sent data that are no alert */
    uint32_t asked_seq;                     /* where the first such record begins */
    struct diag_tls_moment close_notify[2]; /* or an encrypted alert, TLS <= 1.2 */
};

#define DIAG_TLS_EXPECTATIONS(X)                                                                   \
    X(nothing)                                                                                     \
    X(client_hello)                                                                                \
    X(server_hello)                                                                                \
    X(server_certificate)                                                                          \
    X(server_key_exchange)                                                                         \
    X(server_hello_done)                                                                           \
    X(server_flight)                                                                               \
    X(client_key_exchange)                                                                         \
    X(client_finished)                                                                             \
    X(server_finished)

enum diag_tls_expect {
#define EXPECTATION(name) DIAG_TLS_EXPECT_##name,
    DIAG_TLS_EXPECTATIONS(EXPECTATION)
#undef EXPECTATION
};

struct diag_tls;

struct diag_tls *diag_tls_new(void);
/* Certificates are read, and kept in store, which must outlive the session. */
void diag_tls_read_certificates(struct diag_tls *tls, struct diag_certificates *store);
/* Messages and alerts of handshakes that do not fit into the facts are counted there. */
void diag_tls_count_dropped(struct diag_tls *tls, uint64_t *dropped);
void diag_tls_free(struct diag_tls *tls);
/* The connection is over: keeps the facts, frees the rest, ignores further segments. */
void diag_tls_close(struct diag_tls *tls);

/* Whether the first payload bytes of a side look like a TLS record (one is enough to say no). */
bool diag_tls_looks_like(const uint8_t *data, size_t n);

/* Where a side's TLS begins, when no SYN is fed (STARTTLS). Ignored once bytes of that side were
 * fed. */
void diag_tls_start(struct diag_tls *tls, enum diag_side side, uint32_t seq);
/* Every segment of the connection in capture order; those without payload tell the time. */
void diag_tls_segment(struct diag_tls *tls, enum diag_side from,
                      const struct diag_segment *segment);
/* The peer acknowledged sender's bytes before ack. Call after diag_tls_segment() of that segment.
 */
void diag_tls_acked(struct diag_tls *tls, enum diag_side sender, uint32_t ack);

const struct diag_tls_facts *diag_tls_facts(const struct diag_tls *tls);

/* The length of a TLS 1.3 record that holds a Finished and nothing else: a hash of 32 or 48 bytes,
 * a tag of 8 or 16. */
static inline bool diag_tls_finished_size(uint16_t length)
{
    return length == 45 || length == 53 || length == 61 || length == 69;
}

static inline bool diag_tls_is_heartbeat(const struct diag_tls_message *message)
{
    return message->letter == 'B' || message->letter == 'b';
}

/* What comes next and from which TCP side (DIAG_NO_SIDE for nothing). nothing: the handshake is
 * over or given up, it is no TLS, or the capture lacks what would tell. */
enum diag_tls_expect diag_tls_waiting_for(const struct diag_tls *tls, enum diag_side *who);
const char *diag_tls_expect_name(enum diag_tls_expect expect);

/* NULL when not in our tables, except diag_tls_cipher_text(), which then writes 0x1234. */
const char *diag_tls_version_name(uint16_t version);
const char *diag_tls_cipher_name(uint16_t cipher);
const char *diag_tls_group_name(uint16_t group);
size_t diag_tls_cipher_text(uint16_t cipher, char *text, size_t size);

/* ---- tls_offer.c: words about hellos, empty when they were not seen */

/* "TLS 1.2 to TLS 1.3", "up to TLS 1.2" */
void diag_tls_offered_versions(const struct diag_tls_client_hello *hello, char *text, size_t size);
/* "up to TLS 1.2, 7 cipher suites, x25519/secp256r1" */
void diag_tls_offered_parameters(const struct diag_tls_client_hello *hello, char *text,
                                 size_t size);
/* "TLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, x25519" */
void diag_tls_chosen_parameters(const struct diag_tls_server_hello *hello, char *text, size_t size);
/* The server name that was asked for, "no name", or NULL when the capture does not show it. */
const char *diag_tls_asked_name(const struct diag_tls_client_hello *hello);
/* "certificate for www.example.com, issued by CN=Example CA" */
void diag_tls_offered_certificate(const struct diag_tls_facts *facts, enum diag_side by, char *text,
                                  size_t size);
/* "the Certificate", "an encrypted message" */
const char *diag_tls_message_name(const struct diag_tls_message *message);

#endif
