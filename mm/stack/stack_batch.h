/*
 * stack-free=batched: the stack of a dead thread waits for the end of a grace period, as it must
 * wherever others may look at what lies on a stack for a while after its thread is gone (Linux in
 * 2016: `thread_info` lay at the bottom, and freeing it was left to RCU). An experiment: nothing
 * here needs the wait. What it shows is that a cache of whole stacks is useless behind it.
 *
 * A reader, if there were one, would keep preemption off. So a CPU has passed a quiescent point
 * when its timer tick finds preemption on or the CPU idle, and a grace period is over when every
 * CPU that was online at its beginning has passed one. Each CPU gathers the stacks of the threads
 * that end there; at the first tick after a grace period that began later than the last of a batch
 * died, it releases the batch at once.
 *
 * Who starves for frames does not wait for it: see stack_cache_refuse() and stack_cache_drain().
 * Nor does a creation that finds no memory, or the machine when memory is short:
 * stack_batch_flush(). And no more stacks wait at once than a bound says, for all CPUs together:
 * what dies then is freed as if there were no batch.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "mm/stack/stack_reap.h"

/* Begins, or ends: then all that waits goes to the dead stacks. Thread context. */
void stack_batch_enable(bool on);

extern bool stack_batch_enabled;

/* Adds a stack to this CPU's batch; false if stacks are freed at once. Interrupts off. */
must_check bool stack_batch_add(uint32_t slot);

/* Only for stack_batch.c, and for a test that holds it. */
extern struct spinlock stack_batch_lock;

/*
 * A timer tick; quiescent: it interrupted code with preemption on. Does nothing, and never waits,
 * while another CPU is at its batch. IRQ context.
 */
void stack_batch_tick(bool quiescent);

/* Moves what this CPU gathered to the dead stacks, not waiting for a grace period. Interrupts off.
 */
void stack_batch_drain(void);

/*
 * Moves what waits in all CPUs' batches to the dead stacks: whoever then calls stack_reclaim() has
 * their frames. True if there was any. Any context but NMI, #MC, #DF.
 */
bool stack_batch_flush(void);

/* How many stacks may wait at once; 0: as many as fit into an eighth of memory. Thread context. */
void stack_batch_most_set(uint32_t stacks);

/* Does any stack wait for a grace period? Any context. */
bool stack_batch_waits(void);

/* Adds the stacks in all batches and their backed pages. Thread context. */
void stack_batch_count(uint32_t *slots, size_t *pages);

struct stack_batch_counts {
    uint64_t grace_periods; /* over since boot */
    uint64_t released;      /* stacks whose grace period was over */
    uint64_t largest;       /* stacks in one batch */
    uint64_t refused;       /* stacks that were freed at once, because too many waited */
    uint64_t flushed;       /* stacks that were freed early, because memory was short */
};

/* Not exact while they change. Any context. */
void stack_batch_counts_read(struct stack_batch_counts *counts);
