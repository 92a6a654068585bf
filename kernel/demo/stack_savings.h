/*
 * The memory that the kernel's stacks take, by part, and what eager stacks would take. Memory that
 * exists only because stacks grow on demand counts as memory of stacks, too. All figures are in
 * pages of 4 KiB.
 */
#pragma once

#include "lib/compiler.h"

struct stack_savings {
    uint32_t stacks;   /* of threads */
    size_t backed;     /* pages under these */
    size_t unowned;    /* pages of cached stacks and of those that wait for the reclaimer */
    size_t magazines;  /* in all CPUs' magazines */
    size_t reserve;    /* in the reserve behind them */
    size_t tables;     /* leaf page tables of the stack object */
    size_t all;        /* the sum of the five above */
    size_t eager;      /* the same stacks, four pages each, with their leaf tables */
    int saved_percent; /* of `eager`; negative if dynamic stacks take more */
};

/*
 * Counts the pages of each stack. Exact only while no thread is created or faults. Context: THREAD.
 */
void stack_savings_read(struct stack_savings *savings);
