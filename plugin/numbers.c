/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that were given more than once, which only a read filter does. */
#include "numbers.h"

/* From this number on, the places are ahead of the numbers. */
struct step {
    uint32_t number;
    uint32_t ahead;
};

struct diag_numbers {
    uint32_t last;
    int64_t offset; /* of the last frame in its file: tells frames of one number apart */
    uint32_t ahead;
    GArray *steps; /* of struct step, by number */
};

struct diag_numbers *diag_numbers_new(void)
{
    struct diag_numbers *numbers = g_new0(struct diag_numbers, 1);

    numbers->steps = g_array_new(FALSE, FALSE, sizeof(struct step));
    return numbers;
}

void diag_numbers_free(struct diag_numbers *numbers)
{
    g_array_free(numbers->steps, TRUE);
    g_free(numbers);
}

static void get_ahead(struct diag_numbers *numbers, uint32_t number)
{
    struct step step = {number, ++numbers->ahead};
    guint count = numbers->steps->len;

    if (count > 0 && g_array_index(numbers->steps, struct step, count - 1).number == number)
        g_array_set_size(numbers->steps, count - 1);
    g_array_append_val(numbers->steps, step);
}

bool diag_numbers_meet(struct diag_numbers *numbers, const packet_info *pinfo)
{
    if (pinfo->num < numbers->last ||
        (pinfo->num == numbers->last && pinfo->fd->file_off == numbers->offset))
        return false;
    if (pinfo->num == numbers->last)
        get_ahead(numbers, pinfo->num);
    numbers->last = pinfo->num;
    numbers->offset = pinfo->fd->file_off;
    return true;
}

uint32_t diag_numbers_place(const struct diag_numbers *numbers, const packet_info *pinfo)
{
    guint low = 0;
    guint high = numbers->steps->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(numbers->steps, struct step, middle).number <= pinfo->num)
            low = middle + 1;
        else
            high = middle;
    }
    return pinfo->num + (low > 0 ? g_array_index(numbers->steps, struct step, low - 1).ahead : 0);
}
