/*
 * stack=lend: a stack is whole while its thread runs. At a switch, what the outgoing stack was lent
 * and its thread did not touch is taken back, and the holes of the incoming one are filled: with
 * the same pages where that is all there is to do, else from and into this CPU's magazine. The
 * processor tells by the Accessed bit: a page is lent with the bit clear, and whoever touches it
 * sets the bit.
 *
 * So a thread takes no stack faults, and the rest stays as it is: the gate covers what is to be
 * lent (missing(next)). The outgoing stack loses pages when nothing more will be pushed on it; what
 * goes deeper there all the same (a refill's books, stack_trim()) finds a hole, and a fault fills
 * it from the same magazine, which has just got what the stack lost.
 *
 * Taking back makes a page absent that was present. May any CPU know it still?
 *
 *  - Intel says no. SDM volume 3A, "Details of TLB Use" (4.10.2.3 for long, 5.10.2.3 now): a
 *    processor does not cache a translation unless the accessed flag is 1 in each entry that it
 *    used, and before it caches one, it sets those that are not. So a page whose bit is still
 *    clear when one locked instruction replaces the entry is in no TLB, of no CPU, and may be lent
 *    to anybody at once: STACK_LEND_AT_ONCE.
 *  - AMD does not say so. APM volume 2, 5.5.3 "TLB Management", "Speculative Caching of Address
 *    Translations": a processor may create a TLB entry for any address that has valid entries,
 *    and doing that "will set the Accessed bit": not before, and not instead of caching. So any CPU
 *    may know an untouched page, and a shootdown must come before the frame is used for anything
 *    else, *and* before another frame is hung at the same address: what one CPU would write to the
 *    new page, another, to which the thread moved or a pointer was given, would look for in the
 *    old one. A switch cannot wait for a shootdown. So there the pages stay with their stack, and
 *    the reclaimer takes them back in batches: STACK_LEND_BATCHED. Others are taken for AMD.
 *
 * A batch, for each stack that no CPU uses: untouched pages become *lend_unmapping* (not present,
 * but the entry still has the frame), under the lock that dispatch takes; then one shootdown; then
 * what is still lend_unmapping becomes a hole, and its frame free. A thread that is dispatched in
 * between gets the same frames at the same addresses, so that it does not matter who knows them.
 */
#pragma once

#include "mm/stack/stack_entry.h"

enum stack_lend_way {
    STACK_LEND_AT_ONCE,
    STACK_LEND_BATCHED,
};

/* By the vendor of this processor. Any context. */
enum stack_lend_way stack_lend_way(void);

/*
 * What thread_switch() calls in this mode (sched/core/switch.asm) before it leaves the outgoing
 * stack, interrupts off, run-queue lock held; stack_use names both stacks. AT_ONCE: takes back and
 * lends. BATCHED: fills.
 */
void stack_lend_switch(void);
void stack_lend_fill(void);

/*
 * Makes what is lent to the running stack its own, as if it had been touched: for who wants to take
 * pages out of it. Interrupts off.
 */
void stack_lend_keep(void);

/* BATCHED: were stacks filled since the last batch, which may have untouched pages? Any context. */
bool stack_lend_wanted(void);

/* Notes that a batch begins. */
void stack_lend_batch_begin(void);

/*
 * BATCHED: makes the stack's untouched pages lend_unmapping; returns how many. The stack's thread
 * must not run, and not be dispatched meanwhile (its run queue's lock).
 */
unsigned stack_lend_cool(uint32_t slot);

/*
 * After a shootdown that began later than stack_lend_cool(): makes holes of what is still
 * lend_unmapping and hands out the frames, STACK_PAGES at most. Returns how many. Any context.
 */
unsigned stack_lend_cooled_take(uint32_t slot, physical_t *frames);

struct stack_lend_counts {
    uint64_t lent;       /* pages */
    uint64_t taken_back; /* untouched */
};

/* Sums over all CPUs; not exact while they change. */
void stack_lend_counts_read(struct stack_lend_counts *counts);
