/*
 * The buddy algorithm over numbered frames, and the record kept for each frame.
 *
 * A block is 2^order frames, aligned to its own size; its buddy is the other half of the block one
 * order up. Taking splits larger blocks, putting merges with the buddy as long as that is free.
 * All records lie in one array apart from the memory they describe: a free frame is never touched.
 *
 * Only the algorithm: no lock (the caller holds one), no hardware, no policy.
 */
#pragma once

#include "lib/compiler.h"

#define BUDDY_ORDER_COUNT 11 /* blocks of 1 to 1024 frames: 4 KiB to 4 MiB */
#define BUDDY_ORDER_MAX   (BUDDY_ORDER_COUNT - 1)

/* Ends a list. Frame 0 is a frame like any other, so 0 cannot. */
#define BUDDY_NONE UINT32_MAX

enum frame_state {
    FRAME_INSIDE,    /* not the first of its block; the block's first frame tells the rest */
    FRAME_FREE,      /* first of a free block */
    FRAME_CACHED,    /* alone, in the per-CPU free list of a CPU */
    FRAME_ALLOCATED, /* first of an allocated block */
    FRAME_UNUSABLE,  /* a hole, or memory that was never given to the allocator */
};

struct frame {
    /* Links of the list of free blocks; under the allocator's lock. */
    uint32_t next;
    uint32_t previous;
    uint32_t tag; /* a word for the owner of an allocated frame */
    /* Under the allocator's lock, but an allocated or cached frame belongs to its holder alone. */
    union {
        struct {
            uint8_t state; /* enum frame_state */
            uint8_t order; /* of the block, if this is its first frame */
            uint8_t owner; /* enum frame_owner, of an allocated block */
            uint8_t spare;
        };
        uint32_t identity; /* the four above, to be compared at once */
    };
};

_Static_assert(sizeof(struct frame) == 16, "one frame record takes 16 bytes");

struct buddy {
    struct frame *frames;
    uint32_t count;                     /* of records */
    uint32_t free_count;                /* frames in free blocks */
    uint32_t head[BUDDY_ORDER_COUNT];   /* first free block of each order, or BUDDY_NONE */
    uint32_t blocks[BUDDY_ORDER_COUNT]; /* length of each list */
};

/* Starts with `count` records, all of which become FRAME_UNUSABLE, and nothing free. */
void buddy_init(struct buddy *buddy, struct frame *frames, uint32_t count);

/* Starts with the records of another, which keeps what it has: lists of its own, and nothing free.
 */
void buddy_share(struct buddy *buddy, const struct buddy *records);

/* Adds frames that were unusable to what is free. */
void buddy_add(struct buddy *buddy, uint32_t first, uint32_t count);

/* Takes a block and marks it allocated, order set, owner not; false if there is none. */
must_check bool buddy_take(struct buddy *buddy, unsigned order, uint32_t *first);

/* Puts a block back. The caller has checked that it is one that was taken. */
void buddy_put(struct buddy *buddy, uint32_t first, unsigned order);
