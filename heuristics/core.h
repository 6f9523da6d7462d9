/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the core share: the step that one segment makes in the state of its connection,
 * what a family of rules is, and the questions that rules ask. Private to heuristics/.
 *
 * A step is derived from the state *before* its segment; rules read both and change only their own
 * findings; then the tracker brings the state up to date.
 */
#ifndef DIAG_CORE_H
#define DIAG_CORE_H

#include "tcp/state.h"

/* What a segment may be, so that a family of rules is asked only about what can concern it. */
enum diag_trait {
    DIAG_SEES_FIRST = 1 << 0,      /* the first of the connection */
    DIAG_SEES_SYN = 1 << 1,        /* SYN or SYN/ACK */
    DIAG_SEES_OPENING = 1 << 2,    /* the handshake was not complete before it */
    DIAG_SEES_DATA = 1 << 3,       /* payload */
    DIAG_SEES_FIRST_DATA = 1 << 4, /* its sender has said nothing before */
    DIAG_SEES_AGAIN = 1 << 5,      /* sequence space that was sent before, probes included */
    DIAG_SEES_GAP = 1 << 6,        /* bytes are missing on either side */
    DIAG_SEES_WINDOW = 1 << 7,     /* its sender's window was closed */
    DIAG_SEES_FIN = 1 << 8,
    DIAG_SEES_RST = 1 << 9,
    DIAG_SEES_CLOSED = 1 << 10,    /* somebody had closed before it */
    DIAG_SEES_HANDSHAKE = 1 << 11, /* of TLS, under way */
    DIAG_SEES_REFUSAL = 1 << 12,   /* an ACK that answers its peer's data without taking them */
    DIAG_SEES_ASKED = 1 << 13,     /* a request was unanswered before it */
    DIAG_SEES_REPAIR = 1 << 14,    /* it acknowledges what had to be sent again */
    DIAG_SEES_ODD_FRAME = 1 << 15, /* cut short, larger than Ethernet allows, or out of time */
    DIAG_SEES_ECN = 1 << 16,       /* a congestion mark or an answer to one, or there were some */
    DIAG_SEES_ANY = 1 << 17        /* every segment is */
};

#define DIAG_TRAITS 18

/* Ethernet without jumbo frames (RFC 894), less the headers of IP and TCP. */
#define DIAG_ETHERNET_MSS 1460

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
    bool refuses;    /* it answers the peer's oldest data at once, and does not take them */
    unsigned traits; /* enum diag_trait */
    uint32_t gap;    /* bytes between what was seen of this side and this segment */
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
    unsigned sees; /* enum diag_trait: on_segment is called if one of them holds; 0: always */
    unsigned sees_applied;                            /* the same for on_applied */
    void (*on_segment)(const struct diag_step *step); /* the state is as before the segment */
    void (*on_applied)(const struct diag_step *step); /* the state holds the segment */
    /* Another look when the capture is over (or looked at): nothing may be changed. */
    void (*on_end)(const struct diag_connection *conn, struct diag_out *out);
    /* What came after this event (an event never changes) has proved it wrong. */
    bool (*overtaken)(const struct diag_connection *conn, const struct diag_finding *event);
};

/* Which families are asked about a segment with this trait: bit i is the i-th of rules.def. */
struct diag_asked {
    uint64_t on_segment;
    uint64_t on_applied;
};

#define DIAG_NEAR 256

