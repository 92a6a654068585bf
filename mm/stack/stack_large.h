/*
 * Stacks larger than 16 KiB, and their pages below the fault floor. These pages get frames from the
 * allocator, at creation or when the stack's thread asks for them (stack_back_down(), for
 * stack_ensure()). No fault ever fills such a page, and no magazine has to cover it.
 */
#pragma once

#include "mm/frame/frame_chain.h"
#include "mm/stack/stack_pages.h"

/*
 * Makes a new stack of a size (stack_size.h), with frames of a NUMA node as long as that has any
 * (FRAME_NODE_OWN: the CPU's), and its top page or, if `whole`, all pages backed. Does not look
 * whether threads wait for memory. Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int stack_back_new(unsigned node, unsigned size, bool whole, uint32_t *slot);

/*
 * Creates a stack of a size above 0 (stack_size.h) with its top page backed; `whole`: all pages.
 * Context: THREAD. Errors: ERROR_NO_MEMORY if there is no frame or no slot, or if threads wait for
 * memory.
 */
must_check int stack_large_create(unsigned size, bool whole, uint32_t *slot);

/*
 * Returns how many stacks of more than 16 KiB were created since boot.
 * Context: ANY.
 */
uint64_t stack_large_creations(void);

/*
 * Backs the calling thread's stack from its lowest backed page down to the page of `address`, with
 * zeroed frames from the allocator, all or none.
 * Context: ATOMIC, spinlocks may be held. Errors: ERROR_RANGE if the address is below the stack;
 * ERROR_NO_MEMORY if there are no frames, or if threads wait for memory.
 */
must_check int stack_back_down(uint32_t slot, uintptr_t address);

/*
 * Unmaps the backed pages that lie below the floor and wholly below `address`, waits for the
 * shootdown and frees their frames. Either the caller runs on this stack and does not use these
 * pages, or the stack's thread does not run. Context: THREAD.
 */
void stack_give_back(uint32_t slot, uintptr_t address);
