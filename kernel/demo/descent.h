/*
 * A thread goes down its own stack to a given depth, in one of several ways, and measures what each
 * touch of a missing page costs. For the demonstration and the monitor.
 */
#pragma once

#include "mm/stack/stack_entry.h"

enum descent_way {
    DESCENT_RECURSE, /* recurse(): one function that calls itself */
    DESCENT_WALK,    /* tree_walk(): one call a node */
    DESCENT_PARSE,   /* expression_parse(): two functions that call each other */
    DESCENT_SORT,    /* quick_sort() on numbers in the worst order */
    DESCENT_LEAP,    /* buffer_fill(): one large local array, begun at its far end */
};

/* The greatest depth that is safe: below it a preemption needs room on the same stack. */
#define DESCENT_BYTES_MAX (STACK_BYTES - ENTRY_CONTINUE_BYTES - 1024)

/*
 * As the value of descent.bytes: the thread goes on beyond the end of its stack, and the overflow
 * ends it.
 */
#define DESCENT_ENDLESS SIZE_MAX

/* What the thread holds while it is below. */
enum descent_hold {
    DESCENT_HOLD_NOTHING,
    DESCENT_HOLD_INTERRUPTS, /* interrupts are off */
    DESCENT_HOLD_LOCK,       /* a spinlock is held */
};

struct descent_touch {
    uintptr_t address;
    uint64_t ticks;     /* ticks of the TSC, without those of the same store to a backed page */
    uint32_t pages;     /* that the fault filled */
    uint32_t available; /* rounds left in the CPU's magazine after it */
};

struct descent {
    size_t bytes; /* how deep to go, counted from the top of the stack */

    /* Results. */
    uintptr_t top;     /* of the stack */
    size_t deepest;    /* how deep a byte was touched */
    uint32_t calls;    /* of the functions above */
    uint32_t touches;  /* of missing pages */
    uint32_t cpu;      /* on which the thread was when it was deepest */
    uint64_t baseline; /* ticks of a store to a backed page and two readings of the TSC */
    struct descent_touch touch[STACK_PAGES];
};

/*
 * Goes down and comes back. `bytes` is limited to DESCENT_BYTES_MAX, unless it is DESCENT_ENDLESS,
 * and is at least what the stack holds already.
 * Context: ATOMIC, on the stack of a thread; interrupts may be off and spinlocks held.
 */
void descent_run(struct descent *descent, enum descent_way way);

/*
 * Does the same while the thread holds something. One thread at a time goes down with the lock.
 * Context: THREAD.
 */
void descent_run_holding(struct descent *descent, enum descent_way way, enum descent_hold hold);