struct diag_engine {
    struct diag_settings settings;
    struct diag_asked asked[DIAG_TRAITS]; /* by bit of enum diag_trait */
    GHashTable *by_ends;   /* set of struct diag_connection: the newest between two endpoints */
    GHashTable *by_stream; /* stream -> struct diag_connection */
    struct diag_connection *near[DIAG_NEAR]; /* some of by_stream, by its last bits */
    GPtrArray *connections;
    GPtrArray *findings; /* all events, owned, in frame order */
    GStringChunk *strings;
    struct diag_names *names;
    struct diag_neighbours *neighbours;
    struct diag_claims *claims;
    struct diag_certificates *certificates;
    uint32_t frames;
    uint32_t last_frame;
    int64_t last_ns;
    uint32_t copies;
    uint32_t copy_frame[2]; /* the last pair of which both are known */
    int64_t copy_ns;        /* between them */
    uint32_t gaps;          /* holes whose bytes arrived but were not captured */
    uint64_t gap_bytes;
    uint64_t drops;      /* counted by the capturing device itself */
    uint32_t drop_frame; /* the first frame that told of some */
    uint32_t gap_frame;
    int64_t first_ns;
    bool offload;                         /* some segment was larger than any packet can be */
    bool fine_clock;                      /* some frame has a fraction of a second */
    uint64_t dropped[DIAG_DROPPED_COUNT]; /* other parts count theirs: see diag_dropped() */
    uint32_t dropped_stream;              /* the last stream that was; holds when any was */
    uint64_t fed;
    struct diag_judgement *judgement; /* of the first `judged` facts */
    uint64_t judged;
    bool held; /* that judgement stands */
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

/* A sum that a capture whose clock leaps to and fro cannot make overflow. */
static inline void diag_add_ns(int64_t *sum, int64_t ns)
{
    const int64_t most = INT64_C(1) << 61; /* 73 years */

    *sum = diag_min_ns(*sum, most) + diag_min_ns(diag_max_ns(ns, 0), most);
}

/* ---- distance */

/* One hop is a NAT, a container or a host bridge. */
#define DIAG_FOREIGN_HOPS 2

/* TTLs start at 64, 128 or 255 in all stacks; a host may use several of them. */
static inline int diag_hops(uint8_t ttl)
{
    return (ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255) - ttl;
}

static inline bool diag_foreign_hops(uint8_t usual, uint8_t ttl)
{
    int apart = diag_hops(ttl) - diag_hops(usual);

    return apart >= DIAG_FOREIGN_HOPS || apart <= -DIAG_FOREIGN_HOPS;
}

/* IDs of one counter, this far apart at most (RFC 6864 allows anything). */
#define DIAG_ID_STEP 256

static inline bool diag_id_follows(uint16_t id, uint16_t next)
{
    uint16_t step = (uint16_t)(next - id);

    return step != 0 && step <= DIAG_ID_STEP;
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
/* The receiver had asked for this hole, and the copy in this frame filled it late. */
void diag_cite_late(struct diag_finding *finding, const struct diag_hole *hole, uint32_t frame);

/* Keeps a name from the packets with the engine. */
void diag_name_it(struct diag_out *out, struct diag_finding *finding, const char *text);

/* Chat and benign: nobody needs to act. */
void diag_excuse(struct diag_finding *finding);

/* An event with this id was raised for the connection. */
static inline bool diag_raised(const struct diag_connection *conn, enum diag_id id)
{
    return conn->raised[id / 64] >> (id % 64) & 1;
}

/* The last event with this id, or NULL. */
const struct diag_finding *diag_raised_finding(const struct diag_connection *conn, enum diag_id id);

/* ---- tracker (tracker.c, opening.c, turns.c) */

void diag_step_derive(struct diag_step *step);
/* enum diag_trait; everything else of the step must be derived. */
unsigned diag_step_traits(const struct diag_step *step);
/* How far the clock ran ahead, or back if negative, beyond what can be; else 0. */
int64_t diag_clock_jump(const struct diag_step *step);
void diag_step_apply(const struct diag_step *step);
void diag_opening_apply(const struct diag_step *step);
void diag_flight_add(const struct diag_step *step);
void diag_flight_again(const struct diag_step *step);
void diag_flight_acknowledge(const struct diag_step *step);
/* The peer of this side waited from then to then for what had to be sent again. */
void diag_flight_add_repair(struct diag_half *x, int64_t from_ns, int64_t to_ns);
/* What this side has in flight at this number, NULL if nothing. */
struct diag_range *diag_flight_at(const struct diag_half *x, uint32_t seq);
/* SACK blocks: what arrived behind a hole. */
void diag_flight_sack(const struct diag_step *step);
/* The ACK, which repeats its number, answers the last transmission of the oldest data in flight. */
bool diag_flight_is_refused(const struct diag_step *step);
void diag_flight_refuse(const struct diag_step *step);
/* RFC 7323 2.2. */
uint32_t diag_scaled_window(const struct diag_step *step);
void diag_window_apply(const struct diag_step *step);
/* The largest segment that this side takes. */
uint32_t diag_mss_of(const struct diag_half *receiver);
void diag_gaps_open(const struct diag_step *step);
void diag_gaps_count_late(const struct diag_step *step);
void diag_gaps_fill(const struct diag_step *step);
/* The hole is filled by its own bytes, overtaken on the way, and not by a copy of them. */
bool diag_gap_fills_late(const struct diag_step *step, const struct diag_hole *hole);
void diag_gaps_ask(const struct diag_step *step);
void diag_gaps_close(const struct diag_step *step);
void diag_history_add(const struct diag_step *step);
void diag_turns_apply(const struct diag_step *step);
void diag_tls_apply(const struct diag_step *step);
/* The client's own recognised request, so that silence is no answer to it. */
bool diag_is_request(const struct diag_segment *seg);

/* What the server sends in TLS 1.3 by itself when the handshake is over, and no answer to the data
 * of the client. Only before the first answer (tickets.c). */
bool diag_only_tickets(const struct diag_step *step);

/* Bytes of TLS that neither ask nor answer anything. */
bool diag_is_tls_housekeeping(const struct diag_step *step);

/* ---- which connection (lookup.c) */

void diag_lookup_init(struct diag_engine *engine);
void diag_lookup_free(struct diag_engine *engine);
/* That of the segment, which begins one if there is none; NULL if there are too many. */
struct diag_connection *diag_connection_of(struct diag_engine *engine,
                                           const struct diag_segment *seg);
/* NULL when there is none; between two endpoints, the newest. */
struct diag_connection *diag_connection_of_stream(const struct diag_engine *engine,
                                                  uint32_t stream);
struct diag_connection *diag_connection_between(const struct diag_engine *engine,
                                                const struct diag_endpoint *a,
                                                const struct diag_endpoint *b);

/* ---- options of SYN and SYN/ACK (options.c) */

/* The same SYN or SYN/ACK, captured at a second place. */
void diag_options_compare(struct diag_connection *conn, enum diag_side from,
                          const struct diag_segment *copy);

/* ---- questions about a connection (connection.c) */

struct diag_connection *diag_connection_new(struct diag_engine *engine,
                                            const struct diag_segment *seg);
void diag_connection_free(void *connection);

/* An estimate of the round trip, never 0: the shortest seen, else 200 ms. */
int64_t diag_rtt(const struct diag_connection *conn);
bool diag_both_fins(const struct diag_connection *conn);
/* The segment in this frame, NULL when it is forgotten. */
const struct diag_sent *diag_sent_in(const struct diag_connection *conn, uint32_t frame);
/* Bytes that this side sent and its peer has not acknowledged (FIN not counted). */
uint32_t diag_outstanding(const struct diag_connection *conn, enum diag_side side);
/* Payload of this side that the capture shows; a FIN and a SYN are no bytes. */
bool diag_spoke(const struct diag_connection *conn, enum diag_side side);
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
/* The server's certificate was read, and covers the name that was asked for, if one was
 * (rules/tls_certificate.c). */
bool diag_certificate_fits(const struct diag_connection *conn);
/* The payload begins with this hello (enum diag_tls_handshake). */
bool diag_is_tls_hello(const struct diag_segment *seg, uint8_t type);
/* An answer to the open request is due: silence is not one (long poll, push and one-way protocols
 * are told apart by shape). */
bool diag_answer_due(const struct diag_connection *conn, int64_t waited_ns);
/* The same without the guess that a lonely request, never answered, was one. */
bool diag_answer_expected(const struct diag_connection *conn, int64_t waited_ns);
/* Bytes of the peer that this side has not answered with a byte of its own. */
uint32_t diag_unanswered(const struct diag_connection *conn, enum diag_side side);
/* Bytes that its peer acknowledged and that are not in the capture, behind the last that are. */
uint32_t diag_unseen(const struct diag_connection *conn, enum diag_side sender);
/* Of neither side anything is missing so far. */
bool diag_saw_all(const struct diag_connection *conn);
/* The unfilled hole that the receiver asks for, else NULL. */
const struct diag_hole *diag_asked_hole(const struct diag_half *sender);
/* How long this side's window stayed closed until the close, or its last segment, while its peer
 * wanted to send; 0 if it is open. */
int64_t diag_kept_closed(const struct diag_connection *conn, enum diag_side side);
/* When the waiting of a side ended: the close, or the end of the capture. */
int64_t diag_wait_end(const struct diag_connection *conn);

/* Connections looked at on either side. */
#define DIAG_BESIDE_MOST 512

/* The test holds for a connection that began within this time before or after (beside.c). */
bool diag_any_beside(const struct diag_connection *conn, int64_t within_ns,
                     bool (*test)(const struct diag_connection *conn,
                                  const struct diag_connection *other));
/* The nearest such connection, before (step -1) or after (step 1) this one; NULL if none. */
const struct diag_connection *
diag_beside(const struct diag_connection *conn, int step, int64_t within_ns,
            bool (*test)(const struct diag_connection *conn, const struct diag_connection *other));
/* The same client, server and server port. */
bool diag_same_ends(const struct diag_connection *a, const struct diag_connection *b);
/* The connection to another address of the same name that was faster, and the name; NULL if there
 * is none. */
const struct diag_connection *diag_race_winner(const struct diag_connection *conn,
                                               struct diag_name_origin *origin);
bool diag_lost_race(const struct diag_connection *conn);

/* The receiver answers this side's oldest data again and again, and does not take them
 * (rules/rejected.c). */
bool diag_is_rejected(const struct diag_half *sender);

/* RFC 7323 3.2: the echo in the SYN/ACK is one that the client can have sent (rules/synack.c). */
bool diag_good_echo(const struct diag_connection *conn);

/* ---- parts that the engine calls */

/* Every family's second look, in the order of rules.def. */
void diag_rules_end(const struct diag_connection *conn, struct diag_out *out);
/* What came later has proved this event wrong. */
bool diag_rules_overtaken(const struct diag_connection *conn, const struct diag_finding *event);
/* An ICMP error that quotes a segment of this connection (rules/connect.c). */
void diag_icmp_answers(struct diag_out *out, const struct diag_icmp *icmp);
struct diag_judgement;
void diag_judgement_free(struct diag_judgement *judgement);

#endif
