/* RSP deep in the calling thread's own stack. See own_stack.asm. */
#pragma once

#include "arch/x86_64/cpu/types.h"

uint64_t own_stack_preempt(uintptr_t rsp, volatile uint32_t *other, uint64_t spins);
void own_stack_call(uintptr_t rsp, void (*function)(void));
