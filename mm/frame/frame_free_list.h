/* Per-CPU free lists of single frames. For the files of the frame allocator only. */
#pragma once

#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "mm/frame/frame_internal.h"

/* Used by its own CPU only, with interrupts off; the others only read. */
struct frame_cpu {
    uint32_t count;                          /* frames in the free list */
    uint32_t node;                           /* frames are taken from this node first */
    uint32_t free_list[FRAME_FREE_LIST_MAX]; /* frame numbers; the last was freed last */
    long owned[FRAME_OWNER_COUNT]; /* allocated on this CPU less freed on it: may be negative */
};

DECLARE_PER_CPU(struct frame_cpu, frame_cpu);

/*
 * Returns the `identity` that the record of an allocated block must have, so that one comparison
 * checks state, order and owner. Context: ANY.
 */
static always_inline uint32_t identity_of(enum frame_owner owner, unsigned order)
{
    return FRAME_ALLOCATED | order << 8 | (uint32_t)owner << 16;
}

/* Returns the address of the frame with this number. Context: ANY. */
static always_inline physical_t frame_address(uint32_t number)
{
    return (physical_t)number << PAGE_SHIFT;
}

/*
 * Takes the frame that was freed last from this CPU's free list, which is not empty, and gives it
 * to `owner`.
 * Context: IRQ, interrupts off.
 */
static always_inline physical_t frame_free_list_pop(enum frame_owner owner)
{
    /* LAB 2 BEGIN free-list-pop: take the frame that was freed last, and note its owner */
    uint32_t count = this_cpu(frame_cpu).count - 1;
    uint32_t number = this_cpu(frame_cpu).free_list[count];

    invariant(frame_buddy.frames[number].state == FRAME_CACHED);
    this_cpu(frame_cpu).count = count;
    this_cpu(frame_cpu).owned[owner]++;
    frame_buddy.frames[number].identity = identity_of(owner, 0);
    frame_poison_check(frame_address(number), 0);
    return frame_address(number);
    /* LAB 2 END free-list-pop */
}

/*
 * Moves up to FRAME_BATCH frames into this CPU's free list, which is empty: from the CPU's own node
 * if that has any, else from another.
 * Context: IRQ, interrupts off, frame_lock held.
 */
void frame_free_list_fill(void);

/*
 * Moves the `count` frames that were freed longest ago from this CPU's free list to the buddy
 * lists.
 * Context: IRQ, interrupts off, frame_lock held.
 */
void frame_free_list_drain(uint32_t count);
