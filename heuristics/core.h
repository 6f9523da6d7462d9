/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the core share: the state of a connection, the step that one segment makes in
 * it, and what a family of rules is. Private to heuristics/.
 *
 * A step is derived from the state *before* its segment; rules read both and change only their own
 * findings; then the tracker brings the state up to date.
 */
#ifndef DIAG_CORE_H
#define DIAG_CORE_H

#include <glib.h>

#include "diag.h"
#include "names.h"
#include "neighbours.h"
#include "tls.h"

#define DIAG_SECOND_NS INT64_C(1000000000)
#define DIAG_MS_NS     INT64_C(1000000)

/* Segments that a connection remembers, to find what a reset answers and what is a copy. */
#define DIAG_RECENT 16
/* Sent and unacknowledged ranges that are timed separately; later ones are merged into the last. */
#define DIAG_FLIGHT     16
#define DIAG_HOLES      8
#define DIAG_SYN_FRAMES 6
#define DIAG_RESETS     16
#define DIAG_HISTORY    40

/* What is remembered of one segment. */
struct diag_sent {
    uint32_t frame;
    int64_t time_ns;
    enum diag_side from;
    uint16_t flags;
    uint32_t seq;
    uint32_t end; /* seq + payload + SYN + FIN */
    uint32_t ack;
    uint32_t payload;
    uint32_t tsval;
    uint32_t hash; /* of the captured payload */
    uint16_t ip_id;
    uint16_t vlan;
    uint8_t ttl;
    uint8_t tunnel;
    bool timestamps;
};

/* A range of one side's sequence space that its peer has not acknowledged yet. */
struct diag_range {
    uint32_t seq;
    uint32_t end;
    uint32_t frame; /* first time it was sent */
    int64_t time_ns;
    uint32_t again;     /* times it was sent again */
    uint32_t again_seq; /* the last copy's */
    uint32_t again_frame;
    int64_t again_ns;
    int64_t longest_ns; /* longest silence between two transmissions of it */
    uint8_t ecn;        /* of the first transmission */
    bool fin;
};

/* Bytes that were sent (later ones were seen) but are not in the capture. */
struct diag_hole {
    uint32_t seq;
    uint32_t end;
    uint32_t frame; /* the segment behind the hole */
    uint32_t before_frame;
    int64_t time_ns;
    bool duplicate_acked; /* the receiver asked for it: it lacks the bytes too */
    uint32_t asked_frame;
};

/* Everything that one side of the connection sent. */
struct diag_half {
    uint32_t segments;
    uint32_t data_segments;
    uint64_t bytes;       /* payload, each byte counted once */
    uint64_t acked_bytes; /* of its peer, as its own ACK numbers show */
    uint32_t isn;         /* valid when syn */
    uint32_t nxt;         /* SND.NXT as the capture shows it; valid when segments > 0 */
    uint32_t una;    /* SND.UNA: the highest acknowledgment of the peer; valid when una_valid */
    uint32_t ack;    /* the highest ACK number it sent; valid when ack_valid */
    uint32_t edge;   /* right edge of the receive window it offered */
    uint32_t window; /* offered, in bytes, scaled */
    uint32_t fin_seq;
    uint32_t fin_frame;
    int64_t fin_ns;
    uint32_t fin_repeats;
    uint32_t rst_frame;
    int64_t rst_ns;
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t last_ns;
    uint32_t data_frame; /* last payload */
    int64_t data_ns;
    uint32_t first_data_frame;
    int64_t first_data_ns;
    uint32_t ack_frame; /* first segment that carried the ACK number in ack */
    int64_t ack_ns;
    uint32_t again;       /* segments with payload sent again */
    uint32_t again_frame; /* the first of them */
    uint32_t late;      /* segments with payload that filled a hole, too late for mere reordering */
    uint32_t probes;    /* keep-alive probes in a row, unanswered */
    uint32_t probe_run; /* keep-alive probes in a row, answered or not */
    int64_t probe_gap_ns; /* between the last two */
    uint32_t probe_frame;
    int64_t probe_ns;
    uint32_t probe_first_frame;
    int64_t probe_last_ns;
    uint32_t peer_mark;      /* the peer's SND.NXT when this side last sent payload: all above it is
                                unanswered; valid when mark_valid */
    uint32_t again_not_ect;  /* copies without ECN mark */
    uint32_t duplicate_acks; /* in a row */
    uint32_t zero_frame;     /* it closed its window here; 0 when the window is open */
    int64_t zero_ns;
    uint32_t tsval; /* the newest it sent */
    uint32_t first_tsval;
    uint32_t sack_edge; /* highest right edge it reported in SACK blocks */
    uint32_t hole_count;
    struct diag_hole hole[DIAG_HOLES];
    uint32_t flight_count;
    struct diag_range *flight; /* DIAG_FLIGHT, allocated with the first byte */
    unsigned options;          /* of its SYN or SYN/ACK */
    uint16_t mss;
    uint8_t wscale;
    uint8_t ttl;
    uint16_t syn_flags;
    bool syn;
    bool fin;
    bool una_valid;
    bool ack_valid;
    bool sack_valid;
    bool edge_valid;
    bool mark_valid;
    bool timestamps; /* sent at least one */
};

