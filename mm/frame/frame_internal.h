/* What the files of the frame allocator share among themselves; for nobody else. */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"

/* Node 0's lists, and the records of all. Written under frame_lock once there are several CPUs.
 */
extern struct buddy frame_buddy;
extern struct buddy *frame_nodes[NUMA_NODE_MAX]; /* by node, the first numa_node_count of them */
extern struct spinlock frame_lock;

/* Frames in all per-CPU free lists; allocated less freed frames of an owner, over all CPUs. */
size_t frame_cached_count(void);
long frame_owned_sum(enum frame_owner owner);

/* Makes the lists of all nodes but the first. Once, at boot. */
void frame_nodes_init(void);

/* The lists to which a frame belongs. Slow where there are several nodes. */
struct buddy *frame_node_of(uint32_t number);

/* Takes up to FRAME_BATCH frames, for a per-CPU free list; returns how many. The lock is held. */
static always_inline uint32_t frame_batch_take(struct buddy *from, uint32_t *free_list)
{
    uint32_t count = 0;

    while (count < FRAME_BATCH && buddy_take(from, 0, &free_list[count])) {
        from->frames[free_list[count++]].state = FRAME_CACHED;
    }
    return count;
}

/* The same from the first node behind `own` that has any. The lock is held. */
uint32_t frame_batch_take_remote(unsigned own, uint32_t *free_list);

/* A block of this order from `own`, else from another node. The lock is held. */
must_check bool frame_block_take(unsigned own, unsigned order, uint32_t *first);

/* Puts a frame that is not of node `own` back where it belongs; false if it is. Interrupts off.
 */
bool frame_go_home(uint32_t number, unsigned own);

/* Gives the frames [first, end) to their nodes. The lock is held. */
void frame_range_add(uint32_t first, uint32_t end);

/* A caller named a block wrongly: says how, and panics. */
noreturn_function void frame_complain(physical_t first, unsigned order, enum frame_owner owner,
                                      const char *what);

#ifdef INVARIANT
/* Fills a block that is about to be free; panics if a block changed while it was. */
void frame_poison(physical_t first, unsigned order);
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
