/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP checksum of a record, for the few segments that the core asks about. */
#ifndef DIAG_CHECKSUM_H
#define DIAG_CHECKSUM_H

#include "recorder.h"

/* Of a TCP record, in the type that struct diag_segment wants. */
enum diag_checksum diag_record_checksum(const void *record);

#endif
