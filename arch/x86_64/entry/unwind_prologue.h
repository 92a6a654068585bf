/*
 * Functions that were interrupted in their prologue or epilogue. RBP then is the caller's frame
 * pointer, so the chain of frame pointers begins with the caller's caller and lacks the caller.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Returns the return address of the function that was interrupted at `rip` with stack pointer `rsp`
 * if the function had no frame of its own at that moment. Returns 0 if it had one, or if its code
 * does not show whether it had. `read` reads a word if it is mapped. Context: that of `read`.
 */
uintptr_t unwind_prologue_caller(uintptr_t rip, uintptr_t rsp,
                                 bool (*read)(uintptr_t address, uint64_t *word));
