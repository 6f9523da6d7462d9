/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames through Wireshark's dissectors into the plugin, and all reports: whatever the bytes, the
 * texts must be whole and the JSON must parse. Input: one byte (what to show), then frames, each
 * behind 5 bytes (length, time, link and what of it was not captured).
 */
#include "dissection.h"
#include "input.h"

#include "../../plugin/report.h"

#include <wsutil/wsjson.h>

#include <stdio.h>
#include <string.h>

#define LONGEST     2048
#define MOST_FRAMES 100

/* Sixteen bits of time: a mantissa of 12 and an exponent to the base of 8, in microseconds; the
 * highest bit of the exponent is for the way back. */
static void move(nstime_t *now, uint16_t step)
{
    int64_t by = (int64_t)(step & 0xfff) << 3 * (step >> 12 & 7);
    int64_t microseconds = now->secs * 1000000 + now->nsecs / 1000 + (step >> 15 ? -by : by);

    now->secs = microseconds / 1000000;
    now->nsecs = (int)(microseconds % 1000000) * 1000;
    if (now->nsecs < 0) {
        now->secs--;
        now->nsecs += 1000000000;
    }
}

static void take_frame(struct dissection *dissection, struct input *in, nstime_t *now)
{
    static const int links[] = {WTAP_ENCAP_ETHERNET, WTAP_ENCAP_RAW_IP, WTAP_ENCAP_SLL,
                                WTAP_ENCAP_NULL};
    struct dissection_frame frame;
    uint16_t length = input_16(in);
    uint8_t about;

    move(now, input_16(in));
    about = input_byte(in);
    frame = (struct dissection_frame){.time = *now, .link = links[about & 3]};
    frame.captured = (uint32_t)input_bytes(in, length % LONGEST, &frame.data);
    frame.length = frame.captured + (uint32_t)(about >> 2) * 10;
    dissection_add(dissection, &frame);
}

static void check_text(const char *text, size_t size)
{
    demand(g_utf8_validate(text, (gssize)size, NULL));
    for (size_t i = 0; i < size; i++)
        demand((unsigned char)text[i] >= 0x20 || text[i] == '\n');
}

/* Every line is an object. */
static void check_json(const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        demand(**line == '\0' || json_validate((const guint8 *)*line, strlen(*line)));
    g_strfreev(lines);
}

static void check_reports(void)
{
    static void (*const print[])(const struct diag_report *report, struct diag_capture *capture,
                                 FILE *out) = {diag_report_overview, diag_report_conv,
                                               diag_report_explain, diag_report_json};
    static const struct diag_report all = {.stream = DIAG_NO_STREAM};

    for (size_t i = 0; i < G_N_ELEMENTS(print); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        demand(out != NULL);
        print[i](&all, diag_capture_open(), out);
        fclose(out);
        check_text(text, size);
        if (print[i] == diag_report_json)
            check_json(text);
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool prepared;
    struct input in = {data, size};
    struct dissection *dissection;
    nstime_t now = {.secs = 1800000000};
    bool twice = input_byte(&in) & 1;

    if (!prepared)
        dissection_prepare();
    prepared = true;
    dissection = dissection_new();
    while (in.left > 0 && dissection_count(dissection) < MOST_FRAMES)
        take_frame(dissection, &in, &now);
    if (twice)
        dissection_show(dissection);
    check_reports();
    dissection_free(dissection);
    return 0;
}
