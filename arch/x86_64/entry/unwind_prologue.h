/*
 * For backtraces: functions that were interrupted in their prologue or epilogue. RBP then still is
 * the frame pointer of the caller. So the return address in the first frame of the chain leads to
 * the caller's caller, and the caller itself would be left out.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Returns the return address of the function that was interrupted at `rip` with stack pointer `rsp`
 * if the function had no frame of its own at that moment. Returns 0 if it had one, or if the word
 * where the return address would lie cannot be read or is no address in a function. `read` reads a
 * word if it is mapped. Context: that of `read`.
 */
uintptr_t unwind_prologue_caller(uintptr_t rip, uintptr_t rsp,
                                 bool (*read)(uintptr_t address, uint64_t *word));
