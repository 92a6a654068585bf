/*
 * The frame allocator on machines with several NUMA nodes. Each node has buddy lists of its own,
 * over the same records and under the same lock. A per-CPU free list is filled from the CPU's own
 * node as long as that node has frames. If a CPU frees a frame of another node, the frame goes to
 * the lists of that node at once.
 */
#include "arch/x86_64/cpu/percpu.h"
#include "mm/frame/frame_internal.h"

static struct buddy others[NUMA_NODE_MAX - 1];

struct buddy *frame_nodes[NUMA_NODE_MAX] = {&frame_buddy};

void frame_nodes_init(void)
{
    for (unsigned node = 1; node < numa_node_count; node++) {
        frame_nodes[node] = &others[node - 1];
        buddy_share(frame_nodes[node], &frame_buddy);
    }
}

struct buddy *frame_node_of(uint32_t number)
{
    return frame_nodes[numa_node_of((physical_t)number << PAGE_SHIFT)];
}

uint32_t frame_batch_take_remote(unsigned own, uint32_t *free_list)
{
    uint32_t count = 0;
    for (unsigned i = 1; i < numa_node_count && count == 0; i++) {
        count = frame_batch_take(frame_nodes[numa_node_nearest(own, i)], free_list);
    }
    return count;
}

bool frame_block_take(unsigned own, unsigned order, uint32_t *first)
{
    for (unsigned i = 0; i < numa_node_count; i++) {
        if (buddy_take(frame_nodes[numa_node_nearest(own, i)], order, first)) {
            return true;
        }
    }
    return false;
}

bool frame_go_home(uint32_t number, unsigned own)
{
    struct buddy *home = frame_node_of(number);
    if (home == frame_nodes[own]) {
        return false;
    }
    spin_lock(&frame_lock);
    buddy_put(home, number, 0);
    spin_unlock_quietly(&frame_lock);
    return true;
}

void frame_range_add(uint32_t first, uint32_t end)
{
    while (first < end) {
        uint32_t block_end = (first | ((1U << BUDDY_ORDER_MAX) - 1)) + 1;
        block_end = block_end < end ? block_end : end;
        buddy_add(frame_node_of(first), first, block_end - first);
        first = block_end;
    }
}

size_t frame_node_free_count(unsigned node)
{
    return __atomic_load_n(&frame_nodes[node]->free_count, __ATOMIC_RELAXED);
}
