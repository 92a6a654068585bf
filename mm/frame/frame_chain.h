/*
 * Many frames in hand without an array for them: each holds the address of the next one in its
 * first word. Only for frames that nobody else reads or writes: not yet mapped, or no longer.
 */
#pragma once

#include "arch/x86_64/cpu/address.h"
#include "mm/frame/frame.h"

struct frame_chain {
    physical_t first; /* if count is not 0 */
    uint32_t count;
};

/* Puts a frame in front. Any context. */
static inline void frame_chain_put(struct frame_chain *chain, physical_t frame)
{
    *(physical_t *)physical_to_virtual(frame) = chain->first;
    chain->first = frame;
    chain->count++;
}

/* Takes the first frame out of a chain that is not empty; its first word is 0. Any context. */
static inline physical_t frame_chain_take(struct frame_chain *chain)
{
    physical_t frame = chain->first;
    physical_t *link = physical_to_virtual(frame);
    chain->first = *link;
    chain->count--;
    *link = 0;
    return frame;
}

/* Frees all that is in the chain. Any context that may free frames. */
static inline void frame_chain_free(struct frame_chain *chain, enum frame_owner owner)
{
    while (chain->count != 0) {
        frame_free(frame_chain_take(chain), owner);
    }
}

/*
 * Adds `count` zeroed frames, all or none, as contiguous as free memory is: the largest block there
 * is first. frame_chain_take() gives the frames of a block from its highest address down, so that
 * who maps pages from the top of a stack down has them side by side. ERROR_NO_MEMORY. Any context
 * that may allocate.
 */
must_check int frame_chain_allocate(struct frame_chain *chain, uint32_t count,
                                    enum frame_owner owner);

/*
 * 2^order single frames, side by side, not zeroed: the chain's largest block without the chain.
 * ERROR_NO_MEMORY by a failure on demand; ERROR_AGAIN: no such block is free, smaller ones may be.
 * Any context that may allocate.
 */
must_check int frame_block_allocate(unsigned order, enum frame_owner owner, physical_t *first);

struct frame_chain_counts {
    uint64_t in_blocks; /* frames that came with neighbours */
    uint64_t single;
};

/* Of all frames that chains were ever given. Not exact while they change. Any context. */
void frame_chain_counts_read(struct frame_chain_counts *counts);
