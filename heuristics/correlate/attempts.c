/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that fails to connect tries again, often from another port: the attempts in a row are
 * counted together, and a failed one says so when a later one succeeded.
 */
#include "correlate/correlate.h"

/* Longer after a failed attempt, somebody else asks, or asks for something else. */
#define IN_A_ROW_NS (60 * DIAG_SECOND_NS)

static bool continues(const struct diag_connection *before, const struct diag_connection *next)
{
    return before->opening.syns && !before->opening.established && next->opening.syns &&
           next->first_ns - before->last_ns <= IN_A_ROW_NS;
}

static size_t row_length(struct diag_span port)
{
    size_t n = 1;

    while (n < port.count && continues(port.entry[n - 1].conn, port.entry[n].conn))
        n++;
    return n;
}

static bool can_tell(const struct diag_judged *judged)
{
    enum diag_id id = judged->finding->id;

    return (id == DIAG_connect_refused || id == DIAG_syn_no_reply || id == DIAG_connect_icmp) &&
           !judged->explained && !judged->finding->benign;
}

static void tell_success(struct diag_engine *engine, struct diag_judgement *judgement,
                         struct diag_sentence *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!can_tell(&s->findings[i]))
            continue;
        struct diag_finding *f =
            diag_sentence_say_again(engine, judgement, s, s->findings[i].finding);

        if (!f)
            return;
        if (f->cause == DIAG_CAUSE_none)
            f->cause = DIAG_CAUSE_retried;
        diag_cite(f, DIAG_ROLE_good_connection, s->success->first_frame);
        return;
    }
}

static void count_row(struct diag_engine *engine, struct diag_judgement *judgement,
                      struct diag_span row)
{
    const struct diag_connection *last = row.entry[row.count - 1].conn;
    uint32_t total = 0;

    for (size_t i = 0; i < row.count; i++) {
        row.entry[i].sentence->attempt = total + 1;
        total += row.entry[i].conn->opening.attempts;
    }
    for (size_t i = 0; i < row.count; i++) {
        struct diag_sentence *s = row.entry[i].sentence;

        s->attempts = total;
        if (row.entry[i].conn == last || !last->opening.established)
            continue;
        s->success = last;
        tell_success(engine, judgement, s);
    }
}

void diag_correlate_attempts(struct diag_engine *engine, struct diag_judgement *judgement,
                             struct diag_span all)
{
    struct diag_span port;

    for (struct diag_span rest = all; rest.count; rest = diag_span_after(rest, port)) {
        struct diag_span row;

        port = diag_span_run(rest, diag_same_port);
        for (struct diag_span rows = port; rows.count; rows = diag_span_after(rows, row)) {
            row = (struct diag_span){rows.entry, row_length(rows)};
            count_row(engine, judgement, row);
        }
    }
}
