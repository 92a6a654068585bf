/*
 * Stacks to be reaped: stacks of threads that ended, which no cache keeps. They form chains, which
 * need no memory: the word at the very top of each stack names the next one. Whoever uses a chain
 * guards it.
 */
#pragma once

#include "mm/stack/stack_slot.h"

/* A list of stacks to be reaped; empty if all fields are 0. */
struct stack_chain {
    uint32_t first, last; /* valid while count is not 0 */
    uint32_t count;
};

/*
 * Puts a stack, whose top page is backed, at the front of a chain.
 * Context: IRQ.
 */
void stack_chain_push(struct stack_chain *chain, uint32_t slot);

/*
 * Removes and returns the first stack of a chain that is not empty.
 * Context: IRQ.
 */
uint32_t stack_chain_pop(struct stack_chain *chain);

/*
 * Puts all stacks of `more` at the front of a chain, and empties `more`. Takes constant time.
 * Context: IRQ.
 */
void stack_chain_join(struct stack_chain *chain, struct stack_chain *more);

/*
 * Adds the number of a chain's stacks to *slots and that of their frames to *pages.
 * Context: IRQ.
 */
void stack_chain_count(const struct stack_chain *chain, uint32_t *slots, size_t *pages);

/*
 * Leaves a stack that no CPU uses to the reclaimer. Its top page is backed.
 * Context: IRQ.
 */
void stack_reap_add(uint32_t slot);

/*
 * Leaves all stacks of a chain to the reclaimer, and empties the chain. Takes constant time.
 * Context: IRQ.
 */
void stack_reap_add_chain(struct stack_chain *chain);

/*
 * Unmaps the stacks that wait to be reaped when it is called, shoots them down, and frees their
 * frames and slots. Returns how many stacks it freed.
 * Context: THREAD.
 */
uint32_t stack_reclaim(void);

/*
 * Unmaps up to 64 of the stacks that wait to be reaped, shoots them down together, and frees their
 * frames and slots. Returns how many stacks it freed.
 * Context: THREAD.
 */
uint32_t stack_reclaim_batch(void);

/*
 * Returns whether there are stacks to be reaped.
 * Context: ANY.
 */
bool stack_reclaim_wanted(void);

/* If so many stacks wait to be reaped, at least 1 MiB, the next tick wakes the reclaimer. */
#define STACK_REAP_MANY 256

/* True while STACK_REAP_MANY stacks or more are to be reaped. Context: ANY. */
extern bool stack_reap_many;

/*
 * Returns how many stacks were reaped since boot.
 * Context: ANY.
 */
uint64_t stack_reclaimed_count(void);

/*
 * Adds the number of stacks to be reaped to *slots and that of their frames to *pages.
 * Context: THREAD. Takes as long as the list is.
 */
void stack_reap_count(uint32_t *slots, size_t *pages);
