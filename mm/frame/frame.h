/*
 * Frames of physical memory: allocating them, freeing them, and knowing the owner of each.
 *
 * A single frame comes from the per-CPU free list of the calling CPU, a small array that needs no
 * lock. The per-CPU free lists are filled from the buddy lists and emptied into them. One spinlock
 * guards the buddy lists. No function here sleeps or faults. Interrupts are off for at most some
 * FRAME_FREE_LIST_MAX steps of the buddy algorithm, except in frame_release_reserved().
 *
 * Each allocated block has an owner, and the caller that frees a block names it. So frames are
 * counted exactly by owner, and a double free or a wrong owner is a panic in every build. Physical
 * frame 0 is a valid frame: errors are reported by the return value, never by an address of 0.
 *
 * Free frames are never touched: all records lie apart (mm/frame/buddy.h). The invariant build
 * fills a frame with a pattern when it is freed and checks the pattern when it is allocated.
 */
#pragma once

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "boot/memory_map.h"
#include "mm/frame/buddy.h"

enum frame_owner {
    FRAME_OWNER_RESERVED,      /* never allocated: kernel image, firmware, the records */
    FRAME_OWNER_FREE,          /* not allocated */
    FRAME_OWNER_PAGE_TABLE,    /* page tables of the kernel half; never given back */
    FRAME_OWNER_USER_TABLE,    /* page tables of address spaces, page lists of memory objects */
    FRAME_OWNER_USER,          /* pages of memory objects */
    FRAME_OWNER_STACK,         /* mapped in a kernel stack */
    FRAME_OWNER_STACK_CACHE,   /* mapped in a whole stack that waits for its next thread */
    FRAME_OWNER_STACK_STANDBY, /* unmapped from a blocked thread's stack; freed if needed */
    FRAME_OWNER_MAGAZINE,      /* in a CPU's magazine */
    FRAME_OWNER_RESERVE,       /* in the reserve behind the magazines */
    FRAME_OWNER_SLAB,          /* objects of the object allocator */
    FRAME_OWNER_KMALLOC,       /* kmalloc() of more than an object */
    FRAME_OWNER_VMALLOC,       /* mapped in a kernel region */
    FRAME_OWNER_CPU,           /* per-CPU areas and entry stacks */
    FRAME_OWNER_DEVICE,        /* buffers of a device */
    FRAME_OWNER_TEST,          /* allocated by a test */
    FRAME_OWNER_COUNT,
};

/* Frames that a per-CPU free list holds at most. */
#define FRAME_FREE_LIST_MAX 32

/* Frames that move at once between a per-CPU free list and the buddy lists. */
#define FRAME_BATCH 16

/*
 * Returns the owner's name, for listings.
 * Context: ANY.
 */
const char *frame_owner_name(enum frame_owner owner);

/*
 * Takes over all usable memory of the map. First it takes memory for its own records from the map
 * and marks it MEMORY_KERNEL there. The direct map must exist.
 * Context: boot. Errors: ERROR_NO_MEMORY if there is no room for the records.
 */
must_check int frame_init(struct memory_map *map);

/*
 * Adds memory that was kept back at boot and is no longer needed: the whole pages in
 * [base, base + bytes). Panics if one of them was added before.
 * Context: IRQ.
 */
void frame_release_reserved(physical_t base, uint64_t bytes);

/*
 * Allocates one frame, not zeroed. If no frame is free it asks the reclaim hook for one. If the
 * hook has none, and interrupts and preemption are on, it collects the frames in the free lists of
 * other CPUs (mm/frame/frame_collect.h) and tries once more.
 * Context: IRQ. Errors: ERROR_NO_MEMORY; *out is then unchanged.
 */
must_check int frame_allocate(enum frame_owner owner, physical_t *out);

/*
 * Allocates one frame, and does not wait if the buddy lock is held.
 * Context: IRQ. Errors: ERROR_NO_MEMORY if no frame is free; ERROR_AGAIN if this CPU's free list is
 * empty and the lock is held.
 */
must_check int frame_allocate_nowait(enum frame_owner owner, physical_t *out);

/*
 * Allocates one frame from this CPU's free list, without a lock, in a fixed number of instructions.
 * Context: IRQ, interrupts off. Errors: ERROR_NO_MEMORY if the list is empty.
 */
must_check int frame_allocate_local(enum frame_owner owner, physical_t *out);

/*
 * Allocates 2^order frames in one piece, aligned to their size, not zeroed. If no such block is
 * free, it frees every frame that the reclaim hook gives, collects those in the free lists of other
 * CPUs if interrupts and preemption are on, and tries once more.
 * Context: IRQ. Errors: ERROR_NO_MEMORY; ERROR_INVALID for an order above BUDDY_ORDER_MAX.
 */
must_check int frame_allocate_order(unsigned order, enum frame_owner owner, physical_t *out);

/*
 * Allocates 2^order frames in one piece, aligned to their size, not zeroed. For an order above 0 it
 * never calls the reclaim hook; order 0 is frame_allocate(). For callers that can also use smaller
 * pieces, for which it would be a waste to reclaim many pages.
 * Context: IRQ. Errors: ERROR_NO_MEMORY; ERROR_INVALID for an order above BUDDY_ORDER_MAX.
 */
must_check int frame_allocate_free_order(unsigned order, enum frame_owner owner, physical_t *out);

