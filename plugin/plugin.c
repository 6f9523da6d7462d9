/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the plugin: what Wireshark looks for in diag.so, and the order in which the parts are
 * registered.
 */
#include "compat.h"

#include "capture.h"
#include "postdissector.h"
#include "preferences.h"
#include "present.h"
#include "recorder.h"
#include "report.h"
#include "statistics.h"
#include "tap.h"

WS_DLL_PUBLIC_DEF const char plugin_version[] = DIAG_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;
WS_DLL_PUBLIC void plugin_register(void);

#if DIAG_PLUGIN_IS_DESCRIBED
WS_DLL_PUBLIC uint32_t plugin_describe(void);

uint32_t plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
#endif

static void register_diag(void)
{
    int proto = proto_register_protocol("TCP/TLS diagnosis", "Diag", DIAG_PREFIX);

    diag_recorder_register(proto);
    diag_capture_register();
    diag_preferences_register(proto);
    diag_present_register(proto);
    diag_tap_register();
    diag_report_register(proto);
    diag_statistics_register();
    diag_postdissector_register(proto);
}

void plugin_register(void)
{
    static proto_plugin plugin;

    plugin.register_protoinfo = register_diag;
    plugin.register_handoff = diag_recorder_handoff;
    proto_register_plugin(&plugin);
}
