/*
 * The one interface between heuristics/ and the world: facts in, findings out.
 *
 * No epan, no I/O, no clock, no globals that change. Every struct here can be filled by hand in a
 * test. Times are nanoseconds since the Unix epoch, frames are 1-based, 0 is "no frame". Sequence
 * numbers are absolute, as on the wire, and wrap.
 */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Public name: protocol, display filters, tap, report. The one place to change it. */
#define DIAG_PREFIX "diag"

#define DIAG_MAX_VALUES   6
#define DIAG_MAX_EVIDENCE 8
#define DIAG_MAX_CAUSES   20
#define DIAG_NO_STREAM    UINT32_MAX
#define DIAG_UNKNOWN_NS   INT64_MIN
/* Whatever a capture file claims, facts lie between 1970 and 2116, so that times can always be
 * subtracted, and two durations added. */
#define DIAG_EARLIEST_NS INT64_C(0)
#define DIAG_LATEST_NS   ((INT64_C(1) << 62) - 1)

enum diag_id {
#define DIAGNOSIS(id, ...) DIAG_##id,
#include "catalogue.def"
#undef DIAGNOSIS
    DIAG_ID_COUNT
};

enum diag_severity {
    DIAG_CHAT,
    DIAG_NOTE,
    DIAG_WARN,
    DIAG_ERROR
};

/* Where in the life of a connection a diagnosis belongs. */
enum diag_stage {
    DIAG_STAGE_CAPTURE,
    DIAG_STAGE_NAME,
    DIAG_STAGE_CONNECT,
    DIAG_STAGE_DATA,
    DIAG_STAGE_CLOSE,
    DIAG_STAGE_TLS_HANDSHAKE,
    DIAG_STAGE_TLS_DATA,
    DIAG_STAGE_HOST
};

enum diag_side {
    DIAG_CLIENT,
    DIAG_SERVER,
    DIAG_NO_SIDE
};

static inline enum diag_side diag_peer(enum diag_side side)
{
    return side == DIAG_CLIENT ? DIAG_SERVER : DIAG_CLIENT;
}

/* Suspects, a set: two bits are an honest "x_or_y" (server_or_path). */
enum diag_blame {
    DIAG_BLAME_NONE = 0,
    DIAG_BLAME_CLIENT = 1 << 0,
    DIAG_BLAME_SERVER = 1 << 1,
    DIAG_BLAME_PROXY = 1 << 2,
    DIAG_BLAME_PATH = 1 << 3,
    DIAG_BLAME_MIDDLEBOX = 1 << 4,
    DIAG_BLAME_CAPTURE = 1 << 5,
    DIAG_BLAME_UNKNOWN = 1 << 6
};

/* Which part of the suspect, where the packets tell. */
enum diag_layer {
    DIAG_LAYER_UNKNOWN,
    DIAG_LAYER_APP,
    DIAG_LAYER_CONFIG,
    DIAG_LAYER_STACK,
    DIAG_LAYER_NETWORK
};

enum diag_confidence {
    DIAG_LOW,
    DIAG_MEDIUM,
    DIAG_HIGH
};

/* What the capture must hold before a diagnosis may be made at all; the engine enforces it. */
enum diag_needs {
    DIAG_NEEDS_SYN = 1 << 0,      /* the client's SYN was captured */
    DIAG_NEEDS_BOTH_WAYS = 1 << 1 /* at least one segment of each side was captured */
};

enum diag_unit {
    DIAG_NO_UNIT,
    DIAG_COUNT,
    DIAG_BYTES,
    DIAG_DURATION, /* nanoseconds */
    DIAG_FRAME,
    DIAG_NUMBER, /* a header value as it stands: sequence number, TSval, port, TTL */
    DIAG_PERCENT,
    DIAG_ALERT, /* TLS alert description */
    DIAG_ICMP,  /* type << 8 | code, + 1 << 16 for ICMPv6 */
    DIAG_TEXT   /* the finding's text: a name from the packets */
};

#define CAUSE(name) DIAG_CAUSE_##name,
enum diag_cause {
    DIAG_CAUSE_none,
#include "causes.def"
    DIAG_CAUSE_COUNT
};
#undef CAUSE

