/*
 * The pages of the calling thread's own stack, for tests that grow it and look at what came. Thread
 * context; the caller's frames lie in the top page.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "mm/stack/stack.h"

/* Back to one page. */
void own_stack_trim(void);

/* The same, with interrupts off from then on: to be restored with what this returns. */
uint64_t own_stack_trim_and_hold(void);

/* Address of byte `offset` of page `page` of the own stack; page 3 is the top one. */
uintptr_t own_address(unsigned page, size_t offset);

/* The lowest page that is backed: 3, or what a site has brought below it (stack=prefault). */
unsigned own_lowest(void);
