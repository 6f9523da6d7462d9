/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mutants.py writes into a file of the core: at each place, whether this mutant is the one
 * that is tried. Which one is decided at run time (mutant.c), so that one build has them all; with
 * MUTANT_ONLY at compile time, for constants and to compare object code.
 */
#ifndef MUTANT_H
#define MUTANT_H

#define COMPARED(n, a, b, sign, other)                                                             \
    ({                                                                                             \
        const __typeof__((a) + 0) a_ = (a);                                                        \
        const __typeof__((b) + 0) b_ = (b);                                                        \
        OR_MUTANT(n, a_ sign b_, a_ other b_);                                                     \
    })
#define LESS(n, a, b)      COMPARED(n, a, b, <, <=)
#define AT_MOST(n, a, b)   COMPARED(n, a, b, <=, <)
#define MORE(n, a, b)      COMPARED(n, a, b, >, >=)
#define AT_LEAST(n, a, b)  COMPARED(n, a, b, >=, >)
#define SAME(n, a, b)      COMPARED(n, a, b, ==, !=)
#define DIFFERENT(n, a, b) COMPARED(n, a, b, !=, ==)
#define NEGATED(n, ...)    (MUTANT(n) ? !(__VA_ARGS__) : !!(__VA_ARGS__))
#define WITHOUT_AND(n, a)  OR_MUTANT(n, !!(a), 1)
#define WITHOUT_OR(n, a)   OR_MUTANT(n, !!(a), 0)

struct mutated_file {
    const char *name;
    int tried; /* the number of the mutant, or -1 */
    int count;
    unsigned char *reached;
    struct mutated_file *next;
};

/* All files that were mutated. */
struct mutated_file *mutated_files(void);
void mutated_file_add(struct mutated_file *file);

#ifdef MUTANT_ONLY
#define MUTANT(n)                  ((n) == MUTANT_ONLY)
#define FROZEN(n)                  ((n) == MUTANT_ONLY)
#define OR_MUTANT(n, value, other) (MUTANT(n) ? (other) : (value))
#elif defined(MUTANTS)
static unsigned char mutants_reached[MUTANTS];
static struct mutated_file mutated_here = {MUTATED_FILE, -1, MUTANTS, mutants_reached, 0};

__attribute__((constructor)) static void add_this_file(void)
{
    mutated_file_add(&mutated_here);
}

/* Only a story in which the mutant decides otherwise somewhere can notice it. */
static inline _Bool mutants_choice(int n, _Bool value, _Bool other)
{
    if (value != other)
        mutants_reached[n] = 1;
    return mutated_here.tried == n ? other : value;
}

#define MUTANT(n)                  (mutants_reached[n] = 1, mutated_here.tried == (n))
#define FROZEN(n)                  0
#define OR_MUTANT(n, value, other) mutants_choice(n, value, other)
#endif

#endif
