/*
 * Pages of stacks whose threads sleep: taking them, giving them back, and swapping the last one
 * out. Which threads, and when, is decided above (sched/stack/swap_candidate.h); this file knows
 * slots only.
 *
 * What becomes of a page's leaf entry:
 *
 *     BACKED --leave--> UNMAPPING --shootdown, release--> STANDBY --demand--> HOLE, or SWAPPED (top
 * page) ^                 |                              |                          |
 *        +-----return------+-----------return-------------+                          |
 *        +--------------------------------stack_swap_in------------------------------+
 *
 * leave, release, return and stack_swap_in happen under the lock by which the stack's thread is
 * dispatched, while it is on no run queue, or just taken off it: so missing(t), which counts every
 * page that is not BACKED, grows only there. Only "demand" comes from anywhere, at any time: it
 * turns STANDBY into HOLE or SWAPPED by compare-and-swap, which changes nothing for missing(t), and
 * fails if the thread had its page back before.
 *
 * UNMAPPING and STANDBY name the frame, which keeps all that was in it. Both count as free for the
 * thread: when it wakes, the same frame is mapped again, unwritten. STANDBY counts as free for
 * everybody: the frame allocator asks for the oldest such frame before it says that there is none.
 * Before STANDBY comes a shootdown, so no frame is used again while any CPU may know it (I6).
 */
#pragma once

#include "mm/stack/stack_slot.h"

/* Live bytes of a stack that is swapped out: so many at most, or it stays. */
#define STACK_SAVED_BYTES_MAX 2000

/* At most so many pages keep their frame for their thread; beyond, the oldest is freed. */
#define STACK_STANDBY_MAX 512

/* Prepares the objects that hold saved bytes. Once, before the rest. */
void stack_swap_init(void);

/* Takes the backed ones of the lowest `pages` pages: UNMAPPING. Returns how many. */
uint32_t stack_pages_unmap_begin(uint32_t slot, unsigned pages);

/*
 * Some frames are kept for objects, so that stacks can be swapped out when nothing else is free:
 * one such frame then frees a dozen others. Fills them up, from STANDBY pages first. Thread
 * context.
 */
void stack_swap_spares_fill(void);

/* Is there one left? The swapper. */
bool stack_swap_has_spares(void);

/*
 * Copies [from, top) into an object. From then on the top page may leave. In the invariant build
 * the bytes on the stack become poison. ERROR_NO_MEMORY; ERROR_RANGE: too many bytes.
 */
must_check int stack_save(uint32_t slot, uintptr_t from, void **saved);

/* Gives such an object up. */
void stack_saved_free(uint32_t slot, uintptr_t from, void *saved);

/* After the shootdown: UNMAPPING becomes STANDBY. Returns how many. Interrupts off. */
uint32_t stack_pages_release(uint32_t slot);

/*
 * The thread wakes: pages that left and still have their frames are mapped again, from the top on;
 * below the first that has none the others are freed, so that the stack has one hole (I4). `saved`
 * is what stack_save() made, or NULL. False: the top page is SWAPPED, the object is needed, and
 * stack_swap_in() comes before anybody uses the stack. Any context but NMI, #MC, #DF.
 */
must_check bool stack_pages_return(uint32_t slot, uintptr_t from, const void *saved);

/*
 * Brings a SWAPPED top page back: a round of this CPU's magazine, which the gate has covered, with
 * the saved bytes at their place. The object is freed. Interrupts off.
 */
void stack_swap_in(uint32_t slot, uintptr_t from, void *saved);

/*
 * Fills holes from the top on until `pages` of the four pages are there: with rounds of this CPU's
 * magazine, which the gate has covered. Interrupts off.
 */
void stack_refill(uint32_t slot, unsigned pages);

/* Backed pages of the four that somebody touched: all, but with stack=lend. Any context. */
uint32_t stack_pages_used(uint32_t slot);

/* Frees the frames of up to `most` STANDBY pages, the oldest first; returns how many. Any context.
 */
uint32_t stack_standby_free(uint32_t most);

struct stack_swap_counts {
    uint64_t shrunk;      /* pages taken below a saved stack pointer */
    uint64_t swapped;     /* stacks whose live bytes were saved */
    uint64_t swapped_in;  /* of these, how many needed a new page */
    uint64_t returned;    /* pages mapped again as they were */
    uint64_t refilled;    /* pages that had to be there again before their thread ran */
    uint64_t demanded;    /* pages whose frames were freed */
    uint32_t standby_now; /* STANDBY pages */
    uint32_t saved_now;   /* stack_saved_count() */
};

/* Objects with saved bytes now: one for each stack that is swapped out. Any context. */
uint32_t stack_saved_count(void);

void stack_swap_counts_read(struct stack_swap_counts *counts);

/* Pages of a slot that are UNMAPPING or STANDBY now. Any context. */
uint32_t stack_pages_unmapping(uint32_t slot);
uint32_t stack_pages_standby(uint32_t slot);
