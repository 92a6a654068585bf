/*
 * The depot behind the CPUs' caches of whole stacks (after Bonwick and Adams, 2001). A cache that
 * is full moves all its stacks to the depot, and a cache that is empty gets as many back, with one
 * lock operation for all of them. So whole stacks are used again even if more threads end in a
 * burst than a cache can hold. Each NUMA node has a depot.
 */
#pragma once

#include "mm/stack/stack_reap.h"

#define STACK_DEPOT_MAX 64

/*
 * A depot may hold one stack for every STACK_DEPOT_FRAMES frames of the machine's memory, but at
 * most STACK_DEPOT_MAX.
 */
#define STACK_DEPOT_FRAMES 256

/* Number of stacks in all depots. */
extern uint32_t stack_depot_total;

/*
 * Moves all stacks of a chain to the depot of this CPU's node and empties the chain. Returns false,
 * and does nothing, if the depot has no room for all.
 * Context: IRQ, interrupts off.
 */
must_check bool stack_depot_put(struct stack_chain *chain);

/*
 * Takes up to `most` stacks from the depot of this CPU's node, writes them to `slots`, and returns
 * how many.
 * Context: IRQ, interrupts off.
 */
uint32_t stack_depot_take(uint32_t *slots, uint32_t most);

/*
 * Leaves the stacks in all depots to the reclaimer. Returns whether there were any.
 * Context: IRQ.
 */
bool stack_depot_drain(void);

/*
 * Adds the number of stacks in all depots to *slots and that of their frames to *pages.
 * Context: THREAD.
 */
void stack_depot_count(uint32_t *slots, size_t *pages);
