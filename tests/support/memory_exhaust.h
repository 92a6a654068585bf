/*
 * Takes every frame of the machine, from every CPU's front list and cache of stacks too, and gives
 * them back bit by bit. The frames are linked by their tags, so none is touched. The caller is a
 * fully backed thread.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct memory_exhausted {
    uint32_t chain; /* first frame number, or MEMORY_CHAIN_END */
    size_t count;
};

#define MEMORY_CHAIN_END UINT32_MAX

void memory_exhaust(struct memory_exhausted *taken);

/* Frees up to so many of them. */
void memory_give(struct memory_exhausted *taken, size_t frames);

/* Frames that threads may still get: free, in magazines and reserve, in stacks that nobody has. */
size_t memory_left(void);

/*
 * Of threads that need three pages each, are so many either through or starving, and is too little
 * left for any of these? (Failures by injection make threads starve for whom there is memory: these
 * come through in the end.)
 */
bool memory_is_short(const unsigned *through, unsigned wanted);

/*
 * Is nothing on its way that would bring frames back by itself: no stack of the dead, no page that
 * was lent to who sleeps?
 */
bool memory_is_settled(void);
