/* Allocates many frames at once, contiguous where possible: see frame_chain.h. */
#include "mm/frame/frame_chain.h"

#include "arch/x86_64/cpu/page_copy.h"
#include "lib/error.h"
#include "mm/frame/fault_inject.h"

static struct frame_chain_counts counts;

/* Asks fault injection once for each of `count` frames; returns whether one must fail. */
static bool any_fails(uint32_t count)
{
    bool fails = false;
    while (count-- > 0 && !fails) {
        fails = fault_inject(FAULT_INJECT_ALLOCATE);
    }
    return fails;
}

/* Allocates a free block of an order above 0. */
static must_check int block_allocate(unsigned node, unsigned order, enum frame_owner owner,
                                     physical_t *first)
{
    return node == FRAME_NODE_OWN ? frame_allocate_free_order(order, owner, first)
                                  : frame_allocate_in(node, order, owner, first);
}

/* Allocates one frame of a node if it has any, else of another. */
static must_check int single_allocate(unsigned node, enum frame_owner owner, physical_t *frame)
{
    if (node != FRAME_NODE_OWN) {
        if (any_fails(1)) {
            return ERROR_NO_MEMORY;
        }
        if (frame_allocate_in(node, 0, owner, frame) == OK) {
            return OK;
        }
    }
    return frame_allocate(owner, frame);
}

/* Allocates the largest free block of at most `count` frames: at worst a single frame. */
static must_check int piece_allocate(unsigned node, uint32_t count, enum frame_owner owner,
                                     physical_t *first, unsigned *order)
{
    unsigned largest = 31 - (unsigned)__builtin_clz(count);
    if (largest > BUDDY_ORDER_MAX) {
        largest = BUDDY_ORDER_MAX;
    }
    if (largest != 0 && any_fails(1U << largest)) {
        return ERROR_NO_MEMORY; /* an injected failure; frame_allocate() asks for a single frame */
    }
    for (*order = largest; *order > 0; (*order)--) {
        if (block_allocate(node, *order, owner, first) == OK) {
            frame_block_split(*first, *order, owner);
            return OK;
        }
    }
    return single_allocate(node, owner, first);
}

int frame_block_allocate(unsigned order, enum frame_owner owner, physical_t *first)
{
    if (any_fails(1U << order)) {
        return ERROR_NO_MEMORY;
    }
    if (unlikely(frame_allocate_free_order(order, owner, first) != OK)) {
        return ERROR_AGAIN;
    }
    frame_block_split(*first, order, owner);
    __atomic_add_fetch(&counts.in_blocks, 1UL << order, __ATOMIC_RELAXED);
    return OK;
}

int frame_chain_allocate_in(unsigned node, struct frame_chain *chain, uint32_t count,
                            enum frame_owner owner)
{
    struct frame_chain fresh = {0};
    while (fresh.count < count) {
        physical_t first;
        unsigned order;
        int error = piece_allocate(node, count - fresh.count, owner, &first, &order);
        if (error != OK) {
            frame_chain_free(&fresh, owner);
            return error;
        }
        __atomic_add_fetch(order != 0 ? &counts.in_blocks : &counts.single, 1UL << order,
                           __ATOMIC_RELAXED);
        for (uint32_t i = 1U << order; i-- > 0;) {
            page_zero(physical_to_virtual(first + i * PAGE_BYTES));
            frame_chain_put(&fresh, first + i * PAGE_BYTES);
        }
    }
    while (fresh.count != 0) {
        frame_chain_put(chain, frame_chain_take(&fresh));
    }
    return OK;
}

int frame_chain_allocate(struct frame_chain *chain, uint32_t count, enum frame_owner owner)
{
    return frame_chain_allocate_in(FRAME_NODE_OWN, chain, count, owner);
}

void frame_chain_counts_read(struct frame_chain_counts *out)
{
    *out = counts;
}
