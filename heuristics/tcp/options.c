/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of the options of a SYN: offered, accepted by the SYN/ACK, and, where the capture has
 * a packet at two places, taken out on the way between them.
 */
#include "core.h"

#include <stdio.h>

/* An answer that lacks one of these has declined it (RFC 7323 1.3, RFC 2018 2, RFC 8684 3.1). */
#define NEGOTIATED                                                                                 \
    (DIAG_OPT_WSCALE | DIAG_OPT_SACK_PERMITTED | DIAG_OPT_TIMESTAMPS | DIAG_OPT_MPTCP)

void diag_options_compare(struct diag_connection *conn, enum diag_side from,
                          const struct diag_segment *copy)
{
    struct diag_half *x = &conn->half[from];
    /* A retry may offer less by itself. */
    bool retried =
        from == DIAG_CLIENT ? conn->opening.series > 1 : conn->opening.synack_repeats > 0;

    if (!(copy->flags & DIAG_SYN) || copy->cut || !x->syn || copy->seq != x->isn || retried)
        return;
    x->stripped |= x->options & ~copy->options;
    if (copy->options & x->options & DIAG_OPT_MSS && copy->mss < x->mss)
        x->clamped_mss = copy->mss;
}

unsigned diag_options_refused(const struct diag_view *view)
{
    if (!view->has_syn[DIAG_CLIENT] || !view->has_syn[DIAG_SERVER])
        return 0;
    return view->options[DIAG_CLIENT] & ~view->options[DIAG_SERVER] & NEGOTIATED;
}

static const struct {
    unsigned option;
    const char *name;
} names[] = {
    {DIAG_OPT_MSS, "MSS"},       {DIAG_OPT_WSCALE, "WS"},     {DIAG_OPT_SACK_PERMITTED, "SACK"},
    {DIAG_OPT_TIMESTAMPS, "TS"}, {DIAG_OPT_FAST_OPEN, "TFO"}, {DIAG_OPT_MPTCP, "MPTCP"},
    {DIAG_OPT_MD5, "MD5"}};

static void put_names(GString *out, const char *title, unsigned options)
{
    if (!options)
        return;
    g_string_append(out, title);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (options & names[i].option)
            g_string_append_printf(out, " %s", names[i].name);
}

static void put_offer(GString *out, const char *who, const struct diag_view *view,
                      enum diag_side side)
{
    unsigned options = view->options[side];
    uint8_t wscale = view->wscale[side];

    g_string_append_printf(out, "%s%s", out->len ? "; " : "", who);
    if (options & DIAG_OPT_MSS)
        g_string_append_printf(out, " MSS %u", view->mss[side]);
    else
        g_string_append(out, " no MSS");
    if (options & DIAG_OPT_WSCALE)
        g_string_append_printf(out, ", WS %u", 1U << (wscale < 14 ? wscale : 14));
    for (size_t i = 2; i < G_N_ELEMENTS(names) - 1; i++)
        if (options & names[i].option)
            g_string_append_printf(out, ", %s", names[i].name);
}

static void put_changes(GString *out, const struct diag_view *view, enum diag_side side)
{
    static const char *const stripped[] = {"; stripped from the SYN:",
                                           "; stripped from the SYN/ACK:"};

    put_names(out, stripped[side], view->stripped[side]);
    if (view->clamped_mss[side])
        g_string_append_printf(out, "; MSS of the %s lowered to %u", side ? "SYN/ACK" : "SYN",
                               view->clamped_mss[side]);
}

size_t diag_render_options(const struct diag_view *view, char *text, size_t size)
{
    static const char *const who[] = {"SYN:", "SYN/ACK:"};
    GString *out = g_string_new(NULL);

    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++)
        if (view->has_syn[side])
            put_offer(out, who[side], view, side);
    put_names(out, "; not accepted:", diag_options_refused(view));
    for (enum diag_side side = DIAG_CLIENT; side <= DIAG_SERVER; side++)
        put_changes(out, view, side);
    size_t length = out->len;

    snprintf(text, size, "%s", out->str);
    g_string_free(out, TRUE);
    return length;
}
