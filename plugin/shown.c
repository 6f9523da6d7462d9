/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers the findings of a frame. Events look the same on every visit; verdicts join them when the
 * frame is visited again.
 */
#include "shown.h"

#include <stdlib.h>

/* An event keeps its own severity; a verdict has that of the whole capture. */
enum diag_severity diag_shown_severity(const struct diag_shown *shown)
{
    if (shown->finding->verdict && shown->judged != NULL)
        return shown->judged->effective;
    return shown->finding->severity;
}

static bool is_explained(const struct diag_shown *shown)
{
    return shown->judged != NULL && shown->judged->explained;
}

/* What another finding explains comes after what stands for itself. */
static int most_telling_first(const void *a, const void *b)
{
    const struct diag_shown *x = a;
    const struct diag_shown *y = b;
    enum diag_severity left = diag_shown_severity(x);
    enum diag_severity right = diag_shown_severity(y);

    if (is_explained(x) != is_explained(y))
        return is_explained(x) ? 1 : -1;
    if (left != right)
        return left > right ? -1 : 1;
    if (x->finding->verdict != y->finding->verdict)
        return x->finding->verdict ? 1 : -1;
    if (x->finding->id != y->finding->id)
        return x->finding->id < y->finding->id ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static const struct diag_judged *judgement_of(const GArray *judged,
                                              const struct diag_finding *finding)
{
    for (guint i = 0; judged != NULL && i < judged->len; i++) {
        const struct diag_judged *j = &g_array_index(judged, struct diag_judged, i);

        if (j->finding == finding)
            return j;
    }
    return NULL;
}

static void add(struct diag_shown_list *list, const struct diag_finding *finding,
                const struct diag_judged *judged)
{
    list->item[list->count] = (struct diag_shown){finding, judged, list->count};
    list->count++;
}

struct diag_shown_list diag_shown_of_frame(struct diag_capture *capture, packet_info *pinfo)
{
    const struct diag_finding *const *events = NULL;
    uint32_t frame = diag_capture_frame(capture, pinfo);
    size_t event_count = diag_events_of_frame(capture->engine, frame, &events);
    const GArray *judged = PINFO_FD_VISITED(pinfo) ? diag_capture_judged(capture, frame) : NULL;
    struct diag_shown_list list = {0, NULL};

    if (event_count == 0 && judged == NULL)
        return list;
    list.item = wmem_alloc_array(pinfo->pool, struct diag_shown,
                                 event_count + (judged != NULL ? judged->len : 0));
    for (size_t i = 0; i < event_count; i++)
        add(&list, events[i], judgement_of(judged, events[i]));
    for (guint i = 0; judged != NULL && i < judged->len; i++) {
        const struct diag_judged *j = &g_array_index(judged, struct diag_judged, i);

        if (j->finding->verdict)
            add(&list, j->finding, j);
    }
    qsort(list.item, list.count, sizeof list.item[0], most_telling_first);
    return list;
}
