/*
 * Takes every frame of the machine, also from every CPU's free list and cache of stacks, and gives
 * them back bit by bit. The frames are linked by their tags, so none is touched. The caller must be
 * a fully backed thread.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct memory_exhausted {
    uint32_t chain; /* first frame number, or MEMORY_CHAIN_END */
    size_t count;
};

#define MEMORY_CHAIN_END UINT32_MAX

void memory_exhaust(struct memory_exhausted *taken);

/* Frees up to `frames` of them. */
void memory_give(struct memory_exhausted *taken, size_t frames);

/*
 * Counts frames that threads may still get: free ones, rounds, the reserve, stacks without thread.
 */
size_t memory_left(void);

/*
 * For threads that need three pages each: whether `wanted` of them are through or wait for memory,
 * and too little is left for any of these. (Injected failures make threads wait though there is
 * memory; these come through in the end.)
 */
bool memory_is_short(const unsigned *through, unsigned wanted);

/*
 * Whether no frame will come back by itself: no stack of an ended thread, no page that was lent to
 * a thread that sleeps now.
 */
bool memory_is_settled(void);
