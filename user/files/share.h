/*
 * The rings by which clients read files (user/protocol/rings.h). There are SHARES of them; a new
 * one takes the place of the oldest. Each has a number that no later one gets, so who still knows
 * the number of a ring that is gone reaches no other client's.
 */
#pragma once

#include "user/lib/ring.h"

#define SHARES      16
#define SHARE_BYTES 0x9000UL /* for a ring of 32 KiB */

struct share {
    uint64_t number; /* 0: none was made here yet */
    uint64_t stream; /* the badge of the open file */
    uint32_t memory; /* 0: none */
    uint32_t shared; /* the same, with the rights that clients get */
    void *pages;     /* NULL: the ring is gone */
    struct ring_side ring;
};

/*
 * Makes a ring for an open file, and stores its number. Errors: those of memory_create(),
 * memory_commit() and memory_map().
 */
must_check int share_make(uint64_t stream, uint64_t *number);

/* Returns the ring with this number; NULL: it is gone. */
struct share *share_find(uint64_t number);