/*
 * Allocates 2^order frames in one piece, aligned to their size, not zeroed, from a NUMA node; or
 * from the nearest other one, if that node has no such block. It never calls the reclaim hook.
 * Context: IRQ. Errors: ERROR_NO_MEMORY; ERROR_INVALID for an order above BUDDY_ORDER_MAX.
 */
must_check int frame_allocate_in(unsigned node, unsigned order, enum frame_owner owner,
                                 physical_t *out);

/*
 * Frees one frame; `owner` is its owner now. From frame_free_offer(true) to
 * frame_free_offer(false), frame_free_hook is offered the frame first and may keep it.
 * Context: IRQ.
 */
void frame_free(physical_t frame, enum frame_owner owner);

/*
 * Frees a block of 2^order frames; `owner` is its owner now. From frame_free_offer(true) to
 * frame_free_offer(false), its frames are freed one by one, so frame_free_hook is offered each.
 * Context: IRQ.
 */
void frame_free_order(physical_t first, unsigned order, enum frame_owner owner);

/*
 * Turns an allocated block into single frames of the same owner, to be freed one by one. Takes no
 * lock: only the block's owner may call it.
 * Context: IRQ.
 */
void frame_block_split(physical_t first, unsigned order, enum frame_owner owner);

/*
 * Allocates one frame for a page table.
 * Context: IRQ. Errors: ERROR_NO_MEMORY.
 */
must_check int frame_allocate_page_table(physical_t *out);

/*
 * Writes zeroes over one frame through the direct map.
 * Context: ANY.
 */
static always_inline void frame_zero(physical_t frame)
{
    page_zero(physical_to_virtual(frame));
}

/*
 * Changes the owner of a frame or block from `from` to `to`. Panics if `from` is not its owner.
 * Takes no lock: only the owner may call it.
 * Context: IRQ.
 */
void frame_owner_change(physical_t first, enum frame_owner from, enum frame_owner to);

/*
 * Sets a word that the owner of an allocated frame keeps beside it: 0 until it is set. The owner
 * sets it back to 0 before it frees the frame. Does nothing for an address without a frame.
 * Context: ANY.
 */
void frame_tag_set(physical_t frame, uint32_t tag);

/*
 * Returns the word that frame_tag_set() set; 0 for an address without a frame.
 * Context: ANY.
 */
uint32_t frame_tag(physical_t frame);

/*
 * Returns the owner of a frame. In a block only the first frame has an owner; for the others it
 * returns FRAME_OWNER_FREE.
 * Context: ANY.
 */
enum frame_owner frame_owner_of(physical_t frame);

/*
 * Moves the frames in this CPU's free list to the buddy lists.
 * Context: IRQ.
 */
void frame_cache_drain_this_cpu(void);

/*
 * Hook: from frame_free_offer(true) to frame_free_offer(false) it is offered each freed frame, with
 * owner FRAME_OWNER_RESERVE. Returns true if it keeps the frame. It may take spinlocks and must not
 * free frames. Freed blocks are offered frame by frame. Context: ATOMIC, interrupts off.
 */
extern bool (*frame_free_hook)(physical_t frame);

/* Sets whether freed frames are offered to frame_free_hook. Context: ANY. */
void frame_free_offer(bool offered);

/*
 * Hook: called for a frame when none is free. Stores one whose owner is FRAME_OWNER_STACK_STANDBY,
 * or returns false if there is none. Context: ATOMIC, no lock of the allocator held.
 */
extern bool (*frame_reclaim_hook)(physical_t *frame);

/*
 * Sets the node from which a CPU takes frames as long as that node has any (mm/frame/numa_node.h);
 * 0 until it is set. The CPU's per-CPU area must exist.
 * Context: IRQ, interrupts off, for the calling CPU; for another CPU, before that CPU runs.
 */
void frame_node_set(unsigned cpu, unsigned node);

/*
 * Returns the node from which a CPU takes frames.
 * Context: ANY.
 */
unsigned frame_node_of_cpu(unsigned cpu);

/*
 * Returns the number of free frames in a node's buddy lists.
 * Context: ANY.
 */
size_t frame_node_free_count(unsigned node);

/*
 * Set by the allocator when an allocation finds fewer free frames than the low mark. The swapper
 * clears it (sched/stack/swapper.c).
 */
extern bool frame_low;

/*
 * Sets the low mark, in frames of all nodes together; 0: frame_low is never set.
 * Context: THREAD.
 */
void frame_low_mark_set(size_t frames);

/*
 * Returns the number of free frames that every CPU can allocate: those that are in no per-CPU free
 * list.
 * Context: ANY. Exact only while nothing is allocated or freed.
 */
size_t frame_shared_free_count(void);

/*
 * Returns the number of free frames, those in per-CPU free lists included.
 * Context: ANY. Exact only while nothing is allocated or freed.
 */
size_t frame_free_count(void);

/*
 * Returns the number of frames under management.
 * Context: ANY.
 */
size_t frame_total_count(void);

/*
 * Returns the number of frames that an owner has.
 * Context: ANY. Exact only while nothing is allocated or freed.
 */
size_t frame_owned_count(enum frame_owner owner);

struct frame_statistics {
    size_t total;                     /* frames under management */
    size_t free;                      /* in buddy lists and per-CPU free lists */
    size_t cached;                    /* in per-CPU free lists */
    size_t blocks[BUDDY_ORDER_COUNT]; /* free blocks of each order: fragmentation */
    size_t owned[FRAME_OWNER_COUNT];
};

/*
 * Reads all counts, for listings.
 * Context: IRQ. Takes the buddy lock.
 */
void frame_statistics_read(struct frame_statistics *statistics);
