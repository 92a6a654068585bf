/*
 * Stacks of dead threads that wait to be taken apart. Their list needs no memory: the word at the
 * very top of a dead stack names the next one.
 */
#pragma once

#include "mm/stack/stack_slot.h"

/* Dead stacks in a row; all zeroes is an empty one. Whoever holds it guards it. */
struct stack_chain {
    uint32_t first, last; /* meaningful unless count is 0 */
    uint32_t count;
};

/* In front; the stack's top page is backed. Any context. */
void stack_chain_push(struct stack_chain *chain, uint32_t slot);

/* The first, which is there. Any context. */
uint32_t stack_chain_pop(struct stack_chain *chain);

/* Puts all of `more` in front and empties it. Any context. */
void stack_chain_join(struct stack_chain *chain, struct stack_chain *more);

/* Adds its stacks and their backed pages. Any context. */
void stack_chain_count(const struct stack_chain *chain, uint32_t *slots, size_t *pages);

/* Puts a stack that no CPU uses aside for the reclaimer. Its top page is backed. Any context. */
void stack_reap_add(uint32_t slot);

/* The same for all of a chain, which is empty then; takes no longer for many. Any context. */
void stack_reap_add_chain(struct stack_chain *chain);

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
void stack_reap_count(uint32_t *slots, size_t *pages);
