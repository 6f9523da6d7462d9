/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages of the manual that list diagnoses and settings. */
#include "catalogue.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

static const char *const stage_titles[] = {
    [DIAG_STAGE_CAPTURE] = "The capture itself",
    [DIAG_STAGE_NAME] = "Name resolution",
    [DIAG_STAGE_CONNECT] = "TCP connect",
    [DIAG_STAGE_DATA] = "Data",
    [DIAG_STAGE_CLOSE] = "Close and reset",
    [DIAG_STAGE_TLS_HANDSHAKE] = "TLS handshake",
    [DIAG_STAGE_TLS_DATA] = "TLS after the handshake",
    [DIAG_STAGE_HOST] = "Several connections together",
};

static const char *const units[] = {
    [DIAG_COUNT] = "count", [DIAG_BYTES] = "bytes",     [DIAG_DURATION] = "time",
    [DIAG_FRAME] = "frame", [DIAG_NUMBER] = "number",   [DIAG_PERCENT] = "percent",
    [DIAG_ALERT] = "alert", [DIAG_ICMP] = "ICMP error", [DIAG_TEXT] = "text",
};

/* {name} as *name*, {name|one|many} as *name* many. */
static void print_placeholder(const char *word, const char *end)
{
    const char *bar = memchr(word, '|', (size_t)(end - word));
    const char *many = bar ? memchr(bar + 1, '|', (size_t)(end - bar - 1)) : NULL;

    printf("*%.*s*", (int)((bar ? bar : end) - word), word);
    if (many)
        printf(" %.*s", (int)(end - many - 1), many + 1);
}

static void print_template(const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "{");
        const char *end = strchr(text + plain, '}');

        printf("%.*s", (int)plain, text);
        if (!end)
            return;
        print_placeholder(text + plain + 1, end);
        text = end + 1;
    }
}

static void print_paragraph(const char *label, const char *text)
{
    if (!text)
        return;
    printf("**%s** ", label);
    print_template(text);
    printf("\n\n");
}

static void print_values(const struct diag_diagnosis *d)
{
    printf("**Filters** `diag.%s`", d->slug);
    for (size_t i = 0; i < DIAG_MAX_VALUES && d->values[i].name; i++)
        printf(", `diag.%s.%s` (%s)", d->slug, d->values[i].name, units[d->values[i].unit]);
    printf("\n\n");
}

static void print_causes(const struct diag_diagnosis *d)
{
    for (size_t i = 0; i < DIAG_MAX_CAUSES && d->causes[i].cause; i++) {
        const struct diag_cause_spec *c = &d->causes[i];

        if (!c->explanation && !c->next_step)
            continue;
        printf("#### %s, cause %s\n\n", d->slug, diag_cause_name(c->cause));
        print_paragraph("Column:", c->summary);
        print_paragraph("What it means.", c->explanation);
        print_paragraph("What to do.", c->next_step);
    }
}

static void print_explains(const struct diag_diagnosis *d)
{
    if (!d->explains.count)
        return;
    printf("**Explains, where both are found:**");
    for (size_t i = 0; i < d->explains.count; i++)
        printf("%s [%s](#%s)", i ? "," : "", diag_catalogue[d->explains.id[i]].slug,
               diag_catalogue[d->explains.id[i]].slug);
    printf("\n\n");
}

static void print_diagnosis(const struct diag_diagnosis *d)
{
    char blame[64];

    diag_render_blame(d->blame, blame, sizeof blame);
    printf("### %s\n\n**%s** (%s; suspect: %s)\n\n", d->slug, d->title,
           diag_severity_name(d->severity), blame);
    print_paragraph("Column:", d->summary);
    print_paragraph("What it means.", d->explanation);
    print_paragraph("What to do.", d->next_step);
    print_causes(d);
    print_values(d);
    print_explains(d);
    printf("**See** %s\n\n", d->reference);
}

void catalogue_markdown(void)
{
    printf(
        "# Diagnoses\n\n<!-- Made by `catalogue markdown` from heuristics/catalogue.def. -->\n\n"
        "Severity and suspect are what a finding has unless its own packets say otherwise; words\n"
        "in *italics* are numbers and names of the finding.\n\n");
    for (size_t stage = 0; stage < COUNT_OF(stage_titles); stage++) {
        bool titled = false;

        for (size_t i = 0; i < DIAG_ID_COUNT; i++) {
            if (diag_catalogue[i].stage != stage)
                continue;
            if (!titled)
                printf("## %s\n\n", stage_titles[stage]);
            titled = true;
            print_diagnosis(&diag_catalogue[i]);
        }
    }
}

void catalogue_settings(void)
{
    static const struct {
        const char *name, *unit;
        unsigned value, low, high;
        const char *help;
    } settings[] = {
#define SETTING(name, unit, value, low, high, help) {#name, unit, value, low, high, help},
#include "settings.def"
#undef SETTING
    };

    printf("# Settings\n\n<!-- Made by `catalogue settings` from heuristics/settings.def. -->\n\n"
           "Every threshold is a preference of the protocol Diag (Edit > Preferences > Protocols,\n"
           "or `tshark -o diag.NAME:VALUE`).\n\n"
           "| name | default | range | what it is |\n|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        printf("| `diag.%s` | %u %s | %u to %u | %s |\n", settings[i].name, settings[i].value,
               settings[i].unit, settings[i].low, settings[i].high, settings[i].help);
}