#define ROLE(name) DIAG_ROLE_##name,
enum diag_role {
#include "roles.def"
    DIAG_ROLE_COUNT
};
#undef ROLE

/* ---- catalogue: every word a user reads ---------------------------------------------------- */

/* One named number of a finding, in the order in which the rule reports them. */
struct diag_value_spec {
    const char *name;
    enum diag_unit unit;
};

/* Texts that replace the diagnosis's own when a finding has this cause. NULL keeps the general
 * text.
 */
struct diag_cause_spec {
    enum diag_cause cause;
    const char *summary;
    const char *explanation;
    const char *next_step;
};

struct diag_id_list {
    const enum diag_id *id;
    size_t count;
};

/* {name} in a text is a value; {client}, {server}, {side}, {peer} and {blame} come from the
 * connection and the finding. */
struct diag_diagnosis {
    const char *slug;
    enum diag_stage stage;
    enum diag_severity severity; /* unless the rule says otherwise */
    unsigned needs;              /* enum diag_needs */
    unsigned blame;              /* enum diag_blame, unless the rule says otherwise */
    enum diag_layer layer;
    enum diag_confidence confidence;
    bool fails;        /* unexplained and not benign, it means that the connection failed */
    bool tls;          /* shown at the TLS item rather than the TCP item */
    const char *title; /* what happened, in the user's words */
    const char *summary;
    const char *explanation;
    const char *next_step;
    const char *reference;
    struct diag_value_spec values[DIAG_MAX_VALUES];
    struct diag_cause_spec causes[DIAG_MAX_CAUSES];
    struct diag_id_list explains; /* the symptoms that it folds */
};

extern const struct diag_diagnosis diag_catalogue[DIAG_ID_COUNT];

/* DIAG_ID_COUNT when there is no such diagnosis. */
enum diag_id diag_id_of(const char *slug);

/* ---- facts --------------------------------------------------------------------------------- */

struct diag_address {
    uint8_t length; /* 4 or 16; 0 is "none" */
    uint8_t bytes[16];
};

struct diag_endpoint {
    struct diag_address address;
    uint16_t port;
};

enum diag_tcp_flag {
    DIAG_FIN = 0x001,
    DIAG_SYN = 0x002,
    DIAG_RST = 0x004,
    DIAG_PSH = 0x008,
    DIAG_ACK = 0x010,
    DIAG_URG = 0x020,
    DIAG_ECE = 0x040,
    DIAG_CWR = 0x080,
    DIAG_AE = 0x100
};

enum diag_option {
    DIAG_OPT_MSS = 1 << 0,
    DIAG_OPT_WSCALE = 1 << 1,
    DIAG_OPT_SACK_PERMITTED = 1 << 2,
    DIAG_OPT_TIMESTAMPS = 1 << 3,
    DIAG_OPT_SACK = 1 << 4,
    DIAG_OPT_FAST_OPEN = 1 << 5,
    DIAG_OPT_MPTCP = 1 << 6,
    DIAG_OPT_MD5 = 1 << 7,
    DIAG_OPT_MPTCP_JOIN = 1 << 8, /* MP_JOIN: a further subflow */
    DIAG_OPT_MPTCP_RESET = 1 << 9 /* MP_TCPRST, with a reason */
};

/* A TLS record that somebody with the keys decrypted. */
struct diag_decrypted {
    uint8_t type; /* its content type; in TLS 1.3 the inner one */
    uint32_t length;
    const uint8_t *data;
};

enum diag_checksum {
    DIAG_CHECKSUM_UNKNOWN, /* not all that it covers was captured */
    DIAG_CHECKSUM_RIGHT,
    DIAG_CHECKSUM_WRONG,
    DIAG_CHECKSUM_PARTIAL /* of the pseudo-header: a network card was to complete it */
};

