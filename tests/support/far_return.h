/* A way out of a handler other than its own return. See far_return.asm. */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct far_return {
    uint64_t registers[6];
    uintptr_t rsp;
    uintptr_t rip;
};

/* Returns 0 the first time, and the value that far_return() gets each time it comes back. */
__attribute__((returns_twice)) uint64_t far_return_mark(struct far_return *place);
noreturn_function void far_return(struct far_return *place, uint64_t value);
