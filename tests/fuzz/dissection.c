/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tshark does between a capture file and its output, for Wireshark 4.0 to 4.4. */
#define _GNU_SOURCE /* setresuid; NOLINT(bugprone-reserved-identifier) */
#include "dissection.h"

#include "input.h"

#include <unistd.h>

#include <epan/epan_dissect.h>
#include <epan/frame_data_sequence.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>
#include <wsutil/wslog.h>

struct packet_provider_data {
    frame_data_sequence *frames;
};

struct dissection {
    struct packet_provider_data provider;
    epan_t *session;
    GArray *frames; /* struct dissection_frame */
    nstime_t elapsed;
    const frame_data *first;
    frame_data *before;
    uint32_t bytes;
};

void plugin_register(void);

static const nstime_t *time_of_frame(struct packet_provider_data *provider, guint32 number)
{
    const frame_data *frame = frame_data_sequence_find(provider->frames, number);

    return frame != NULL ? &frame->abs_ts : NULL;
}

static const struct packet_provider_funcs provider = {.get_frame_ts = time_of_frame};

/* The real and the effective user and group; there is a way back. */
static void become(unsigned who)
{
    if (who == 0)
        demand(setresuid(0, 0, 0) == 0 && setresgid(0, 0, 0) == 0);
    else
        demand(setresgid(who, who, 0) == 0 && setresuid(who, who, 0) == 0);
}

static void start_epan(void)
{
    /* So that every block of memory has bounds that a sanitizer knows. */
    g_setenv("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple", TRUE);
    /* No preferences. And no list of manufacturers, which 4.0 reads for every capture anew without
     * forgetting the last: 11 MB each. */
    g_setenv("WIRESHARK_CONFIG_DIR", "/nonexistent", TRUE);
    g_setenv("WIRESHARK_DATA_DIR", "/nonexistent", TRUE);
    init_process_policies();
    ws_log_init("fuzz_plugin", NULL);
    ws_log_set_level(LOG_LEVEL_ERROR); /* Wireshark's own dissectors complain a lot */
    g_free(configuration_init("fuzz_plugin", NULL));
    wtap_init(FALSE);
    plugin_register();
    demand(epan_init(NULL, NULL, FALSE));
    epan_load_settings();
    prefs_apply_all();
}

/* Started as root, Wireshark heeds no environment. */
void dissection_prepare(void)
{
    const unsigned nobody = 65534;
    bool root = getuid() == 0;

    if (root)
        become(nobody);
    start_epan();
    if (root)
        become(0);
}

struct dissection *dissection_new(void)
{
    struct dissection *dissection = g_new0(struct dissection, 1);

    dissection->provider.frames = new_frame_data_sequence();
    dissection->frames = g_array_new(FALSE, FALSE, sizeof(struct dissection_frame));
    dissection->session = epan_new(&dissection->provider, &provider);
    return dissection;
}

void dissection_free(struct dissection *dissection)
{
    epan_free(dissection->session);
    free_frame_data_sequence(dissection->provider.frames);
    g_array_free(dissection->frames, TRUE);
    g_free(dissection);
}

uint32_t dissection_count(const struct dissection *dissection)
{
    return dissection->frames->len;
}

static void fill_record(const struct dissection_frame *frame, wtap_rec *record)
{
    wtap_rec_init(record);
    record->rec_type = REC_TYPE_PACKET;
    record->presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
    record->ts = frame->time;
    record->rec_header.packet_header.caplen = frame->captured;
    record->rec_header.packet_header.len = frame->length;
    record->rec_header.packet_header.pkt_encap = frame->link;
}

/* A copy of exactly the captured size, for the sanitizers; it goes with the buffer. */
static tvbuff_t *buffer_of(const struct dissection_frame *frame)
{
    uint8_t *copy = g_malloc(frame->captured + !frame->captured);
    tvbuff_t *tvb;

    memcpy(copy, frame->data, frame->captured);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the next call hands it over */
    tvb = tvb_new_real_data(copy, frame->captured, (int)frame->length);
    tvb_set_free_cb(tvb, g_free);
    return tvb;
}

static void dissect(struct dissection *dissection, const struct dissection_frame *frame,
                    frame_data *known, bool show)
{
    epan_dissect_t *details = epan_dissect_new(dissection->session, show, show);
    wtap_rec record;

    fill_record(frame, &record);
    frame_data_set_before_dissect(known, &dissection->elapsed, &dissection->first,
                                  dissection->before);
    epan_dissect_run(details, WTAP_FILE_TYPE_SUBTYPE_UNKNOWN, &record, buffer_of(frame), known,
                     NULL);
    frame_data_set_after_dissect(known, &dissection->bytes);
    wtap_rec_cleanup(&record);
    epan_dissect_free(details);
    dissection->before = known;
}

void dissection_add(struct dissection *dissection, const struct dissection_frame *frame)
{
    frame_data fresh;
    wtap_rec record;

    g_array_append_val(dissection->frames, *frame);
    fill_record(frame, &record);
    frame_data_init(&fresh, dissection->frames->len, &record, 0, dissection->bytes);
    wtap_rec_cleanup(&record);
    dissect(dissection, frame, frame_data_sequence_add(dissection->provider.frames, &fresh), false);
}

void dissection_show(struct dissection *dissection)
{
    dissection->first = dissection->before = NULL;
    for (guint i = 0; i < dissection->frames->len; i++)
        dissect(dissection, &g_array_index(dissection->frames, struct dissection_frame, i),
                frame_data_sequence_find(dissection->provider.frames, i + 1), true);
}