/* One TCP segment, as the wire had it. */
struct diag_segment {
    uint32_t frame;
    int64_t time_ns;
    uint32_t stream; /* Wireshark's tcp.stream, a label; DIAG_NO_STREAM when it has none */
    struct diag_endpoint source;
    struct diag_endpoint destination;
    uint16_t flags; /* enum diag_tcp_flag */
    uint32_t seq;
    uint32_t ack;
    uint32_t payload;    /* bytes, from the IP length: right even when the capture is cut short */
    uint32_t captured;   /* bytes of it at data */
    const uint8_t *data; /* borrowed for the call */
    uint16_t window;     /* as in the header, not scaled */
    unsigned options;    /* enum diag_option */
    uint16_t mss;
    uint8_t wscale;
    uint8_t mptcp_reason; /* RFC 8684 3.6, of DIAG_OPT_MPTCP_RESET */
    uint8_t sack_count;   /* blocks */
    uint32_t sack[4][2];  /* left and right edge */
    uint32_t tsval;
    uint32_t tsecr;
    uint8_t ip_version;
    uint8_t ttl;
    uint16_t ip_id; /* 0 for IPv6 */
    bool dont_fragment;
    uint8_t ecn; /* IP: 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE */
    uint8_t dscp;
    uint8_t tunnel; /* headers in front of this one: a copy in a tunnel has more */
    uint16_t vlan;  /* first VLAN id of the frame, 0 if none */
    bool cut;       /* the capture's snap length cut the TCP header or its options */
    bool opaque;    /* the payload is known to be decoded by another protocol than TLS */
    uint8_t decrypted_count;
    const struct diag_decrypted *decrypted; /* records that end in it, in order; borrowed */
    /* Called with packet during the call, for few segments: it reads every byte. NULL: unknown. */
    enum diag_checksum (*checksum)(const void *packet);
    const void *packet;
};

/* An ICMP or ICMPv6 error and the TCP header that it quotes (8 bytes are enough). */
struct diag_icmp {
    uint32_t frame;
    int64_t time_ns;
    struct diag_address sender;
    bool v6;
    uint8_t type;
    uint8_t code;
    uint32_t mtu;                /* next-hop MTU of "too big", else 0 */
    struct diag_endpoint source; /* of the quoted segment */
    struct diag_endpoint destination;
    uint32_t seq;
};

enum diag_name_service {
    DIAG_DNS,
    DIAG_MDNS,
    DIAG_LLMNR,
    DIAG_NBNS
};

/* One message of a name service; data is the message itself, without a TCP length prefix. */
struct diag_name_message {
    uint32_t frame;
    int64_t time_ns;
    enum diag_name_service service;
    struct diag_endpoint source;
    struct diag_endpoint destination;
    const uint8_t *data;
    size_t captured;
};

/* ARP, or IPv6 neighbour discovery translated to it. */
struct diag_arp {
    uint32_t frame;
    int64_t time_ns;
    bool reply;
    struct diag_address sender;
    struct diag_address target;
    uint8_t sender_mac[6];
};

/* ---- certificates -------------------------------------------------------------------------- */

/* What an X.509 certificate says. Texts are as in the certificate, any bytes but NUL. */
struct diag_certificate {
    int64_t not_before; /* seconds since the epoch */
    int64_t not_after;
    char subject[256]; /* RFC 4514, cut to what fits */
    char issuer[256];
    char names[512]; /* DNS names and addresses that it is for, joined by commas; as many as fit */
    char key[16];    /* "RSA", "ECDSA", ... */
    char signature[32];
    uint16_t key_bits;
    bool self_signed;
    bool authority; /* it may sign others */
    bool by_forum;  /* under the rules of the CA/Browser Forum: never signed by a root itself */
    bool weak;      /* its key or signature: clients of today reject it */
};

/* The core knows no ASN.1: whoever uses the engine brings this. Both are asked once for each
 * certificate, and name, of a capture. */
struct diag_certificate_reader {
    void *context;
    /* False: it is no certificate. The result is all zeros before. */
    bool (*read)(void *context, const uint8_t *der, size_t length,
                 struct diag_certificate *certificate);
    /* Whether it is for this host name or address (RFC 9525). */
    bool (*covers)(void *context, const uint8_t *der, size_t length, const char *name);
    /* Undoes a compression of RFC 8879 (1 zlib, 2 brotli, 3 zstd). False when it cannot, or when
     * the result has not exactly this size. NULL: nobody can. */
    bool (*inflate)(void *context, uint16_t algorithm, const uint8_t *data, size_t length,
                    uint8_t *result, size_t size);
};

