/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One finding as a person would tell it. The sentences are the catalogue's; this is their order:
 * what happened, how one knows, who is suspected and how sure that is, what to do next.
 */
#include "report.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Width of the heading of a paragraph. */
#define HEADING "  %-15s "

static void print_paragraph(FILE *out, const char *heading, const char *text)
{
    char first[64];

    g_snprintf(first, sizeof first, HEADING, heading);
    diag_print_wrapped(out, first, text);
}

/* Names of filters and JSON ("server_or_path") as words. */
static void as_words(const char *name, char *words, size_t size)
{
    g_strlcpy(words, name, size);
    g_strdelimit(words, "_", ' ');
}

static int earlier_first(const void *a, const void *b)
{
    const struct diag_evidence *x = a;
    const struct diag_evidence *y = b;

    return (x->frame > y->frame) - (x->frame < y->frame);
}

static void print_evidence(const struct diag_finding *finding, const struct diag_capture *capture,
                           int64_t begin, FILE *out)
{
    struct diag_evidence evidence[DIAG_MAX_EVIDENCE];
    size_t count = MIN(finding->evidence_count, DIAG_MAX_EVIDENCE);

    memcpy(evidence, finding->evidence, sizeof evidence);
    qsort(evidence, count, sizeof evidence[0], earlier_first);
    for (size_t i = 0; i < count; i++) {
        int64_t when = diag_capture_time(capture, evidence[i].frame);
        char role[64];

        enum diag_side sender = diag_capture_sender(capture, evidence[i].frame);

        as_words(diag_role_name(evidence[i].role), role, sizeof role);
        fprintf(out, HEADING "frame %-7u", i == 0 ? "Evidence" : "", evidence[i].frame);
        if (when != DIAG_UNKNOWN_NS)
            fprintf(out, "%+11.6f s", (double)(when - begin) / 1e9);
        fprintf(out, "  %s", role);
        if (sender != DIAG_NO_SIDE)
            fprintf(out, ", from the %s", diag_side_name(sender));
        fputc('\n', out);
    }
}

static void print_suspect(const struct diag_finding *finding, FILE *out)
{
    static const char *const part[] = {[DIAG_LAYER_APP] = ", its application",
                                       [DIAG_LAYER_CONFIG] = ", its configuration",
                                       [DIAG_LAYER_STACK] = ", its TCP or TLS stack",
                                       [DIAG_LAYER_NETWORK] = ", its network"};
    const char *layer = (size_t)finding->layer < G_N_ELEMENTS(part) ? part[finding->layer] : NULL;
    const char *cause = diag_cause_name(finding->cause);
    char blame[64];
    char suspect[128];
    char text[256];

    diag_render_blame(finding->blame, blame, sizeof blame);
    as_words(blame, suspect, sizeof suspect);
    g_snprintf(text, sizeof text, "%s%s (%s confidence)", suspect, layer != NULL ? layer : "",
               diag_confidence_name(finding->confidence));
    print_paragraph(out, "Suspect", text);
    if (cause == NULL)
        return;
    as_words(cause, text, sizeof text);
    print_paragraph(out, "Cause", text);
}

void diag_report_story(const struct diag_judged *judged, const struct diag_capture *capture,
                       int64_t begin, FILE *out)
{
    const struct diag_finding *finding = judged->finding;
    char text[DIAG_TEXT_MAX];

    diag_render_summary(finding, text, sizeof text);
    fprintf(out, "  %s\n", diag_catalogue[finding->id].title);
    diag_print_wrapped(out, "  ", text);
    fputc('\n', out);
    diag_render_explanation(finding, text, sizeof text);
    print_paragraph(out, "What happened", text);
    print_evidence(finding, capture, begin, out);
    print_suspect(finding, out);
    diag_render_next_step(finding, text, sizeof text);
    print_paragraph(out, "Next step", text);
}

void diag_report_reference(const struct diag_judged *judged, FILE *out)
{
    const struct diag_diagnosis *diagnosis = &diag_catalogue[judged->finding->id];
    char *text = g_strdup_printf("%s (" DIAG_PREFIX ".%s)", diagnosis->reference, diagnosis->slug);

    print_paragraph(out, "Reference", text);
    g_free(text);
}
