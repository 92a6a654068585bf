/* Kernel stacks: creating them and giving them back. */
#pragma once

#include "mm/stack/stack_mode.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_trim.h"

/*
 * Decides whether stack_create() must do more than take a stack from the cache, which depends on
 * the stack mode, exact depths and the number of NUMA nodes.
 * Context: boot, after these are set.
 */
void stack_create_mode_init(void);

/*
 * Creates a 16 KiB stack, from this CPU's cache if that has one. A stack from the cache has as many
 * pages as its last owner left; a new one has a zeroed top page (stack=eager: all pages, zeroed).
 * Context: THREAD. Errors: ERROR_NO_MEMORY if there is no frame or no slot, or if threads wait for
 * memory.
 */
must_check int stack_create(uint32_t *slot);

/*
 * Creates a stack for a thread that will run on a CPU of another NUMA node. It never comes from the
 * cache, and its frames are of `node` as long as this node has any. `bytes` is 0 for 16 KiB, or a
 * size that stack_create_sized() takes. `whole`, or stack=eager: all pages are backed. Context:
 * THREAD. Errors: ERROR_NO_MEMORY; ERROR_INVALID and ERROR_RANGE for a wrong size.
 */
must_check int stack_create_in(unsigned node, bool whole, size_t bytes, uint32_t *slot);

/*
 * Creates a 16 KiB stack with all four pages backed, for a thread that must run when no memory is
 * left.
 * Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int stack_create_backed(uint32_t *slot);

/*
 * Creates a stack of `bytes` bytes: a power of two, 16 KiB to 1 MiB. A stack larger than 16 KiB
 * never comes from the cache. `whole`, or stack=eager: all its pages are backed.
 * Context: THREAD. Errors: ERROR_NO_MEMORY; ERROR_INVALID if `bytes` is no power of two;
 * ERROR_RANGE if it is too small or too large.
 */
must_check int stack_create_sized(size_t bytes, bool whole, uint32_t *slot);

/*
 * Gives back a stack that no CPU uses any more: to this CPU's cache of whole stacks, or else to the
 * depot, a batch or the reclaimer (stack_cache_refuse()). Never waits.
 * Context: ATOMIC, interrupts off.
 */
void stack_destroy(uint32_t slot);