/* The SYNs of the client and what answered them. */
struct diag_opening {
    uint32_t attempts; /* series of SYNs */
    uint32_t syns;
    uint32_t series;                 /* SYNs in the running series */
    uint32_t frame[DIAG_SYN_FRAMES]; /* of the running series */
    int64_t first_ns;                /* of the running series */
    int64_t last_ns;
    uint32_t last_frame;
    int64_t all_first_ns; /* of the first series */
    uint32_t all_first_frame;
    uint32_t first_tsval;
    uint32_t newest_tsval;
    int64_t newest_ns;
    bool timestamps;
    bool ecn;      /* the first SYN of the series was an ECN-setup SYN */
    bool answered; /* the running series: by anything */
    bool over;     /* the running series ended in a reset: the next SYN begins another */

    uint32_t synacks;
    uint32_t synack_frame; /* the first with the current ISN */
    int64_t synack_ns;
    uint32_t synack_last_frame;
    int64_t synack_last_ns;
    uint32_t synack_tsecr;
    uint32_t synack_tsval;
    uint32_t synack_ack;
    uint32_t synack_repeats; /* same ISN again */
    uint32_t repeat_frame[DIAG_SYN_FRAMES];
    uint32_t repeats_after_ack;
    uint32_t repeats_after_data;
    bool synack_timestamps;

    uint32_t ack_frame; /* the client's third segment of the handshake */
    int64_t ack_ns;
    bool established;
    uint32_t bad_cycles; /* SYN/ACKs that the client rejected */
    uint32_t refusals;
    uint32_t icmp_frame;
    int64_t rtt_ns; /* SYN to SYN/ACK, DIAG_UNKNOWN_NS when a repeat makes it ambiguous */
};

/* What a side asked and whether it was answered. */
struct diag_request {
    bool open;
    bool due; /* a recognised request: silence is not its answer */
    bool tls;
    uint32_t frame;      /* first segment */
    uint32_t last_frame; /* last segment */
    int64_t first_ns;
    int64_t last_ns;
    uint32_t seq;
    uint32_t end;
    uint32_t bytes;
    uint32_t acked_frame; /* 0 until all of it was acknowledged */
    int64_t acked_ns;
};

struct diag_connection {
    struct diag_engine *engine;
    struct diag_endpoint endpoint[2]; /* by enum diag_side */
    uint32_t stream;
    uint32_t index; /* in the engine's list */
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t first_ns;
    int64_t last_ns;
    bool client_guessed;
    bool midstream;
    struct diag_half half[2];
    struct diag_opening opening;
    struct diag_request request;
    uint32_t requests;
    uint32_t answers;
    int64_t longest_answer_ns;
    int64_t min_rtt_ns;    /* DIAG_UNKNOWN_NS until known */
    int64_t ack_rtt_ns[2]; /* shortest time in which this side's data were acknowledged */
    uint32_t copies;
    enum diag_side closer; /* first FIN or RST; DIAG_NO_SIDE while open */
    uint32_t close_frame;
    int64_t close_ns;
    int64_t idle_before_close_ns;
    int64_t last_data_ns;    /* last payload of either side */
    int64_t segments_gap_ns; /* between the last two segments */
    int64_t stalled_ns;      /* that the user lost to repeated retransmission and closed windows */
    int64_t slow_ns;         /* that the user lost to slow answers */
    struct diag_tls *tls;
    struct diag_connection *previous;  /* same 4-tuple, before */
    struct diag_name_delay name_delay; /* a lookup that held this connection back */
    uint32_t recent_count;
    struct diag_sent recent[DIAG_RECENT];
    uint32_t reset_count;
    struct diag_reset *reset; /* DIAG_RESETS, allocated with the first */
    uint8_t history_length;
    char history[DIAG_HISTORY];
    uint64_t raised[(DIAG_ID_COUNT + 63) / 64];
    GPtrArray *events; /* borrowed findings; NULL until the first */
};

