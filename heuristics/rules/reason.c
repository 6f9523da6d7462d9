/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reset that says why: in words, by a code of the RST diagnostic payload, or by the reason for
 * which a subflow of Multipath TCP is reset.
 */
#include "core.h"

#include <stdio.h>

#define REASON_MAX 64
/* More than this is no reason but data with a flag too many. */
#define REASON_BYTES 80
/* draft-ietf-tcpm-rst-diagnostic-payload: a fixed form, and one with words in earlier versions. */
#define DIAGNOSTIC_MAGIC 0x33aa
#define DIAGNOSTIC_BYTES 8
#define WORDS_MAGIC      0xf317

/* ---- codes */

/* draft-ietf-tcpm-rst-diagnostic-payload, "TCP Failure Causes". */
static const char *failure_cause(uint32_t code)
{
    static const char *const name[] = {NULL,
                                       "illegal option length",
                                       "desynchronized state",
                                       "data after close",
                                       "aborted",
                                       "unexpected ACK",
                                       "SYN in the window",
                                       "security compartment",
                                       "malformed message",
                                       "not authorized",
                                       "resource exceeded",
                                       "network failure",
                                       "reset by the peer behind",
                                       "destination unreachable",
                                       "connection timeout",
                                       "too much outstanding data",
                                       "unacceptable performance",
                                       "middlebox interference"};

    return code < G_N_ELEMENTS(name) ? name[code] : NULL;
}

/* The names of RFC 8684 3.6; 0 is no reason at all. */
static const char *subflow_reason(uint8_t code)
{
    static const char *const name[] = {NULL,
                                       "MPTCP-specific error",
                                       "lack of resources",
                                       "administratively prohibited",
                                       "too much outstanding data",
                                       "unacceptable performance",
                                       "a middlebox interferes"};

    return code < G_N_ELEMENTS(name) ? name[code] : NULL;
}

/* ---- rst_with_reason (RFC 9293 3.5.3, SHLD-2) */

static uint32_t get_16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static void report(const struct diag_step *step, enum diag_cause cause, const char *text,
                   int64_t code, int64_t pen)
{
    struct diag_finding *f = diag_raise(step->out, DIAG_rst_with_reason, step->from,
                                        step->seg->frame, step->seg->payload, 0, code, pen);

    if (!f)
        return;
    f->cause = cause;
    diag_name_it(step->out, f, text);
    diag_cite(f, DIAG_ROLE_rst, step->seg->frame);
}

static bool says_diagnostic(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    char text[REASON_MAX];

    if (seg->payload != DIAGNOSTIC_BYTES || seg->captured < DIAGNOSTIC_BYTES ||
        get_16(seg->data) != DIAGNOSTIC_MAGIC)
        return false;
    uint32_t code = get_16(seg->data + 2);
    uint32_t pen = get_16(seg->data + 4) << 16 | get_16(seg->data + 6);
    const char *name = pen == 0 ? failure_cause(code) : NULL;

    if (code == 0)
        return false;
    snprintf(text, sizeof text, pen == 0 ? "code %u" : "code %u of enterprise %u", code, pen);
    report(step, DIAG_CAUSE_diagnostic_payload, name ? name : text, code, pen);
    return true;
}

static bool says_subflow(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    const char *name =
        seg->options & DIAG_OPT_MPTCP_RESET ? subflow_reason(seg->mptcp_reason) : NULL;

    if (name)
        report(step, DIAG_CAUSE_subflow, name, seg->mptcp_reason, 0);
    return name;
}

static void says_words(const struct diag_step *step)
{
    const struct diag_segment *seg = step->seg;
    char text[REASON_MAX + 1];
    uint32_t n = 0;
    uint32_t from = seg->captured >= 2 && get_16(seg->data) == WORDS_MAGIC ? 2 : 0;

    if (seg->flags & DIAG_PSH || seg->payload > REASON_BYTES)
        return;
    while (from + n < seg->captured && n < REASON_MAX && seg->data[from + n] >= ' ' &&
           seg->data[from + n] < 127) {
        text[n] = (char)seg->data[from + n];
        n++;
    }
    text[n] = '\0';
    if (n >= 4)
        report(step, DIAG_CAUSE_none, text, 0, 0);
}

static void on_segment(const struct diag_step *step)
{
    if (diag_raised(step->conn, DIAG_rst_with_reason))
        return;
    if (!says_diagnostic(step) && !says_subflow(step))
        says_words(step);
}

const struct diag_rule diag_rule_reason = {
    .name = "reason", .sees = DIAG_SEES_RST, .on_segment = on_segment};
