/*
 * A list of any number of frames that needs no memory: each frame holds the address of the next one
 * in its first word. Only for frames that nothing else reads or writes: those not mapped yet, or no
 * longer mapped.
 */
#pragma once

#include "arch/x86_64/cpu/address.h"
#include "mm/frame/frame.h"

struct frame_chain {
    physical_t first; /* valid while count is not 0 */
    uint32_t count;
};

/*
 * Puts a frame at the front of the chain.
 * Context: ANY.
 */
static inline void frame_chain_put(struct frame_chain *chain, physical_t frame)
{
    *(physical_t *)physical_to_virtual(frame) = chain->first;
    chain->first = frame;
    chain->count++;
}

/*
 * Removes and returns the first frame of a chain that is not empty, and clears its first word.
 * Context: ANY.
 */
static inline physical_t frame_chain_take(struct frame_chain *chain)
{
    physical_t frame = chain->first;
    physical_t *link = physical_to_virtual(frame);
    chain->first = *link;
    chain->count--;
    *link = 0;
    return frame;
}

/*
 * Frees all frames of the chain, which belong to `owner`.
 * Context: IRQ.
 */
static inline void frame_chain_free(struct frame_chain *chain, enum frame_owner owner)
{
    while (chain->count != 0) {
        frame_free(frame_chain_take(chain), owner);
    }
}

/*
 * Adds `count` zeroed frames, all or none. They are as contiguous as free memory allows: the
 * largest free blocks are used first. frame_chain_take() then gives the frames of a block from its
 * highest address down, so a stack that is mapped from its top down gets contiguous memory.
 * Context: IRQ. Errors: ERROR_NO_MEMORY.
 */
must_check int frame_chain_allocate(struct frame_chain *chain, uint32_t count,
                                    enum frame_owner owner);

/* The node of a CPU, whichever that is when a piece is allocated. */
#define FRAME_NODE_OWN UINT32_MAX

/*
 * Does what frame_chain_allocate() does, with frames of a NUMA node as long as that has any.
 * Interrupts stay as they are while the frames are zeroed.
 * Context: IRQ. Errors: ERROR_NO_MEMORY.
 */
must_check int frame_chain_allocate_in(unsigned node, struct frame_chain *chain, uint32_t count,
                                       enum frame_owner owner);

/*
 * Allocates 2^order contiguous frames, not zeroed, to be freed one by one. It calls no reclaim
 * hook.
 * Context: IRQ. Errors: ERROR_AGAIN if no such block is free, though smaller ones may be;
 * ERROR_NO_MEMORY by an injected failure.
 */
must_check int frame_block_allocate(unsigned order, enum frame_owner owner, physical_t *first);

struct frame_chain_counts {
    uint64_t in_blocks; /* frames allocated as part of a block */
    uint64_t single;    /* frames allocated one by one */
};

/*
 * Reads how many frames chains and blocks got since boot.
 * Context: ANY. Not exact while frames are allocated.
 */
void frame_chain_counts_read(struct frame_chain_counts *counts);