/* What one segment means, given the state before it. */
struct diag_step {
    struct diag_out *out;
    struct diag_connection *conn;
    const struct diag_segment *seg;
    enum diag_side from;
    struct diag_half *x; /* the sender */
    struct diag_half *y; /* its peer */
    uint32_t end;
    bool syn;    /* SYN without ACK */
    bool synack; /* SYN and ACK */
    bool rst;
    bool fin;
    bool fresh;     /* carries sequence space never seen before */
    bool again;     /* carries only sequence space seen before */
    bool fills;     /* it fills a hole: late or sent again, the first copy was never seen */
    bool keepalive; /* RFC 9293 3.8.4: at most one byte, just below SND.NXT */
    bool advances;  /* its ACK acknowledges something new */
    bool repeats_ack;
    uint32_t gap; /* bytes between what was seen of this side and this segment */
};

/* Where findings of one call go: the event list of the engine, or a verdict under way. */
struct diag_out {
    struct diag_engine *engine;
    struct diag_connection *conn;
    GPtrArray *list;
    bool verdict;
};

/* A family of rules. Any hook may be NULL. */
struct diag_rule {
    const char *name;
    void (*on_segment)(const struct diag_step *step); /* the state is as before the segment */
    void (*on_applied)(const struct diag_step *step); /* the state holds the segment */
    /* Another look when the capture is over (or looked at): nothing may be changed. */
    void (*on_end)(const struct diag_connection *conn, struct diag_out *out);
};

struct diag_engine {
    struct diag_settings settings;
    GHashTable *by_tuple;  /* struct tuple -> newest struct diag_connection */
    GHashTable *by_stream; /* stream -> struct diag_connection */
    GPtrArray *connections;
    GPtrArray *findings; /* all events, owned, in frame order */
    GStringChunk *strings;
    struct diag_names *names;
    struct diag_neighbours *neighbours;
    uint32_t frames;
    uint32_t last_frame;
    int64_t last_ns;
    uint32_t copies;
    uint32_t copy_frame[2];
    uint64_t fed;
    struct diag_judgement *judgement; /* of the first `judged` facts */
    uint64_t judged;
};

/* ---- sequence space (RFC 9293 3.4) */

static inline int32_t diag_seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static inline bool diag_seq_lt(uint32_t a, uint32_t b)
{
    return diag_seq_diff(a, b) < 0;
}

static inline bool diag_seq_le(uint32_t a, uint32_t b)
{
    return diag_seq_diff(a, b) <= 0;
}

static inline int64_t diag_ms(uint32_t ms)
{
    return (int64_t)ms * DIAG_MS_NS;
}

