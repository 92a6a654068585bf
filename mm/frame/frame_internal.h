/* Shared by the files of the frame allocator; other files do not include it. */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"

/* Buddy lists of node 0, and the records of all frames. Guarded by frame_lock. */
extern struct buddy frame_buddy;

/* Buddy lists of each node; the first numa_node_count are valid. Guarded by frame_lock. */
extern struct buddy *frame_nodes[NUMA_NODE_MAX];

/* Guards all buddy lists. Taken with interrupts off; no other lock is taken inside. */
extern struct spinlock frame_lock;

/*
 * Returns the number of frames in all per-CPU free lists.
 * Context: ANY. Exact only while nothing is allocated or freed.
 */
size_t frame_cached_count(void);

/*
 * Returns how many frames of an owner were allocated less how many were freed, over all CPUs.
 * Context: ANY. Exact only while nothing is allocated or freed.
 */
long frame_owned_sum(enum frame_owner owner);

/*
 * Sets up the buddy lists of all nodes except node 0.
 * Context: boot.
 */
void frame_nodes_init(void);

/*
 * Returns the buddy lists of the node to which a frame belongs. Searches a table if there are
 * several nodes.
 * Context: ANY.
 */
struct buddy *frame_node_of(uint32_t number);

/*
 * Takes up to FRAME_BATCH frames for a per-CPU free list, and returns how many.
 * Context: IRQ, frame_lock held.
 */
static always_inline uint32_t frame_batch_take(struct buddy *from, uint32_t *free_list)
{
    uint32_t count = 0;

    while (count < FRAME_BATCH && buddy_take(from, 0, &free_list[count])) {
        from->frames[free_list[count++]].state = FRAME_CACHED;
    }
    return count;
}

/*
 * Takes up to FRAME_BATCH frames for a per-CPU free list from the first node after `own` that has
 * any, and returns how many.
 * Context: IRQ, frame_lock held.
 */
uint32_t frame_batch_take_remote(unsigned own, uint32_t *free_list);

/*
 * Takes a block of 2^order frames from node `own`, or from another if that has none. Returns false
 * if no node has one.
 * Context: IRQ, frame_lock held.
 */
must_check bool frame_block_take(unsigned own, unsigned order, uint32_t *first);

/*
 * Puts a frame into the buddy lists of its node. Does nothing and returns false if that is node
 * `own`.
 * Context: IRQ, interrupts off.
 */
bool frame_go_home(uint32_t number, unsigned own);

/*
 * Adds the frames [first, end), which were unusable, to the buddy lists of their nodes.
 * Context: IRQ, frame_lock held.
 */
void frame_range_add(uint32_t first, uint32_t end);

/*
 * Panics, with the reason why the caller's block is not what it says.
 * Context: ANY.
 */
noreturn_function void frame_complain(physical_t first, unsigned order, enum frame_owner owner,
                                      const char *what);

#ifdef INVARIANT
/*
 * Fills a block that is being freed with the pattern.
 * Context: IRQ.
 */
void frame_poison(physical_t first, unsigned order);

/*
 * Panics if a block that is being allocated was written while it was free.
 * Context: IRQ.
 */
void frame_poison_check(physical_t first, unsigned order);
#else
static always_inline void frame_poison(physical_t first maybe_unused, unsigned order maybe_unused)
{
}
static always_inline void frame_poison_check(physical_t first maybe_unused,
                                             unsigned order maybe_unused)
{
}
#endif
