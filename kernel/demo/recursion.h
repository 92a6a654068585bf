/*
 * Goes down the stack of the calling thread to a given depth, so that it grows by faults, and takes
 * the time of each fault: for the monitor and the demonstration.
 */
#pragma once

#include "mm/stack/stack_entry.h"

#define RECURSION_STEP_BYTES 512 /* how far ahead of the stack pointer it touches */

/* The deepest that is safe: what the touch ahead and a preemption at the bottom need is left. */
#define RECURSION_BYTES_MAX (STACK_BYTES - ENTRY_CONTINUE_BYTES - 2 * RECURSION_STEP_BYTES)

struct recursion {
    size_t bytes;                /* how deep to go, from the top of the stack */
    size_t deepest;              /* how deep it came */
    uint32_t levels;             /* calls */
    uint32_t touched;            /* holes touched, each a fault */
    uint64_t ticks[STACK_PAGES]; /* TSC ticks of each, delivery and return included */
};

/* Recurses and comes back. Thread context; interrupts may be off and locks held. */
void recursion_run(struct recursion *recursion);
