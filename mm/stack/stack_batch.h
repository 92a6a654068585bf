/*
 * stack-free=batched: the stack of a thread that ended waits for a grace period, as it must where
 * others may look at a stack for a while after its thread ended. (Linux in 2016: `thread_info` lay
 * at the bottom of the stack, and RCU delayed its freeing.) This is an experiment; nothing in this
 * kernel needs the wait. It shows that behind a grace period a cache of whole stacks is useless.
 *
 * Such a reader would keep preemption off. So a CPU passes a quiescent point when its timer tick
 * finds preemption on or the CPU idle. A grace period is over when every CPU that was online at its
 * start has passed one. Each CPU collects the stacks of threads that end on it. At the first tick
 * after a grace period that began later than the batch was closed, it releases the batch at once.
 *
 * Threads that wait for memory do not wait for grace periods: see stack_cache_refuse() and
 * stack_cache_drain(). Nor does a creation that finds no memory: stack_batch_flush(). All CPUs
 * together hold a bounded number of stacks in batches; beyond it, stacks are freed at once.
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

/* Guards all batches and the grace periods. For stack_batch.c, and for a test that holds it. */
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
