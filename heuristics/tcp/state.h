/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a connection: what each side sent, what is in flight, what is missing, how it was
 * opened, whose turn it is. All-zero is nearly the initial state. Private to heuristics/.
 */
#ifndef DIAG_STATE_H
#define DIAG_STATE_H

#include <glib.h>

#include "names/claims.h"
#include "diag.h"
#include "names/names.h"
#include "names/neighbours.h"
#include "tls/tls.h"

#define DIAG_SECOND_NS INT64_C(1000000000)
#define DIAG_MS_NS     INT64_C(1000000)

/* Segments that a connection remembers, to find what a reset answers and what is a copy. */
#define DIAG_RECENT 16
/* Sent and unacknowledged ranges that are timed separately; later ones are merged into the last. */
#define DIAG_FLIGHT     16
#define DIAG_HOLES      8
#define DIAG_SYN_FRAMES 6
/* A reader who breaks off a download resets each segment that was on the way. */
#define DIAG_RESETS  4096
#define DIAG_HISTORY 40

/* Enough to tell "HTTP/1.1 200" from "HTTP/1.1 302". */
#define DIAG_HEAD_BYTES 20

/* What is remembered of one segment: 64 bytes, for every connection has up to 32 of them. */
struct diag_sent {
    int64_t time_ns;
    uint32_t frame;
    uint32_t seq;
    uint32_t end; /* seq + payload + SYN + FIN */
    uint32_t ack;
    uint32_t payload;
    uint32_t tsval;
    uint16_t flags;
    uint16_t ip_id;
    uint16_t vlan;
    uint8_t ttl;
    uint8_t tunnel;
    bool timestamps;
    enum diag_side from : 8;
    uint8_t head_length;
    uint8_t head[DIAG_HEAD_BYTES]; /* the payload begins with these */
};

/* A range of one side's sequence space that its peer has not acknowledged yet. */
struct diag_range {
    uint32_t seq;
    uint32_t end;
    uint32_t frame; /* first time it was sent */
    int64_t time_ns;
    uint32_t again;     /* times it was sent again */
    uint32_t copies;    /* segments with payload that were sent again for it */
    uint32_t again_seq; /* the last copy's */
    uint32_t again_frame;
    int64_t again_ns;
    int64_t longest_ns;   /* longest silence between two transmissions of it */
    uint32_t again_tsval; /* of the first copy */
    uint16_t size;        /* payload of the largest segment in it */
    uint16_t again_size;  /* of the last copy */
    uint8_t ecn;          /* of the first transmission */
    uint8_t again_ecn;    /* of all copies */
    uint8_t bare;         /* transmissions without timestamps, up to 255 */
    uint8_t full;         /* copies as large as the first transmission */
    bool fin;
    bool sacked;
    bool busy;       /* sent while the path was in use */
    uint16_t idle_s; /* seconds of silence before it was sent first, if many */
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
    uint32_t most_window;     /* the largest it offered */
    uint32_t full_frame;      /* its data filled the peer's window here; 0 while there is room */
    uint32_t ever_full_frame; /* the first time */
    int64_t full_since_ns;
    int64_t full_ns;          /* it had no room for a segment, in all */
    int64_t starved_since_ns; /* the same with nothing under way; valid when starved */
    int64_t starved_ns;
    uint32_t brims; /* segments that ended where the peer's window would end, unscaled */
    uint32_t fin_seq;
    uint32_t fin_frame;
    int64_t fin_ns;
    uint32_t fin_repeats;
    uint32_t rst_frame; /* its first reset */
    uint32_t rst_seq;
    uint32_t before_rst_frame; /* its last segment before that */
    int64_t before_rst_ns;
    uint16_t rst_ip_id;
    uint8_t rst_ttl;
    uint8_t id_steps; /* IP IDs in a row that counted up */
    uint16_t ip_id;   /* the last, resets not counted */
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
    uint32_t repaired;    /* those of them that were acknowledged in the end */
    int64_t repair_ns;    /* its peer waited for such data, in all */
    int64_t repaired_ns;  /* the last of them arrived, or was acknowledged */
    uint32_t unfelt;      /* copies of what nobody waited for */
    uint32_t late;      /* segments with payload that filled a hole, too late for mere reordering */
    uint32_t probes;    /* keep-alive probes in a row, unanswered */
    uint32_t probe_run; /* keep-alive probes in a row, answered or not */
    uint32_t probe_run_frame; /* the first of the run */
    int64_t probe_run_ns;
    int64_t probe_gap_ns; /* between the last two */
    uint32_t probe_frame;
    int64_t probe_ns;
    uint32_t probe_first_frame;
    int64_t probe_last_ns;
    uint32_t peer_mark;      /* the peer's SND.NXT when this side last sent payload: all above it is
                                unanswered; valid when mark_valid */
    uint32_t again_not_ect;  /* copies without ECN mark */
    uint32_t duplicate_acks; /* in a row */
    uint32_t refusals;       /* transmissions of the oldest data that were answered, not taken */
    uint32_t refused_seq;    /* of these data */
    uint32_t refused_frame;  /* the last of these transmissions */
    uint32_t zero_frame;     /* it closed its window here; 0 when the window is open */
    int64_t zero_ns;
    uint32_t held;       /* small segments that waited for an ACK which the peer delayed */
    uint32_t held_frame; /* the first of them */
    int64_t held_ns;     /* of all of them */
    uint32_t tsval;      /* the newest it sent */
    uint32_t first_tsval;
    uint32_t bare_frame;  /* its first data without timestamps; 0 if none */
    uint32_t sack_edge;   /* highest right edge it reported in SACK blocks */
    uint32_t damaged_seq; /* of the data whose copies were looked at last */
    uint32_t hole_count;
    struct diag_hole *hole; /* DIAG_HOLES, allocated with the first */
    uint32_t flight_count;
    uint32_t flight_room;
    struct diag_range *flight; /* grows up to DIAG_FLIGHT */
    unsigned options;          /* of its SYN or SYN/ACK */
    unsigned stripped;         /* of them, what a copy captured farther on lacks */
    uint16_t mss;
    uint16_t passed;      /* payload of the largest segment that its peer (S)ACKed */
    uint16_t clamped_mss; /* as such a copy has it, if lower; else 0 */
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
    bool starved;
    bool over_brim;   /* it sent more */
    bool never_holds; /* it sends small segments while others are under way */
    bool ect_passed;  /* data that it sent with a congestion mark arrived */
    bool bare_taken;  /* its peer has acknowledged data that only came without */
    bool whole;       /* the TCP checksum of its first segment is right */
    bool mended;      /* an intact copy followed damaged ones */
    uint8_t damaged;  /* copies in a row of its oldest data with a wrong checksum */
    bool unasked;     /* nobody had asked for what it says now, and nobody waits for it */
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
    bool ecn; /* the first SYN of the series was an ECN-setup SYN */
    bool ecn_answered;
    uint32_t ecn_syns;
    uint32_t plain_syns; /* after one with ECN */
    bool answered;       /* the running series: by anything */
    bool over;           /* the running series ended in a reset: the next SYN begins another */

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
    uint32_t ack_tsecr; /* its echo; 0 without timestamps */
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
    bool patient;        /* it waits for news, or for nothing */
    uint8_t upgrade;     /* enum diag_upgrade: it asks for TLS */
    uint32_t pauses;     /* after which the client went on unanswered */
    uint32_t frame;      /* first segment */
    uint32_t last_frame; /* last segment */
    int64_t first_ns;
    int64_t last_ns;
    uint32_t seq;
    uint32_t end;
    uint32_t bytes;
    uint32_t acked_frame; /* 0 until all of it was acknowledged */
    int64_t acked_ns;
    int64_t served_ns; /* of the server's time, for this request */
    int64_t slow_ns;   /* that the user lost to a slow answer to it */
};

