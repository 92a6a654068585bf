/*
 * Functions that were interrupted in their prologue or epilogue, while RBP is their caller's: the
 * chain of frame pointers then lacks the caller.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Returns the return address of the function that was interrupted at `rip` with stack pointer `rsp`
 * if it has no frame of its own at that moment. Returns 0 if it has one, or if the code does not
 * show it. `read` reads a word if it is mapped. Context: that of `read`.
 */
uintptr_t unwind_prologue_caller(uintptr_t rip, uintptr_t rsp,
                                 bool (*read)(uintptr_t address, uint64_t *word));
