/*
 * Functions that were interrupted while RBP was still, or again, their caller's: the chain of frame
 * pointers then leaves the caller out. Pure but for the reads that the caller allows.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * The address to which the function that was interrupted at `rip`, with this stack pointer, will
 * return, if it has no frame at that moment; 0 if it has one, or if that cannot be told. `read`
 * reads a word if it is mapped. Any context.
 */
uintptr_t unwind_prologue_caller(uintptr_t rip, uintptr_t rsp,
                                 bool (*read)(uintptr_t address, uint64_t *word));
