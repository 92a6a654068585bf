/*
 * How deep stacks were used, found without backing any page.
 *
 * The depth in pages is always known: a page is backed because it was touched, by this thread or by
 * an earlier owner of the stack. With depth=exact the depth is known to the word: the lowest word
 * that is not zero, because pages are zero where nothing was ever written. For that, a reused stack
 * is zeroed at creation, which takes up to 519 instructions for each of its pages.
 */
#pragma once

#include "mm/stack/stack_entry.h"

#define STACK_DEPTH_BUCKET_BYTES 512

/*
 * Buckets of each histogram: 16 KiB in equal steps, and one bucket for each larger size of stacks
 * (32 KiB, ..., 1 MiB), for depths above half of that size.
 */
#define STACK_DEPTH_BUCKETS      (STACK_BYTES / STACK_DEPTH_BUCKET_BYTES + STACK_SIZES - 1)
#define STACK_DEPTH_PAGE_BUCKETS (STACK_PAGES + STACK_SIZES - 1)

/*
 * Turns exact depths on or off.
 * Context: boot.
 */
void stack_depth_exact_set(bool exact);

extern bool stack_depth_exact;

/*
 * Returns whether depths are exact.
 * Context: ANY.
 */
static always_inline bool stack_depth_is_exact(void)
{
    return stack_depth_exact;
}

/*
 * Prepares a stack that is about to be reused: zeroes its backed pages if depths are exact.
 * Context: THREAD.
 */
void stack_depth_forget(uint32_t slot);

/*
 * Returns the number of bytes from the stack's top down to the lowest word that is not 0. It reads
 * through the direct map, so it never faults, whatever happens to the stack meanwhile. That is the
 * depth of the thread only with depth=exact, or if the thread is the first owner of the stack.
 * Context: ANY.
 */
size_t stack_depth_scan(uint32_t slot);

struct stack_depth_histogram {
    uint64_t by_pages[STACK_DEPTH_PAGE_BUCKETS + 1]; /* ended threads by pages, from index 1 on */
    uint64_t exact[STACK_DEPTH_BUCKETS];             /* ended threads by bytes, if exact */
};

/*
 * Returns the bucket of a depth. `units` says how many units of depth 16 KiB are: STACK_PAGES for
 * pages, or the number of steps of STACK_DEPTH_BUCKET_BYTES. Up to 16 KiB each unit has a bucket of
 * its own, numbered from 1; above, each larger size of stacks has one. Context: ANY.
 */
unsigned stack_depth_bucket(size_t depth, unsigned units);

/*
 * Returns the largest depth that a bucket holds, in the units of stack_depth_bucket().
 * Context: ANY.
 */
size_t stack_depth_bucket_most(unsigned bucket, unsigned units);

/*
 * Counts the depth of a thread that ends. Its stack must be as the thread left it.
 * Context: IRQ, interrupts off.
 */
void stack_depth_note_end(uint32_t slot);

/*
 * Reads the sums over all CPUs.
 * Context: ANY. Not exact while they change.
 */
void stack_depth_histogram_read(struct stack_depth_histogram *sum);
