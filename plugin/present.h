/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows what is known of a frame: expert items, diag's part of the tree, the Info column. */
#ifndef DIAG_PRESENT_H
#define DIAG_PRESENT_H

#include "register.h"
#include "shown.h"

void diag_present_register(int proto_diag);
void diag_present(struct diag_capture *capture, tvbuff_t *tvb, packet_info *pinfo,
                  proto_tree *tree);

/* Text items of diag: marked as generated, since no byte of the frame says so. */
void diag_add_text(proto_tree *tree, enum diag_field field, const char *text);
void diag_add_number(proto_tree *tree, enum diag_field field, uint32_t number);
void diag_add_time(proto_tree *tree, int hf, int64_t ns);

/* The server's certificate, if one was read (present_certificate.c). */
void diag_add_certificate(proto_tree *tree, const struct diag_view *view);

/* Parts of diag's tree. */
void diag_present_finding(proto_tree *tree, const struct diag_shown *shown);
/* The frame holds a reset whose class is known; and what is known of it. */
bool diag_shows_reset(struct diag_capture *capture, packet_info *pinfo);
void diag_present_resets(struct diag_capture *capture, packet_info *pinfo, proto_item *own);
/* The same for a gap, or a segment sent again (present_loss.c). */
bool diag_shows_loss(struct diag_capture *capture, packet_info *pinfo);
void diag_present_losses(struct diag_capture *capture, packet_info *pinfo, proto_item *own);
/* With name_outcome, diag's own line says how the connection ended. */
void diag_present_connections(struct diag_capture *capture, packet_info *pinfo, proto_item *own,
                              bool name_outcome);

#endif
