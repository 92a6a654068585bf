/*
 * Ways for a thread to go down its own stack to a given depth, and what each touch of a missing
 * page cost. For the demonstration.
 */
#pragma once

#include "mm/stack/stack_entry.h"

enum descent_way {
    DESCENT_WALK,  /* tree_walk(): one call a node */
    DESCENT_PARSE, /* expression_parse(): two functions that call each other */
    DESCENT_SORT,  /* quick_sort() on numbers in the worst order */
    DESCENT_LEAP,  /* buffer_fill(): one large local array, begun at its far end */
};

/* The deepest that is safe: below it, what a preemption needs on this stack must still fit. */
#define DESCENT_BYTES_MAX 13312

struct descent_touch {
    uintptr_t address;
    uint64_t ticks; /* of the TSC, above those of the same store to a page that is there */
};

struct descent {
    size_t bytes; /* how deep to go, counted from the top of the stack */

    /* What came of it. */
    uintptr_t top;     /* of the stack */
    size_t deepest;    /* how deep a byte was touched */
    uint32_t calls;    /* of the functions above */
    uint32_t touches;  /* of missing pages */
    uint64_t baseline; /* ticks of a store to a page that is there, two readings included */
    struct descent_touch touch[STACK_PAGES];
};

/*
 * Goes down and comes back. Thread context, on a stack of the stack object; interrupts may be off
 * and spinlocks held.
 */
void descent_run(struct descent *descent, enum descent_way way);
