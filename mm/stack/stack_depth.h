/*
 * How deep stacks were used, read without bringing anything in.
 *
 * By pages the depth is always known: a page is backed because it was touched (by this thread, or
 * by an earlier one whose stack was reused as it was). Exact to the word it is read from the pages
 * themselves, which are zero where nothing was ever written: that needs a reused stack to be zeroed
 * again at creation, up to 519 instructions for each of its pages, and is a choice: depth=exact.
 */
#pragma once

#include "mm/stack/stack_entry.h"

#define STACK_DEPTH_BUCKET_BYTES 512
/*
 * Of each histogram: 16 KiB in equal steps, and each larger size of stacks (32 KiB, ..., 1 MiB) in
 * one bucket, which holds what is deeper than half of it.
 */
#define STACK_DEPTH_BUCKETS      (STACK_BYTES / STACK_DEPTH_BUCKET_BYTES + STACK_SIZES - 1)
#define STACK_DEPTH_PAGE_BUCKETS (STACK_PAGES + STACK_SIZES - 1)

/* Chooses exact depths from now on. Once, at boot. */
void stack_depth_exact_set(bool exact);

extern bool stack_depth_exact;

static always_inline bool stack_depth_is_exact(void)
{
    return stack_depth_exact;
}

/* A stack that is about to be reused: zeroes its backed pages if depths are exact. */
void stack_depth_forget(uint32_t slot);

/*
 * Bytes from the top down to the lowest word that is not 0, through the direct map: never faults,
 * whatever becomes of the stack meanwhile. Meaningful with exact depths, or on a fresh stack.
 */
size_t stack_depth_scan(uint32_t slot);

struct stack_depth_histogram {
    uint64_t by_pages[STACK_DEPTH_PAGE_BUCKETS + 1]; /* ends of threads; 1 page is number 1 */
    uint64_t exact[STACK_DEPTH_BUCKETS];             /* ends of threads by bytes, if exact */
};

/*
 * The bucket of so many units, of which 16 KiB are `units` in buckets of their own, from number 1
 * on; and the most units that a bucket holds.
 */
unsigned stack_depth_bucket(size_t depth, unsigned units);
size_t stack_depth_bucket_most(unsigned bucket, unsigned units);

/* Notes a thread's end. Interrupts off, its stack still whole. */
void stack_depth_note_end(uint32_t slot);

/* Sums over all CPUs; not exact while they change. Any context. */
void stack_depth_histogram_read(struct stack_depth_histogram *sum);
