/*
 * Pages of stacks whose threads sleep: unmapping them, mapping them again, and saving the live
 * bytes of the top page elsewhere. sched/stack/swap_candidate.h decides which threads, and when;
 * this file knows slots only.
 *
 * States of a page's leaf entry:
 *
 *     BACKED --unmap--> UNMAPPING --shootdown, release--> STANDBY --reclaim--> HOLE, or SWAPPED
 *       ^                   |                                |                 (top page)  |
 *       +------return-------+-------------return-------------+                             |
 *       +-------------------------------stack_swap_in--------------------------------------+
 *
 * Unmap, release, return and stack_swap_in happen under the lock of the run queue from which the
 * stack's thread is dispatched, while the thread is on no run queue or was just taken off it. So
 * missing(t), which counts every page that is not BACKED, grows only there. Only reclaim may happen
 * at any time, on any CPU. It changes STANDBY to HOLE or SWAPPED by compare-and-swap. This does not
 * change missing(t), and it fails if the thread has its page back already.
 *
 * UNMAPPING and STANDBY name the frame, which keeps its bytes. When the thread wakes, the same
 * frame is mapped again. A STANDBY frame also counts as free for every other user: the frame
 * allocator takes the oldest one before it reports that no frame is free. A page becomes STANDBY
 * only after a shootdown, so no frame is reused while a CPU may have its translation (I6).
 */
#pragma once

#include "mm/stack/stack_slot.h"

/* A stack with more live bytes than this is not swapped out. */
#define STACK_SAVED_BYTES_MAX 2000

/* The most STANDBY pages at a time. When one more is added, the frame of the oldest is freed. */
#define STACK_STANDBY_MAX 512

/*
 * Sets up the caches for saved bytes, and the reclaim hook of the frame allocator.
 * Context: THREAD, before the swapper runs.
 */
void stack_swap_init(void);

/*
 * Looks at the lowest `pages` of the four pages that faults fill, makes the backed ones UNMAPPING,
 * and returns how many these are.
 * Context: ATOMIC, the lock of the thread's run queue held, the thread on no run queue.
 */
uint32_t stack_pages_unmap_begin(uint32_t slot, unsigned pages);

/*
 * Takes frames until the swapper has all its spare frames, from STANDBY pages first. Spare frames
 * hold saved bytes, so stacks can be swapped out when no other frame is free; the objects in one
 * spare frame free the pages of several stacks. stack_pages_release() also keeps frames as spare
 * ones, so this function finds one missing only if no page was released since it was used. Context:
 * THREAD, the swapper.
 */
void stack_swap_spares_fill(void);

/*
 * Returns whether a spare frame is left.
 * Context: THREAD, the swapper.
 */
bool stack_swap_has_spares(void);

/*
 * Copies [from, top) of a stack into a new object, and stores the object in *saved. After that the
 * top page may be unmapped. The invariant build overwrites the bytes on the stack with a pattern.
 * Context: ATOMIC, the swapper. Errors: ERROR_NO_MEMORY; ERROR_RANGE for more than
 * STACK_SAVED_BYTES_MAX bytes.
 */
must_check int stack_save(uint32_t slot, uintptr_t from, void **saved);

/*
 * Frees an object from stack_save(), which copied [from, top) of the slot.
 * Context: IRQ.
 */
void stack_saved_free(uint32_t slot, uintptr_t from, void *saved);

/*
 * Makes the UNMAPPING pages of a stack STANDBY, after the shootdown. If the swapper lacks spare
 * frames, the first frames become spare ones, and their pages become holes (the top page: SWAPPED).
 * Returns how many pages were UNMAPPING. Context: ATOMIC, interrupts off, the lock
 * of the thread's run queue held; the swapper.
 */
uint32_t stack_pages_release(uint32_t slot);

/*
 * Maps the UNMAPPING and STANDBY pages of a waking thread's stack again, from the top down to the
 * first page whose frame is gone. The frames of the pages below that one are freed, so the stack
 * has one hole (I4). `saved` is the object from stack_save(), or NULL. Returns false if the top
 * page is SWAPPED: then stack_swap_in() must be called before the thread runs. Context: IRQ, the
 * lock of the thread's run queue held.
 */
must_check bool stack_pages_return(uint32_t slot, uintptr_t from, const void *saved);

/*
 * Backs a SWAPPED top page with a round of this CPU's magazine, which the gate has covered, and
 * copies the saved bytes to their place. Frees the object.
 * Context: ATOMIC, interrupts off.
 */
void stack_swap_in(uint32_t slot, uintptr_t from, void *saved);

/*
 * Fills holes from the top down until `pages` of the four pages are backed, with rounds of this
 * CPU's magazine, which the gate has covered.
 * Context: ATOMIC, interrupts off.
 */
void stack_refill(uint32_t slot, unsigned pages);

/*
 * Returns how many of the four pages are backed and were touched. With stack=lend some may be
 * untouched.
 * Context: ANY.
 */
uint32_t stack_pages_used(uint32_t slot);

/*
 * Takes the frame of the oldest STANDBY page; its owner stays FRAME_OWNER_STACK_STANDBY. Returns
 * false if there is none. Context: ATOMIC.
 */
must_check bool stack_standby_frame(physical_t *frame);

/*
 * Frees the frames of up to `most` STANDBY pages, the oldest first. Returns how many.
 * Context: IRQ.
 */
uint32_t stack_standby_free(uint32_t most);

struct stack_swap_counts {
    uint64_t shrunk;      /* pages unmapped below a saved stack pointer */
    uint64_t swapped;     /* stacks whose live bytes were saved */
    uint64_t swapped_in;  /* swapped-out stacks that needed a new top page */
    uint64_t returned;    /* pages mapped again with their own frames */
    uint64_t refilled;    /* pages that had to be backed again before their thread ran */
    uint64_t reclaimed;   /* STANDBY pages whose frames were freed */
    uint32_t standby_now; /* STANDBY pages */
    uint32_t saved_now;   /* objects with saved bytes */
};

/*
 * Returns how many objects with saved bytes there are: one for each stack that is swapped out.
 * Context: ANY.
 */
uint32_t stack_saved_count(void);

/*
 * Returns how many frames these objects have.
 * Context: ANY. Not exact while it changes.
 */
size_t stack_saved_frames(void);

/*
 * Reads the counts.
 * Context: ANY. Not exact while they change.
 */
void stack_swap_counts_read(struct stack_swap_counts *counts);

/*
 * Returns how many pages of a slot are STANDBY.
 * Context: ANY.
 */
uint32_t stack_pages_standby(uint32_t slot);