static inline int64_t diag_min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t diag_max_ns(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- findings (findings.c) */

/* Makes a finding with the catalogue's defaults, which the caller may then refine; NULL when the
 * capture does not hold what the diagnosis needs. Owned by the engine or the verdict. */
#define diag_raise(out, id, side, frame, ...)                                                      \
    diag_raise_values((out), (id), (side), (frame), (const int64_t[DIAG_MAX_VALUES]){__VA_ARGS__})
struct diag_finding *diag_raise_values(struct diag_out *out, enum diag_id id, enum diag_side side,
                                       uint32_t frame, const int64_t value[DIAG_MAX_VALUES]);

/* Adds evidence; frame 0, a frame cited already and NULL findings are ignored. */
void diag_cite(struct diag_finding *finding, enum diag_role role, uint32_t frame);

/* The evidence of an earlier finding, in its order: the same story, told again. */
void diag_cite_again(struct diag_finding *finding, const struct diag_finding *earlier);

/* Keeps a name from the packets with the engine. */
void diag_name_it(struct diag_out *out, struct diag_finding *finding, const char *text);

/* Chat and benign: nobody needs to act. */
void diag_excuse(struct diag_finding *finding);

/* An event with this id was raised for the connection. */
bool diag_raised(const struct diag_connection *conn, enum diag_id id);

/* The last event with this id, or NULL. */
const struct diag_finding *diag_raised_finding(const struct diag_connection *conn, enum diag_id id);

/* ---- tracker (tracker.c, opening.c, turns.c) */

void diag_step_derive(struct diag_step *step);
void diag_step_apply(const struct diag_step *step);
void diag_opening_apply(const struct diag_step *step);
void diag_history_add(const struct diag_step *step);
void diag_turns_apply(const struct diag_step *step);
void diag_tls_apply(const struct diag_step *step);
/* The client's own recognised request, so that silence is no answer to it. */
bool diag_is_request(const struct diag_segment *seg);

/* The user noticed that this range was sent again. */
bool diag_range_stalled(const struct diag_range *range);

/* ---- copies (copies.c) */

/* The same frame captured twice (SPAN, VLAN, tunnel): it is left out of every TCP rule. */
const struct diag_sent *diag_copy_of(const struct diag_connection *conn,
                                     const struct diag_segment *seg, enum diag_side from);
uint32_t diag_payload_hash(const struct diag_segment *seg);

/* ---- questions about a connection (connection.c) */

struct diag_connection *diag_connection_new(struct diag_engine *engine,
                                            const struct diag_segment *seg);
void diag_connection_free(void *connection);
enum diag_side diag_side_of(const struct diag_connection *conn, const struct diag_segment *seg);

/* An estimate of the round trip, never 0: the shortest seen, else 200 ms. */
int64_t diag_rtt(const struct diag_connection *conn);
bool diag_both_fins(const struct diag_connection *conn);
/* Bytes that this side sent and its peer has not acknowledged (FIN not counted). */
uint32_t diag_outstanding(const struct diag_connection *conn, enum diag_side side);
/* Payload of this side that the capture shows; a FIN and a SYN are no bytes. */
bool diag_spoke(const struct diag_connection *conn, enum diag_side side);
/* The last remembered segment of this side for which the test holds; NULL if none. */
const struct diag_sent *diag_recent_find(const struct diag_connection *conn, enum diag_side side,
                                         bool (*test)(const struct diag_sent *, uint32_t),
                                         uint32_t argument);
/* One direction is missing from the capture although the connection worked. */
bool diag_one_way(const struct diag_connection *conn);
/* The capture ends so soon after this moment that an answer may just not have been captured. */
bool diag_near_end(const struct diag_connection *conn, int64_t since_ns);
const char *diag_ecn_state(const struct diag_connection *conn);
const char *diag_timestamp_state(const struct diag_connection *conn);
bool diag_tls_established(const struct diag_connection *conn);
bool diag_closes_by_design(const struct diag_connection *conn);
/* Facts of the TLS session, NULL when the client does not speak TLS. */
const struct diag_tls_facts *diag_tls_of(const struct diag_connection *conn);
/* The TLS handshake is under way: somebody owes the next message. */
bool diag_in_tls_handshake(const struct diag_connection *conn);
/* An answer to the open request is due: silence is not one (long poll, push and one-way protocols
 * are told apart by shape). */
bool diag_answer_due(const struct diag_connection *conn, int64_t waited_ns);
/* Bytes of the peer that this side has not answered with a byte of its own. */
uint32_t diag_unanswered(const struct diag_connection *conn, enum diag_side side);
/* Bytes that its peer acknowledged and that are not in the capture, behind the last that are. */
uint32_t diag_unseen(const struct diag_connection *conn, enum diag_side sender);
/* The unfilled hole that the receiver asks for, else NULL. */
const struct diag_hole *diag_asked_hole(const struct diag_half *sender);
/* When the waiting of a side ended: the close, or the end of the capture. */
int64_t diag_wait_end(const struct diag_connection *conn);

/* RFC 7323 3.2: the echo in the SYN/ACK is one that the client can have sent (rules/synack.c). */
bool diag_good_echo(const struct diag_connection *conn);

/* ---- parts that the engine calls */

/* Every family's second look, in the order of rules.def. */
void diag_rules_end(const struct diag_connection *conn, struct diag_out *out);
/* An ICMP error that quotes a segment of this connection (rules/connect.c). */
void diag_icmp_answers(struct diag_out *out, const struct diag_icmp *icmp);
struct diag_judgement;
void diag_judgement_free(struct diag_judgement *judgement);

#endif
