/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Called after every frame, in every pass, with or without a tree. Findings are made on the first
 * visit only; whatever is stored for the frame is shown on every visit.
 */
#include "postdissector.h"

#include "capture.h"
#include "present.h"
#include "tap.h"

static protocol_t *protocol;

/* Wireshark registers this tap after the plugins. */
static bool expert_tap_is_heard(void)
{
    static int tap;

    if (tap == 0)
        tap = find_tap_id("expert");
    return have_tap_listener(tap);
}

/* Does anything of this visit show what diag finds in the frame? */
static bool somebody_looks(const packet_info *pinfo, const proto_tree *tree)
{
    return tree != NULL || pinfo->cinfo != NULL || expert_tap_is_heard() || diag_tap_is_heard();
}

/* Expert items carry the name of the current protocol. */
static void show(struct diag_capture *capture, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    const char *outer = pinfo->current_proto;

    pinfo->current_proto = proto_get_protocol_short_name(protocol);
    diag_batch_feed(capture);
    diag_present(capture, tvb, pinfo, tree);
    diag_tap_frame(pinfo);
    pinfo->current_proto = outer;
}

/* Returns 0 so that no layer "diag" stays behind in frame.protocols. */
static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    struct diag_capture *capture = diag_capture_reading();

    if (capture == NULL || !proto_is_protocol_enabled(protocol))
        return 0;
    if (!PINFO_FD_VISITED(pinfo))
        diag_capture_feed(capture, pinfo);
    if (somebody_looks(pinfo, tree))
        show(capture, tvb, pinfo, tree);
    else
        diag_batch_keep(capture);
    return 0;
}

void diag_postdissector_register(int proto_diag)
{
    protocol = find_protocol_by_id(proto_diag);
    /* A handle without a protocol spares every frame the work of a layer that would be empty. */
    register_postdissector(create_dissector_handle(dissect, -1));
}
