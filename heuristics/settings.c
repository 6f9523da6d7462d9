/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thresholds at their defaults: settings.def as a struct. */
#include "diag.h"

struct diag_settings diag_settings_default(void)
{
    return (struct diag_settings){
#define SETTING(name, unit, value, low, high, help) .name = (value),
#include "settings.def"
#undef SETTING
    };
}
