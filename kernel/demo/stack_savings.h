/*
 * What the kernel's stacks take, by part, beside what eager stacks would: everything that exists
 * only because stacks grow on demand is counted as stack memory, too. All in pages of 4 KiB.
 */
#pragma once

#include "lib/compiler.h"

struct stack_savings {
    uint32_t stacks;   /* of living threads */
    size_t backed;     /* pages under these */
    size_t unowned;    /* pages under stacks in the CPUs' caches, and dead ones */
    size_t magazines;  /* in all CPUs' magazines */
    size_t reserve;    /* in the reserve behind them */
    size_t tables;     /* leaf page tables of the stack object */
    size_t all;        /* the sum of the five above */
    size_t eager;      /* the same stacks, four pages each, with their leaf tables */
    int saved_percent; /* of `eager`; negative if dynamic stacks take more */
};

/* Counts, by looking at each stack. Exact only while nothing moves. Thread context. */
void stack_savings_read(struct stack_savings *savings);
