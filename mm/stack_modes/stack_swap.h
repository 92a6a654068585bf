/*
 * Pages of stacks whose threads sleep: unmapping them, mapping them again, and saving the bytes of
 * the last one elsewhere. sched/stack/swap_candidate.h decides which threads, and when; this file
 * knows slots only.
 *
 * States of a page's leaf entry:
 *
 *     BACKED --unmap--> UNMAPPING --shootdown, release--> STANDBY --reclaim--> HOLE, or SWAPPED
 *       ^                   |                                |                 (top page)  |
 *       +------return-------+-------------return-------------+                             |
 *       +-------------------------------stack_swap_in--------------------------------------+
 *
 * Unmap, release, return and stack_swap_in happen under the lock by which the stack's thread is
 * dispatched, while the thread is on no run queue or was just taken off it. So missing(t), which
 * counts every page that is not BACKED, grows only there. Only reclaim may come at any time, from
 * any CPU. It changes STANDBY to HOLE or SWAPPED by compare-and-swap, which does not change
 * missing(t), and fails if the thread had its page back before.
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

/* STANDBY pages there are at most; beyond, the oldest one's frame is freed. */
#define STACK_STANDBY_MAX 512

/*
 * Sets up the caches for saved bytes, and the reclaim hook of the frame allocator.
 * Context: THREAD, before the swapper runs.
 */
void stack_swap_init(void);

/*
 * Makes UNMAPPING of the backed ones of the lowest `pages` pages, and returns how many.
 * Context: ATOMIC, the lock of the thread's run queue held, its thread on no run queue.
 */
uint32_t stack_pages_unmap_begin(uint32_t slot, unsigned pages);

/*
 * Fills up the spare frames, from STANDBY pages first. They are kept for saved bytes, so stacks can
 * be swapped out when no other frame is free; one spare frame then frees up to a dozen others. The
 * pages of a batch fill them up as they are released, so this finds one missing only where no page
 * was released since it was used.
 * Context: THREAD, the swapper.
 */
void stack_swap_spares_fill(void);

/*
 * Returns whether a spare frame is left.
 * Context: THREAD, the swapper.
 */
bool stack_swap_has_spares(void);

/*
 * Copies [from, top) of a stack into an object. From then on the top page may be unmapped. The
 * invariant build poisons the bytes on the stack.
 * Context: ATOMIC. Errors: ERROR_NO_MEMORY; ERROR_RANGE for more than STACK_SAVED_BYTES_MAX bytes.
 */
must_check int stack_save(uint32_t slot, uintptr_t from, void **saved);

/*
 * Frees an object from stack_save(), which copied [from, top) of the slot.
 * Context: IRQ.
 */
void stack_saved_free(uint32_t slot, uintptr_t from, void *saved);

/*
 * Makes STANDBY of the UNMAPPING pages of a stack, after the shootdown. Returns how many.
 * Context: ATOMIC, interrupts off, the lock of the thread's run queue held.
 */
uint32_t stack_pages_release(uint32_t slot);

/*
 * Maps the UNMAPPING and STANDBY pages of a waking thread's stack again, from the top down. Below
 * the first page whose frame is gone, the others' frames are freed, so the stack has one hole (I4).
 * `saved` is the object from stack_save(), or NULL. Returns false if the top page is SWAPPED: then
 * stack_swap_in() must come before the thread runs.
 * Context: IRQ, the lock of the thread's run queue held.
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
    uint64_t swapped_in;  /* of these, how many needed a new top page */
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
 * Reads the counts.
 * Context: ANY. Not exact while they change.
 */
void stack_swap_counts_read(struct stack_swap_counts *counts);

/*
 * Returns how many pages of a slot are STANDBY.
 * Context: ANY.
 */
uint32_t stack_pages_standby(uint32_t slot);
