/*
 * The pages of the calling thread's own stack, for tests that grow it and check the result. The
 * caller's frames lie in the top page. Context: THREAD.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "mm/stack/stack.h"

/* Trims the stack to one page. */
void own_stack_trim(void);

/* Trims and turns interrupts off; returns the flags to restore. */
uint64_t own_stack_trim_and_hold(void);

/* The address of byte `offset` of page `page` of the stack; page 3 is the top one. */
uintptr_t own_address(unsigned page, size_t offset);

/* The lowest backed page: 3, or the page that a site has filled below it (stack=prefault). */
unsigned own_lowest(void);