/* ---- findings ------------------------------------------------------------------------------ */

struct diag_evidence {
    uint32_t frame;
    enum diag_role role;
};

struct diag_connection;

/* Numbers only; diag_render_* makes the words. Once made, a finding never changes. */
struct diag_finding {
    enum diag_id id;
    uint32_t frame;      /* where a reader should look first */
    enum diag_side side; /* whose act it is about */
    enum diag_severity severity;
    enum diag_cause cause;
    enum diag_confidence confidence;
    unsigned blame; /* enum diag_blame */
    enum diag_layer layer;
    bool benign;  /* the innocent explanation was met: nobody needs to act */
    bool verdict; /* decided at the end of the capture, not at its frame */
    uint8_t evidence_count;
    struct diag_evidence evidence[DIAG_MAX_EVIDENCE];
    int64_t value[DIAG_MAX_VALUES];
    const char *text; /* a name from the packets, owned by the engine; NULL if none */
    const struct diag_connection *connection; /* NULL for a finding about hosts */
};

/* A finding as the whole capture shows it. */
struct diag_judged {
    const struct diag_finding *finding;
    enum diag_severity effective;
    bool explained;
    enum diag_id explained_by; /* holds when explained */
};

enum diag_outcome {
    DIAG_HEALTHY,
    DIAG_DEGRADED,
    DIAG_FAILED,
    DIAG_UNDECIDABLE,
    DIAG_OUTCOME_COUNT
};

enum diag_vantage {
    DIAG_VANTAGE_UNKNOWN,
    DIAG_VANTAGE_CLIENT,
    DIAG_VANTAGE_SERVER,
    DIAG_VANTAGE_MIDDLE
};

/* Where the seconds of a connection went. */
#define PART(name, title, help) DIAG_PART_##name,
enum diag_part {
#include "parts.def"
    DIAG_PART_COUNT
};
#undef PART

/* What the packets exclude: the next thing a customer asks. */
#define RULED_OUT(name, text) DIAG_RULED_OUT_##name,
enum diag_ruled_out {
#include "ruled_out.def"
    DIAG_RULED_OUT_COUNT
};
#undef RULED_OUT

/* What did not fit into a bound. */
#define DROPPED(name, text) DIAG_DROPPED_##name,
enum diag_dropped {
#include "dropped.def"
    DIAG_DROPPED_COUNT
};
#undef DROPPED

/* In what a reset differs from the other packets of its source. */
#define CLUE(name, strong, unit, text) DIAG_CLUE_##name,
enum diag_clue_kind {
#include "clues.def"
    DIAG_CLUE_COUNT
};
#undef CLUE

/* Both values, and where the usual one is to be seen: a person can check each. */
struct diag_clue {
    enum diag_clue_kind kind;
    uint32_t reference; /* frame */
    int64_t seen;       /* in the reset */
    int64_t usual;      /* there */
};

/* One reset of the connection: its class is the finding at the same frame. */
struct diag_reset {
    uint32_t frame;
    enum diag_side side;
    enum diag_id class;
    enum diag_reset_kind {
        DIAG_RST_REFUSE,
        DIAG_RST_REPLY,
        DIAG_RST_ACTIVE,
        DIAG_RST_ODD
    } kind;
    uint32_t answers; /* frame, 0 when it answers none that was captured */
    bool repeat;
    uint8_t clue_count; /* that somebody else sent it; later frames may add some */
    struct diag_clue *clues;
    int64_t time_ns;
    uint32_t seq;
    uint32_t ack; /* as in the header, valid or not */
    bool has_ack; /* its ACK flag */
    uint8_t ttl;
    uint16_t ip_id;
    uint32_t peer_end;    /* its peer's SND.NXT at that moment */
    uint32_t client_data; /* segments with payload that the client had sent by then */
};

