/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario: a story told segment by segment, and what diag must say about it. Reading it gives
 * facts (in capture order) and expectations; the language is described in ../README.md.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "diag.h"

#include <glib.h>

#define SCN_CONNECTIONS 33 /* numbered 1 to 32 */
#define SCN_MAX_PAYLOAD 60000
#define SCN_DECRYPTED   8 /* records in one segment */
#define SCN_NS          INT64_C(1000000000)
#define SCN_EPOCH_NS    (1800000000 * SCN_NS) /* second 0 of every story: 15 January 2027 */

/* ---- lines ---------------------------------------------------------------------------------- */

/* One blank-separated word, quotes and escapes resolved; it may hold any byte. */
struct scn_word {
    char *text;
    size_t length;
    bool used;
};

/* A line whose words are consumed one by one: a word that nobody took is an error. */
struct scn_line {
    const char *file;
    unsigned number;
    GArray *words; /* struct scn_word */
};

_Noreturn void scn_fail(const struct scn_line *line, const char *format, ...) G_GNUC_PRINTF(2, 3);
struct scn_line scn_line_split(const char *file, unsigned number, const char *text);
void scn_line_free(struct scn_line *line);
/* The word at an index, taken; NULL when there is none. */
const char *scn_line_at(struct scn_line *line, size_t index);
/* Takes "name=value" and returns the value, NULL when the line has none. */
const struct scn_word *scn_line_word(struct scn_line *line, const char *name);
const char *scn_line_value(struct scn_line *line, const char *name);
/* Takes the bare word. */
bool scn_line_flag(struct scn_line *line, const char *name);
void scn_line_finish(const struct scn_line *line);

uint32_t scn_number(const struct scn_line *line, const char *text, uint32_t highest);
uint32_t scn_line_number(struct scn_line *line, const char *name, uint32_t highest,
                         uint32_t otherwise);
int64_t scn_seconds(const struct scn_line *line, const char *text);
struct diag_address scn_address(const struct scn_line *line, const char *text);
struct diag_endpoint scn_endpoint(const struct scn_line *line, const char *text);
/* The port may be left out. */
struct diag_endpoint scn_endpoint_at(const struct scn_line *line, const char *text, uint16_t port);
GByteArray *scn_hex(const struct scn_line *line, const char *text);

/* ---- facts ---------------------------------------------------------------------------------- */

enum scn_fact_kind {
    SCN_SEGMENT,
    SCN_ICMP,
    SCN_NAME,
    SCN_ARP,
    SCN_OTHER /* a frame that diag only reads the clock from */
};

struct scn_fact {
    enum scn_fact_kind kind;
    uint32_t frame;
    int64_t time_ns;
    uint64_t drops;                   /* packets that the capturing device dropped before it */
    enum diag_checksum checksum;      /* of a segment */
    GByteArray *payload;              /* what the union's data points to; NULL if it has none */
    GByteArray *plain[SCN_DECRYPTED]; /* what decrypted points to */
    struct diag_decrypted decrypted[SCN_DECRYPTED];
    union {
        struct diag_segment segment;
        struct diag_icmp icmp;
        struct diag_name_message name;
        struct diag_arp arp;
    };
};

/* ---- connections ---------------------------------------------------------------------------- */

/* Something that a stack would have to send again. */
struct scn_sent {
    uint16_t flags;
    uint32_t seq;
    GByteArray *payload;
};

/* What one side of a connection knows. Numbers are relative to the ISN of whose they are. */
struct scn_half {
    uint32_t isn;
    bool syn_sent;
    bool fin_sent;
    uint32_t next;     /* what it would send next */
    uint32_t fin_seq;  /* holds when fin_sent */
    uint32_t received; /* what it would acknowledge */
    GArray *early;     /* struct scn_range received beyond a hole, latest first */
    bool was_acked;
    uint32_t peer_ack;             /* absolute: the last ACK number that it received */
    uint32_t ts_recent;            /* the last TSval that it received */
    unsigned options;              /* of its SYN; enum diag_option */
    bool ecn_setup;                /* its SYN asked for ECN, or its SYN/ACK agreed */
    GArray *sent;                  /* struct scn_sent: all with data, SYN or FIN, for "again" */
    const struct scn_fact *newest; /* its last captured segment, for "copy" */
};

struct scn_range {
    uint32_t from;
    uint32_t to;
};

/* One incarnation of a connection: from a SYN to the next with other numbers. */
struct scn_flow {
    bool started;
    struct scn_half half[2]; /* by enum diag_side */
};

struct scn_connection {
    bool declared;
    struct diag_endpoint end[2]; /* by enum diag_side */
    uint8_t ttl[2];
    uint16_t ip_id[2];
    uint32_t stream; /* DIAG_NO_STREAM before the first segment */
    int64_t base[2]; /* what Wireshark takes for the ISNs of the stream; -1 when it knows none */
    GArray *streams; /* uint32_t, all it ever had */
    bool plain;      /* no options at all */
    struct scn_flow now;
    struct scn_flow old;
};

