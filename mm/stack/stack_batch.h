/*
 * stack-free=batched: the stack of a thread that ended waits for a grace period before it is used
 * again. A kernel must wait like this if other threads may still read the stack for a while. (Linux
 * in 2016: `thread_info` lay at the bottom of the stack, and RCU delayed its freeing.) In this
 * kernel nobody does, so the mode is an experiment. It shows that a cache of whole stacks is
 * useless if a stack reaches it only after a grace period (docs/stack-life.md).
 *
 * A thread that reads another's stack would keep preemption off meanwhile. So a CPU passes a
 * quiescent point when its timer tick finds preemption on, or the CPU idle. A grace period ends
 * when every CPU that was online at its begin has passed a quiescent point. Each CPU gathers the
 * stacks of threads that end on it in a batch, closes the batch, and releases the whole batch at
 * the first tick after the end of a grace period that began later.
 *
 * While threads wait for memory no stack waits for a grace period (stack_cache_refuse(),
 * stack_cache_drain()). If a creation finds no memory, stack_batch_flush() ends the wait of all
 * stacks. All CPUs together hold a bounded number of stacks in batches; stacks beyond that number
 * are freed at once.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "mm/stack/stack_reap.h"

/*
 * Turns batches on or off. When it turns them off, all stacks in batches are left to the reclaimer.
 * Context: THREAD.
 */
void stack_batch_enable(bool on);

extern bool stack_batch_enabled;

/*
 * Adds a stack to this CPU's batch. Returns false if stacks are freed at once, or too many wait.
 * Context: IRQ, interrupts off.
 */
must_check bool stack_batch_add(uint32_t slot);

/* Guards all batches and the grace periods. For stack_batch.c, and for a test that takes it. */
extern struct spinlock stack_batch_lock;

/*
 * Handles a timer tick; `quiescent`: the tick interrupted code with preemption on. If another CPU
 * holds the lock it does nothing, and does not wait.
 * Context: IRQ.
 */
void stack_batch_tick(bool quiescent);

/*
 * Leaves the stacks in this CPU's batch to the reclaimer, without a grace period.
 * Context: IRQ, interrupts off.
 */
void stack_batch_drain(void);

/*
 * Leaves the stacks in all CPUs' batches to the reclaimer; stack_reclaim() then frees their frames.
 * Returns whether there were any.
 * Context: IRQ.
 */
bool stack_batch_flush(void);

/*
 * Sets how many stacks may wait at once; 0: as many as fit into an eighth of memory.
 * Context: THREAD.
 */
void stack_batch_most_set(uint32_t stacks);

/*
 * Returns whether any stack waits for a grace period.
 * Context: IRQ.
 */
bool stack_batch_waits(void);

/*
 * Adds the number of stacks in all batches to *slots and that of their frames to *pages.
 * Context: THREAD.
 */
void stack_batch_count(uint32_t *slots, size_t *pages);

struct stack_batch_counts {
    uint64_t grace_periods; /* ended since boot */
    uint64_t released;      /* stacks whose grace period ended */
    uint64_t largest;       /* most stacks in one batch */
    uint64_t refused;       /* stacks freed at once because too many waited */
    uint64_t flushed;       /* stacks freed early because memory was short */
};

/*
 * Reads the counts.
 * Context: ANY. Not exact while they change.
 */
void stack_batch_counts_read(struct stack_batch_counts *counts);