/* What a gap in one side's bytes, or a segment sent again, tells of a loss. */
enum diag_loss_kind {
    DIAG_LOSS_UNKNOWN,   /* of a gap: its bytes were neither asked for nor acknowledged so far */
    DIAG_LOSS_NONE,      /* the bytes had arrived, or came late: nothing was lost */
    DIAG_LOSS_NETWORK,   /* the receiver lacked them */
    DIAG_LOSS_CAPTURE,   /* the receiver has what the capture never saw */
    DIAG_LOSS_SELECTIVE, /* smaller segments pass, these never do */
    DIAG_LOSS_KINDS
};

/* On which side of the capture point, seen from the sender. */
enum diag_loss_where {
    DIAG_LOSS_SOMEWHERE,
    DIAG_LOSS_BEFORE, /* only a later copy passed */
    DIAG_LOSS_AFTER,  /* the lost one passed too */
    DIAG_LOSS_PLACES
};

struct diag_loss {
    uint32_t frame;  /* the segment sent again, or the one behind the gap */
    uint32_t before; /* the copy that it repeats, or the segment in front of the gap; 0 if unseen */
    uint32_t decided; /* the frame that told its kind; 0 as long as that is unknown */
    uint32_t seq;
    uint32_t bytes;
    uint32_t open; /* of a gap: bytes that no segment has filled */
    enum diag_side side;
    enum diag_loss_kind kind; /* as that frame told it */
    enum diag_loss_where where;
    bool gap;
    bool needless; /* a later frame showed that what it repeats had arrived */
};

/* All losses of one kind and place, told of by so many gaps and segments. */
struct diag_loss_sum {
    uint32_t count;
    uint64_t bytes;
};

/* A connection as the capture shows it up to now. Pointers are borrowed until the next fact. */
struct diag_view {
    uint32_t stream;
    struct diag_endpoint client;
    struct diag_endpoint server;
    bool client_guessed; /* no SYN, ClientHello or request told who is the client */
    uint32_t attempts;   /* series of SYNs that this client made in a row to this server and port */
    uint32_t attempt;    /* the number of this connection's first among them; 0 without a SYN */
    uint32_t success;    /* first frame of the later attempt that succeeded; 0 if there is none */
    uint32_t first_frame;
    uint32_t last_frame;
    int64_t start_ns;
    int64_t end_ns;
    uint32_t segments[2]; /* by enum diag_side */
    uint64_t bytes[2];
    enum diag_outcome outcome;
    enum diag_stage stage; /* reached, or failed in */
    enum diag_side closer;
    enum diag_vantage vantage;
    /* Add up to the look-up of the name and end_ns - start_ns. DIAG_UNKNOWN_NS counts as 0: no
     * look-up, a TCP handshake before the capture began, no TLS. */
    int64_t spent_ns[DIAG_PART_COUNT];
    int64_t total_ns;
    int64_t first_byte_ns; /* from the request; DIAG_UNKNOWN_NS when unknown */
    int64_t syn_rtt_ns;
    uint32_t syn_retries;
    const char *tcp_history; /* Zeek's letters */
    /* How tampering looks where the client's packets arrive, "⟨SYN; ACK → RST⟩"; NULL if not so. */
    const char *tamper_signature;
    const char *ecn;        /* unknown, off, offered, refused, fallback, on, reflected, accecn */
    const char *timestamps; /* unknown, off, offered, refused, fallback, on */
    bool has_syn[2];        /* the SYN, the SYN/ACK was captured */
    unsigned options[2];    /* enum diag_option of SYN and SYN/ACK */
    uint16_t mss[2];
    uint8_t wscale[2];
    unsigned stripped[2];    /* options that were taken out between two places of the capture */
    uint16_t clamped_mss[2]; /* to what the MSS was lowered between them; 0 if it was not */
    const char *tls_history; /* Zeek's letters, NULL when it is no TLS */
    const char *tls_waiting_for;
    int64_t tls_waited_ns; /* for that; DIAG_UNKNOWN_NS when nothing is due */
    uint16_t tls_version;  /* chosen; 0 when not known, as the two below */
    uint16_t tls_cipher;
    uint16_t tls_group;
    bool tls_resumed;
    bool tls_has_offer; /* a ClientHello was read */
    uint16_t tls_offered_min;
    uint16_t tls_offered_max;
    uint16_t tls_offered_ciphers; /* how many */
    const uint16_t *tls_offered_groups;
    size_t tls_offered_group_count;
    const char *tls_offered_alpn; /* as in the packets, joined by commas; NULL when none */
    const char *tls_server_name;  /* as in the packets: escape before printing */
    const char *tls_alpn;
    const struct diag_certificate *tls_certificate; /* the server's own, NULL when none was read */
    uint32_t tls_certificate_frame;
    int64_t tls_certificate_ns;
    uint32_t tls_certificates;   /* sent, with the rest of the chain */
    bool tls_certificate_covers; /* the name that was asked for, if one was */
    const struct diag_reset *resets;
    size_t reset_count;
    struct diag_loss_sum lost[2][DIAG_LOSS_KINDS][DIAG_LOSS_PLACES]; /* by enum diag_side */
    unsigned ruled_out; /* bit set of enum diag_ruled_out */
    const struct diag_judged *findings;
    size_t finding_count;
    const struct diag_judged *verdict; /* NULL when healthy or undecided */
    const struct diag_connection *connection;
};

