/*
 * The buddy algorithm over numbered frames, and the record kept for each frame.
 *
 * A block is 2^order frames, aligned to its own size. Its buddy is the other half of the block of
 * the next higher order. buddy_take() splits a larger block if there is none of the wanted order.
 * buddy_put() merges a block with its buddy if the buddy is free, and goes on with the merged
 * block. All records lie in one array, apart from the memory that they describe, so a free frame is
 * never touched.
 *
 * This file has the algorithm only: it takes no lock and does not touch hardware. Context of all
 * functions: ANY, if nobody else uses the lists meanwhile: with the allocator's lock held, or at
 * boot.
 */
#pragma once

#include "lib/compiler.h"

#define BUDDY_ORDER_COUNT 11 /* blocks of 1 to 1024 frames: 4 KiB to 4 MiB */
#define BUDDY_ORDER_MAX   (BUDDY_ORDER_COUNT - 1)

/* Ends a list. Frame 0 is a valid frame, so 0 cannot end one. */
#define BUDDY_NONE UINT32_MAX

enum frame_state {
    FRAME_INSIDE,    /* not the first of its block: the first frame's record describes the block */
    FRAME_FREE,      /* first frame of a free block */
    FRAME_CACHED,    /* a single free frame in a per-CPU free list */
    FRAME_ALLOCATED, /* first frame of an allocated block */
    FRAME_UNUSABLE,  /* not memory, or memory that the allocator never got */
};

struct frame {
    /* Links of the list of free blocks. Guarded by the allocator's lock. */
    uint32_t next;
    uint32_t previous;
    uint32_t tag; /* a word that the owner of an allocated frame may use */
    /* Guarded by the allocator's lock, except while the frame is allocated or cached: then only
     * its owner, or the CPU whose list it is in, changes it. */
    union {
        struct {
            uint8_t state; /* enum frame_state */
            uint8_t order; /* of the block, if this is its first frame */
            uint8_t owner; /* enum frame_owner, of an allocated block */
            uint8_t spare;
        };
        uint32_t identity; /* all four fields, for one comparison */
    };
};

_Static_assert(sizeof(struct frame) == 16, "one frame record takes 16 bytes");

struct buddy {
    struct frame *frames;
    uint32_t count;                     /* number of records */
    uint32_t free_count;                /* frames in free blocks */
    uint32_t head[BUDDY_ORDER_COUNT];   /* first free block of each order, or BUDDY_NONE */
    uint32_t blocks[BUDDY_ORDER_COUNT]; /* length of each list */
};

/* Sets up empty lists over `count` records, and makes all of these FRAME_UNUSABLE. */
void buddy_init(struct buddy *buddy, struct frame *frames, uint32_t count);

/* Sets up empty lists over the records of another allocator, which keeps its own lists. */
void buddy_share(struct buddy *buddy, const struct buddy *records);

/* Makes `count` FRAME_UNUSABLE frames free. */
void buddy_add(struct buddy *buddy, uint32_t first, uint32_t count);

/*
 * Takes a block of 2^order frames and marks it FRAME_ALLOCATED. Sets its order, but not its owner.
 * Returns false if there is none.
 */
must_check bool buddy_take(struct buddy *buddy, unsigned order, uint32_t *first);

/* Puts back a block that buddy_take() gave. The caller has checked that it is one. */
void buddy_put(struct buddy *buddy, uint32_t first, unsigned order);
