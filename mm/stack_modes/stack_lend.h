/*
 * stack=lend: all pages of a stack are backed while its thread runs. At a switch, the pages that
 * were lent to the outgoing stack and not touched are taken back, and the holes of the incoming
 * stack are filled with frames of this CPU's magazine. In the usual case the untouched pages go
 * straight from one stack to the other, and not through the magazine. The Accessed bit tells which
 * pages were touched: a page is lent with the bit clear, and the CPU sets it on the first access.
 *
 * So a thread takes no stack faults. The gate still has to cover the pages that will be lent,
 * missing(next). The outgoing stack loses its pages when the code of the switch pushes nothing more
 * on it. If something is pushed deeper all the same (by a refill, or by stack_trim()), a stack
 * fault fills the hole from the same magazine, which has just got the pages that the stack lost.
 *
 * Taking back makes a page absent that was present. Whether a CPU may still have its translation
 * depends on the vendor:
 *
 *  - Intel: no. SDM volume 3A, "Details of TLB Use" (4.10.2.3, in newer editions 5.10.2.3): a
 *    processor caches a translation only if the accessed flag is 1 in each entry that it used, and
 *    sets flags that are 0 before it does so. So if the bit is still clear when one locked
 *    instruction replaces the entry, the page is in no CPU's TLB and may be lent to any stack at
 *    once: STACK_LEND_AT_ONCE.
 *  - AMD: yes. APM volume 2, 5.5.3 "TLB Management", "Speculative Caching of Address Translations":
 *    a processor may create a TLB entry for any address that has valid entries, and doing so "will
 *    set the Accessed bit". It does not say that the bit is set before. So any CPU may have the
 *    translation of an untouched page. A shootdown is necessary before the frame is used for
 *    anything else, and also before another frame is mapped at the same address. Without it a
 *    thread could write to the new frame on one CPU, migrate, and read the old frame on another. A
 *    switch cannot wait for a shootdown. So the pages stay with their stack, and the reclaimer
 *    takes them back in batches: STACK_LEND_BATCHED. CPUs of all other vendors are treated like
 *    AMD's.
 *
 * A batch takes stacks that no CPU uses. Their untouched pages become LEND_UNMAPPING (not present,
 * but the entry still names the frame), under the lock that dispatch takes. One shootdown follows.
 * Then pages that are still LEND_UNMAPPING become holes, and their frames are freed. A thread that
 * is dispatched in between gets the same frames back at the same addresses, so it does not matter
 * which CPUs still have their translations.
 */
#pragma once

#include "mm/stack/stack_entry.h"

/* When lent pages may be taken back. */
enum stack_lend_mode {
    STACK_LEND_AT_ONCE,
    STACK_LEND_BATCHED,
};

/*
 * Returns the mode for the vendor of this CPU.
 * Context: ANY.
 */
enum stack_lend_mode stack_lend_mode(void);

/*
 * AT_ONCE: takes back what was lent to the outgoing stack and lends to the incoming one. Called by
 * thread_switch() (sched/core/switch.asm) before it leaves the outgoing stack; stack_use names
 * both stacks.
 * Context: ATOMIC, interrupts off, run-queue lock held.
 */
void stack_lend_switch(void);

/*
 * BATCHED: fills the holes of the incoming stack. Called by thread_switch() before it leaves the
 * outgoing stack; stack_use names both stacks.
 * Context: ATOMIC, interrupts off, run-queue lock held.
 */
void stack_lend_fill(void);

/*
 * Makes the pages lent to the running stack its own, as if they had been touched, so that they can
 * be unmapped and freed like others.
 * Context: ATOMIC, interrupts off.
 */
void stack_lend_keep(void);

/*
 * BATCHED: returns whether stacks were filled since the last batch began. They may have untouched
 * pages.
 * Context: ANY.
 */
bool stack_lend_wanted(void);

/*
 * BATCHED: notes that a batch begins.
 * Context: THREAD.
 */
void stack_lend_batch_begin(void);

/*
 * BATCHED: returns whether a batch could take a page of a stack. After "false" the answer stays so
 * until more pages of the stack are filled. Context: ANY. Not exact while the stack's thread runs:
 * a page may be touched meanwhile.
 */
bool stack_lend_untouched(uint32_t slot);

/*
 * BATCHED: makes the untouched pages of a stack LEND_UNMAPPING, and returns how many. The top page
 * must be backed, and the stack's thread must not run.
 * Context: ATOMIC, the lock of the thread's run queue held, so that it is not dispatched.
 */
unsigned stack_lend_unmap_begin(uint32_t slot);

/*
 * BATCHED: makes holes of the pages that are still LEND_UNMAPPING, writes their frames to `frames`,
 * and returns how many: STACK_PAGES at most. A shootdown must have begun after
 * stack_lend_unmap_begin() and ended.
 * Context: IRQ.
 */
unsigned stack_lend_unmap_end(uint32_t slot, physical_t *frames);

struct stack_lend_counts {
    uint64_t lent;       /* pages lent */
    uint64_t taken_back; /* pages taken back untouched */
};

/*
 * Reads the sums over all CPUs.
 * Context: ANY. Not exact while they change.
 */
void stack_lend_counts_read(struct stack_lend_counts *counts);