/* ---- expectations --------------------------------------------------------------------------- */

struct scn_expectation {
    struct scn_line line; /* words of the keyword and the name are taken */
    int connection;       /* 0: any */
};

struct scn_story {
    const char *file;
    struct diag_settings settings;
    struct scn_connection connection[SCN_CONNECTIONS];
    uint32_t streams; /* numbers given so far */
    uint32_t frames;
    int64_t now_ns;
    GPtrArray *facts;   /* struct scn_fact */
    GArray *findings;   /* struct scn_expectation: "expect" */
    GArray *statements; /* struct scn_expectation: the other claims */
    bool nothing;       /* "expect nothing" */
};

struct scn_story *scn_story_read(const char *file);
void scn_story_free(struct scn_story *story);
/* A new fact at the story's present time, with the next frame number. */
struct scn_fact *scn_story_fact(struct scn_story *story, enum scn_fact_kind kind);
struct scn_connection *scn_story_connection(struct scn_story *story, const struct scn_line *line,
                                            unsigned number);

/* The same addresses and ports again: the old numbers are kept for lines marked "old". */
void scn_connection_anew(struct scn_connection *connection, unsigned number);

void scn_flow_init(struct scn_flow *flow, unsigned number, unsigned incarnation);
void scn_flow_clear(struct scn_flow *flow);
/* The first segment tells whether the capture began before the connection. */
void scn_flow_start(struct scn_flow *flow, enum diag_side from, unsigned flags);
/* What is sent, and, if it arrives, what the peer makes of it. */
void scn_flow_sent(struct scn_flow *flow, enum diag_side from, const struct diag_segment *segment,
                   bool arrives);

/* The lines of a story. Each takes what it knows; the time has been read. */
void scn_segment_line(struct scn_story *story, struct scn_line *line, unsigned connection,
                      enum diag_side from);
void scn_icmp_line(struct scn_story *story, struct scn_line *line, unsigned connection);
void scn_name_line(struct scn_story *story, struct scn_line *line, const char *service);
void scn_arp_line(struct scn_story *story, struct scn_line *line);

/* The payload that a segment line asks for; its filler depends on seq, so that bytes sent again are
 * the same bytes. */
GByteArray *scn_payload(struct scn_line *line, uint32_t seq);
GByteArray *scn_tls_bytes(const struct scn_line *line, const char *names);

/* What the keys show of the segment. */
void scn_decrypt(const struct scn_line *line, struct scn_fact *fact, const char *names);
void scn_decrypted_free(struct scn_fact *fact);

/* ---- running -------------------------------------------------------------------------------- */

/* The engine after the whole story. With look, every verdict is asked for after every fact. */
struct diag_engine *scn_run(const struct scn_story *story, bool look);

/* One finding, wherever the core keeps it. */
struct scn_found {
    struct diag_judged judged;
    uint32_t stream; /* DIAG_NO_STREAM: about hosts or the capture */
};

GArray *scn_findings(struct diag_engine *engine); /* struct scn_found */
/* As the line that would expect it. */
void scn_describe(const struct scn_found *found, GString *out);
/* "severity", "cause", ...: what every finding has besides its values. */
bool scn_is_property(const char *name);
void scn_put_property(const struct scn_found *found, const char *name, GString *out);
/* Each returns the number of failures, after printing them. */
unsigned scn_check_findings(const struct scn_story *story, const GArray *found);
unsigned scn_check_statements(const struct scn_story *story, struct diag_engine *engine,
                              const GArray *found);
unsigned scn_check_events(const struct scn_story *story, struct diag_engine *engine,
                          const GArray *found);
/* The parts of every connection's time add up. Counts failures. */
unsigned scn_check_times(const struct scn_story *story, struct diag_engine *engine);
/* All of them, for the whole story: 0 is passed. With look, also what looking must not change. */
unsigned scn_check_story(const struct scn_story *story, bool look);
/* The claims about a connection: "outcome", "attempts", "history", ... */
bool scn_is_statement(const char *keyword);
bool scn_in_connection(const struct scn_story *story, int connection, uint32_t stream);

/* One value of a finding as text; false when the finding has none of that name. */
bool scn_value_text(const struct diag_finding *finding, const char *name, GString *out);
void scn_print_value(const struct diag_finding *finding, size_t index, GString *out);
void scn_print_facts(const struct scn_story *story, GString *out);
void scn_print_findings(struct diag_engine *engine, GString *out);

/* "name":value, with a comma before it where one is due. */
void scn_json_key(GString *out, const char *name);
void scn_json_text(GString *out, const char *name, const char *text); /* NULL is null */
void scn_json_number(GString *out, const char *name, uint64_t number);
void scn_json_bool(GString *out, const char *name, bool value);
void scn_json_address(GString *out, const char *name, const struct diag_address *address);
void scn_json_endpoint(GString *out, const char *name, const struct diag_endpoint *endpoint);

#endif
