/*
 * Stacks of dead threads that wait to be taken apart. Their list needs no memory: the word at the
 * very top of a dead stack names the next one.
 */
#pragma once

#include "mm/stack_slot.h"

/* Puts a stack that no CPU uses aside for the reclaimer. Its top page is backed. Any context. */
void stack_dead_add(uint32_t slot);

/*
 * Takes apart what was put aside: unmaps, shoots down, frees. Thread context, interrupts on, no
 * lock held. Returns how many stacks.
 */
uint32_t stack_reclaim(void);

/* Does stack_reclaim() have anything to do? Any context. */
bool stack_reclaim_wanted(void);

/* Stacks taken apart since boot. Any context. */
uint64_t stack_reclaimed_count(void);

/* Adds the dead stacks and their backed pages. Thread context. */
void stack_dead_count(uint32_t *slots, size_t *pages);
