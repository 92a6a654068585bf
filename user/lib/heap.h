/*
 * A heap in one range of memory: blocks with their sizes before them. Adjacent free blocks are
 * always joined. An allocation takes the first free block that is large enough, so it is slow if
 * there are many small free blocks. Only one thread may use a heap at a time; malloc.h has a lock.
 */
#pragma once

#include "lib/compiler.h"

#define HEAP_ALIGNMENT 16

struct heap_block;

struct heap {
    struct heap_block *first;
    struct heap_block *end; /* a block of size 0 that is never free */
    struct heap_block *free;
    size_t used_bytes; /* in blocks that are not free, their headers included */
};

/* Results of heap_check_block(). */
enum heap_verdict {
    HEAP_BLOCK_SOUND,
    HEAP_BLOCK_FOREIGN, /* not in this heap, or not the start of a block */
    HEAP_BLOCK_FREE,    /* freed already */
};

/*
 * Makes a heap of `bytes` bytes at `area`, both multiples of HEAP_ALIGNMENT, at least 64 bytes. The
 * memory may be filled as it is touched: only headers and list links of blocks are written.
 */
void heap_init(struct heap *heap, void *area, size_t bytes);

/* Returns `bytes` bytes, aligned to HEAP_ALIGNMENT, not zeroed; NULL if no free block fits. */
must_check void *heap_allocate(struct heap *heap, size_t bytes);

/* Frees what heap_allocate() returned. The caller has checked it by heap_check_block(). */
void heap_free(struct heap *heap, void *data);

/* Returns whether `data` may be freed. */
must_check enum heap_verdict heap_check_block(const struct heap *heap, const void *data);

/* Returns how many bytes there are from `data`, which heap_allocate() returned, to the block's
 * end. */
size_t heap_usable(const void *data);
