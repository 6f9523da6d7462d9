/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS records that Wireshark decrypted, where it has the keys. */
#ifndef DIAG_PLUGIN_DECRYPTED_H
#define DIAG_PLUGIN_DECRYPTED_H

#include "compat.h"
#include "../heuristics/diag.h"

/* Adds to the segment what was decrypted in this frame. Holds as long as the frame is dissected. */
void diag_add_decrypted(packet_info *pinfo, struct diag_segment *segment);

#endif