/* A finding about hosts, and the connections that it is about. */
struct diag_host_view {
    struct diag_judged judged;
    struct diag_endpoint server;
    struct diag_address client; /* length 0: several */
    const uint32_t *streams;
    size_t stream_count;
};

/* ---- the engine ---------------------------------------------------------------------------- */

struct diag_settings {
#define SETTING(name, unit, value, low, high, help) uint32_t name;
#include "settings.def"
#undef SETTING
};

/* Every setting at its default. */
struct diag_settings diag_settings_default(void);

struct diag_engine;

/* Copies the settings. Free with diag_engine_free(). */
struct diag_engine *diag_engine_new(const struct diag_settings *settings);
void diag_engine_free(struct diag_engine *engine);

/* Before the first fact; copied. Without it certificates are counted and not read. */
void diag_engine_read_certificates_with(struct diag_engine *engine,
                                        const struct diag_certificate_reader *reader);

/* Feed facts in capture order. Each returns the connection concerned, or NULL: there is none, or
 * there were too many before it. */
struct diag_connection *diag_feed_segment(struct diag_engine *engine,
                                          const struct diag_segment *segment);
struct diag_connection *diag_feed_icmp(struct diag_engine *engine, const struct diag_icmp *icmp);
void diag_feed_name(struct diag_engine *engine, const struct diag_name_message *message);
void diag_feed_arp(struct diag_engine *engine, const struct diag_arp *arp);
/* Every frame of the capture, TCP or not: only time and number, for "the capture ends here". */
void diag_feed_frame(struct diag_engine *engine, uint32_t frame, int64_t time_ns);
/* The capturing device dropped so many packets between the frame before and this one. */
void diag_feed_drops(struct diag_engine *engine, uint32_t frame, uint64_t count);

/* Events of one frame, in the order in which they were made. They never change. */
size_t diag_events_of_frame(const struct diag_engine *engine, uint32_t frame,
                            const struct diag_finding *const **events);

/* What the reset in this frame of the stream is, decided when it was fed; NULL if there is none, or
 * if it is a copy of another frame. Holds until the next fact. */
const struct diag_reset *diag_reset_of_frame(const struct diag_engine *engine, uint32_t stream,
                                             uint32_t frame);

/* What the segment in this frame of the stream tells of a loss, NULL if nothing. Holds until the
 * next fact; its kind is news of its own frame only if that decided it. */
const struct diag_loss *diag_loss_of_frame(const struct diag_engine *engine, uint32_t stream,
                                           uint32_t frame);

/* Verdicts, here and below: what holds at the last fact fed so far. Repeatable, and cheap when
 * nothing was fed. While they are held, those that were passed stand although facts were added: for
 * a program that looks after every few packets, and need not have new ones each time. */
void diag_hold_verdicts(struct diag_engine *engine, bool hold);
size_t diag_view_count(struct diag_engine *engine);
void diag_view_get(struct diag_engine *engine, size_t index, struct diag_view *view);
/* Only its findings. */
const struct diag_judged *diag_view_findings(struct diag_engine *engine, size_t index,
                                             size_t *count);
