/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Called after every frame: feeds it on the first visit, shows what is known of it on every one. */
#ifndef DIAG_POSTDISSECTOR_H
#define DIAG_POSTDISSECTOR_H

void diag_postdissector_register(int proto_diag);

#endif
