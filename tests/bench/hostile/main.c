/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: hostile                        the stories
 *        hostile STORY PACKETS          feeds it to the core, asks for the verdicts, and prints
 * what is kept of it: connections, and findings of each hostile STORY PACKETS FILE     writes it as
 * a pcap, for tshark
 */
#include "traffic.h"

#include <stdlib.h>
#include <string.h>

struct story {
    const char *name;
    const char *what;
    void (*tell)(struct traffic *traffic, uint32_t packets);
};

static const struct story stories[] = {
#define STORY(name, what) {#name, what, diag_story_##name},
#include "stories.def"
#undef STORY
};

#define STORIES (sizeof stories / sizeof stories[0])

static const struct story *story_of(const char *name)
{
    for (size_t i = 0; i < STORIES; i++)
        if (strcmp(stories[i].name, name) == 0)
            return &stories[i];
    return NULL;
}

static int list_stories(void)
{
    for (size_t i = 0; i < STORIES; i++)
        printf("%-20s %s\n", stories[i].name, stories[i].what);
    return 0;
}

static void print_what_is_kept(struct diag_engine *engine, uint32_t frames)
{
    size_t count = diag_view_count(engine);
    size_t most = 0;
    size_t all = 0;

    for (size_t i = 0; i < count; i++) {
        struct diag_view view;

        diag_view_get(engine, i, &view);
        all += view.finding_count;
        most = view.finding_count > most ? view.finding_count : most;
    }
    printf("%u frames, %zu connections, %zu findings, %zu at most of one, %zu about hosts\n",
           frames, count, all, most, diag_host_count(engine));
}

static void feed(const struct story *story, uint32_t packets)
{
    struct diag_settings settings = diag_settings_default();
    struct diag_engine *engine = diag_engine_new(&settings);
    struct traffic traffic;

    diag_traffic_begin(&traffic, engine, NULL);
    story->tell(&traffic, packets);
    print_what_is_kept(engine, traffic.frame);
    diag_engine_free(engine);
}

static int write_file(const struct story *story, uint32_t packets, const char *path)
{
    FILE *file = fopen(path, "wb");
    struct traffic traffic;

    if (!file) {
        fprintf(stderr, "%s cannot be written\n", path);
        return 1;
    }
    diag_traffic_begin(&traffic, NULL, file);
    story->tell(&traffic, packets);
    return fclose(file) != 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return list_stories();
    const struct story *story = story_of(argv[1]);
    uint32_t packets = (uint32_t)strtoul(argv[2], NULL, 10);

    if (!story) {
        fprintf(stderr, "there is no story %s\n", argv[1]);
        return 1;
    }
    if (argc > 3)
        return write_file(story, packets, argv[3]);
    feed(story, packets);
    return 0;
}