/* Only stream, client and server: what a table needs to find its widths. */
void diag_view_label(struct diag_engine *engine, size_t index, struct diag_view *view);
/* False also for a connection that began after the verdicts that are held. */
bool diag_view_of_stream(struct diag_engine *engine, uint32_t stream, struct diag_view *view);
size_t diag_host_count(struct diag_engine *engine);
void diag_host_get(struct diag_engine *engine, size_t index, struct diag_host_view *view);
/* Findings about the capture file itself (stage capture, no connection). */
size_t diag_capture_findings(struct diag_engine *engine, const struct diag_judged **findings);

/* How much was left out so far, because memory is bounded. */
void diag_dropped(const struct diag_engine *engine, uint64_t dropped[DIAG_DROPPED_COUNT]);

/* Who of the two sent this segment of the connection. */
enum diag_side diag_side_of(const struct diag_connection *connection,
                            const struct diag_segment *segment);

/* Stream of a connection, for "which stream is this finding about". */
uint32_t diag_connection_stream(const struct diag_connection *connection);
/* Wireshark may give the tries of one series several streams: all are told under the first. */
uint32_t diag_stream_told(const struct diag_engine *engine, uint32_t stream);

/* ---- words --------------------------------------------------------------------------------- */

/* All write at most size bytes including the NUL, escape what came from packets, and return the
 * length they wanted, like snprintf. */
size_t diag_render_summary(const struct diag_finding *finding, char *text, size_t size);
size_t diag_render_explanation(const struct diag_finding *finding, char *text, size_t size);
size_t diag_render_next_step(const struct diag_finding *finding, char *text, size_t size);
size_t diag_render_blame(unsigned blame, char *text, size_t size);
size_t diag_render_address(const struct diag_address *address, char *text, size_t size);
size_t diag_render_endpoint(const struct diag_endpoint *endpoint, char *text, size_t size);
size_t diag_render_duration(int64_t ns, char *text, size_t size);
/* "TTL 113, the server's own segments 63 (frame 12)" */
size_t diag_render_clue(const struct diag_clue *clue, enum diag_side side, char *text, size_t size);
/* What the SYN offered and the SYN/ACK did not accept: enum diag_option. */
unsigned diag_options_refused(const struct diag_view *view);
/* "SYN: MSS 1460, WS 128, SACK, TS; SYN/ACK: …; not accepted: TS; stripped from the SYN: SACK" */
size_t diag_render_options(const struct diag_view *view, char *text, size_t size);
/* Where the time went, the largest part first: "server 10.0 s, network 0.3 s". */
size_t diag_render_times(const struct diag_view *view, char *text, size_t size);

const char *diag_severity_name(enum diag_severity severity);
const char *diag_stage_name(enum diag_stage stage);
const char *diag_side_name(enum diag_side side);
const char *diag_layer_name(enum diag_layer layer); /* NULL when unknown */
const char *diag_confidence_name(enum diag_confidence confidence);
const char *diag_cause_name(enum diag_cause cause); /* NULL for none */
const char *diag_role_name(enum diag_role role);
const char *diag_outcome_name(enum diag_outcome outcome);
const char *diag_vantage_name(enum diag_vantage vantage);
const char *diag_reset_kind_name(enum diag_reset_kind kind);
const char *diag_loss_kind_name(enum diag_loss_kind kind);
const char *diag_loss_where_name(enum diag_loss_where where);
const char *diag_clue_name(enum diag_clue_kind kind);
/* It contradicts the source by itself. */
bool diag_clue_is_strong(enum diag_clue_kind kind);
/* What its numbers are: DIAG_NUMBER or DIAG_DURATION. */
enum diag_unit diag_clue_unit(enum diag_clue_kind kind);
const char *diag_part_name(enum diag_part part);
const char *diag_ruled_out_text(enum diag_ruled_out what);
const char *diag_dropped_name(enum diag_dropped what);
const char *diag_dropped_text(enum diag_dropped what);
const char *diag_alert_name(uint8_t description);

#endif
