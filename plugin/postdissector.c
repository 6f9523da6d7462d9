/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Called after every frame, in every pass, with or without a tree. Findings are made on the first
 * visit only; whatever is stored for the frame is shown on every visit.
 */
#include "postdissector.h"

#include "capture.h"
#include "present.h"
#include "tap.h"

/* Returns 0 so that no layer "diag" stays behind in frame.protocols. */
static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    struct diag_capture *capture = diag_capture_open();

    if (capture == NULL)
        return 0;
    if (!PINFO_FD_VISITED(pinfo))
        diag_capture_feed(capture, pinfo);
    diag_present(capture, tvb, pinfo, tree);
    diag_tap_frame(pinfo);
    return 0;
}

void diag_postdissector_register(int proto_diag)
{
    register_postdissector(create_dissector_handle(dissect, proto_diag));
}
