/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One preference per entry of settings.def. Changing one makes Wireshark dissect the capture again,
 * and the next engine takes it.
 */
#include "preferences.h"

#include <epan/prefs.h>
#include <epan/wmem_scopes.h>

/* epan keeps pointers to these. */
static unsigned chosen[] = {
#define SETTING(name, unit, value, low, high, help) value,
#include "../heuristics/settings.def"
#undef SETTING
};
static DIAG_BOOL info_column = FALSE;

struct setting {
    const char *name;
    const char *unit;
    const char *help;
    unsigned low;
    unsigned high;
};

static const struct setting setting[] = {
#define SETTING(name, unit, value, low, high, help) {#name, unit, help, low, high},
#include "../heuristics/settings.def"
#undef SETTING
};

bool diag_preferences_info_column(void)
{
    return info_column;
}

struct diag_settings diag_preferences_settings(void)
{
    struct diag_settings settings = diag_settings_default();
    size_t i = 0;

#define SETTING(name, unit, value, low, high, help) settings.name = chosen[i++];
#include "../heuristics/settings.def"
#undef SETTING
    return settings;
}

/* epan knows no range for a number: what lies outside is moved to the nearest end. */
static void apply(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(setting); i++)
        chosen[i] = CLAMP(chosen[i], setting[i].low, setting[i].high);
}

static const char *title_of(const struct setting *s)
{
    return wmem_strdup_printf(wmem_epan_scope(), "%s (%u to %u%s%s)", s->name, s->low, s->high,
                              s->unit[0] != '\0' ? " " : "", s->unit);
}

void diag_preferences_register(int proto_diag)
{
    module_t *module = prefs_register_protocol(proto_diag, apply);

    prefs_register_bool_preference(
        module, "info_column", "Append the diagnosis to the Info column",
        "Show the most severe finding of a frame at the end of its Info column.", &info_column);
    for (size_t i = 0; i < G_N_ELEMENTS(setting); i++) {
        const struct setting *s = &setting[i];

        prefs_register_uint_preference(module, s->name, title_of(s), s->help, 10, &chosen[i]);
    }
}