struct diag_connection {
    struct diag_endpoint endpoint[2]; /* by enum diag_side; first, for lookup.c */
    struct diag_engine *engine;
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
    uint32_t pushes;     /* of the server: it spoke although nobody had asked */
    uint8_t holds;       /* answers in a row that a timer seems to have held back, see spent.c */
    int64_t hold_ns;     /* how long, the last time */
    int64_t hold_end_ns; /* when the last answer came */
    int64_t held_ns;     /* of the server's time, for all of these */
    int64_t held_slow_ns;
    int64_t timer_ns;            /* its timer, once it is known to have one; else 0 */
    uint32_t pauses;             /* of the client, between an answer and its next request */
    int64_t pauses_ns;           /* all of them */
    int64_t request_interval_ns; /* between its last two requests */
    bool polls;                  /* it asks at even intervals */
    int64_t longest_answer_ns;
    int64_t shortest_answer_ns; /* DIAG_UNKNOWN_NS until the first */
    int64_t min_rtt_ns;         /* DIAG_UNKNOWN_NS until known */
    int64_t ack_rtt_ns[2];      /* shortest time in which this side's data were acknowledged */
    uint8_t ack_rtts[2];        /* of so many, up to 255 */
    uint32_t copies;
    enum diag_side closer; /* first FIN or RST; DIAG_NO_SIDE while open */
    uint32_t close_frame;
    uint32_t close_ack; /* what the closer had received by then */
    int64_t close_ns;
    int64_t idle_before_close_ns;
    int64_t last_data_ns;    /* last payload of either side */
    int64_t segments_gap_ns; /* between the last two segments */
    int64_t stalled_ns;      /* that the user lost to repeated retransmission and closed windows */
    int64_t slow_ns;         /* that the user lost to slow answers */
    int64_t spent_ns[DIAG_PART_COUNT]; /* where the time went; the name's part stays 0 */
    uint8_t upgrade;          /* enum diag_upgrade: the client asked for TLS, and was answered */
    bool upgraded;            /* with yes */
    uint8_t offers_tls;       /* enum diag_upgrade_offer: STARTTLS in the mail server's list */
    uint32_t upgrade_end;     /* the client's next byte then */
    uint32_t upgrade_frame;   /* of the answer */
    char *web_host;           /* that its first HTTP request asked for; NULL if none */
    struct diag_marks *marks; /* of both sides; NULL until ECN gives a reason */
    bool ecn_off;             /* SYN and SYN/ACK agreed to none, and no mark was seen since */
    struct diag_tls *tls;
    bool tls_answered; /* the server has sent data that may answer some of the client's */
    struct diag_connection *previous; /* same 4-tuple, before */
    uint32_t recent_count;
    struct diag_sent
        *recent; /* the last DIAG_RECENT at most, in a space that they wander through */
    struct diag_sent *recent_space;
    uint32_t recent_start;
    uint32_t recent_capacity;
    struct diag_losses *losses; /* NULL until the first gap or segment sent again (loss.h) */
    uint32_t reset_count;
    struct diag_reset *reset; /* grows up to DIAG_RESETS */
    uint64_t history_letters; /* that are in it: bit 0 is 'A', bit 32 'a' */
    uint8_t history_length;
    char history[DIAG_HISTORY];
    uint64_t raised[(DIAG_ID_COUNT + 63) / 64];
    GPtrArray *events; /* borrowed findings; NULL until the first */
};

#endif
