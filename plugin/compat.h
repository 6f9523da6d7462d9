/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every difference between Wireshark 4.0, 4.4 and 4.6 that the plugin meets, and the only place
 * with an #if on the version. Included first by every file of plugin/.
 */
#ifndef DIAG_PLUGIN_COMPAT_H
#define DIAG_PLUGIN_COMPAT_H

#define WS_BUILD_DLL
#include <wireshark.h>
#include <ws_version.h>

#include <glib.h>

#include <stdbool.h>
#include <stdint.h>

#include <epan/packet.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <wiretap/wtap.h> /* the record of a frame: since 4.4 epan's headers only name it */

#define DIAG_WIRESHARK_IS(major, minor)                                                            \
    (WIRESHARK_VERSION_MAJOR > (major) ||                                                          \
     (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* Booleans of preferences and callbacks; and whether a plugin says what it is. */
#if DIAG_WIRESHARK_IS(4, 4)
#include <wsutil/plugins.h>
#define DIAG_BOOL                bool
#define DIAG_PLUGIN_IS_DESCRIBED 1
#else
#define DIAG_BOOL                gboolean
#define DIAG_PLUGIN_IS_DESCRIBED 0
#endif

/* A -z argument is refused by a return value since 4.6, before that only by leaving. */
#if DIAG_WIRESHARK_IS(4, 6)
#define DIAG_STAT_INIT             bool
#define DIAG_STAT_ACCEPTED         true
#define DIAG_STAT_REFUSED          false
#define DIAG_STAT_REFUSAL_IS_HEARD true
#else
#define DIAG_STAT_INIT void
#define DIAG_STAT_ACCEPTED
#define DIAG_STAT_REFUSED
#define DIAG_STAT_REFUSAL_IS_HEARD false
#endif

#if !DIAG_WIRESHARK_IS(4, 4)
#define tvb_get_uint8 tvb_get_guint8
#endif

/* Where the TLS dissector keeps what it decrypted: 4.0 under the key 0, later versions under the
 * depth of the TLS layer, which was seen to be 1. */
#if DIAG_WIRESHARK_IS(4, 4)
#define DIAG_TLS_LAYERS 6
#else
#define DIAG_TLS_LAYERS 1
#endif

/* 4.0 splits menu paths at "/", later versions at "//". */
#ifndef STATS_TREE_MENU_SEPARATOR
#define STATS_TREE_MENU_SEPARATOR "/"
#endif

#endif
