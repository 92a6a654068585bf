/*
 * What entry code saves of an interrupted context, in the order in which it lies in memory: the
 * general registers (pushed by entry.asm), one word for the fault address, the vector, and what the
 * CPU pushed. The same struct for every event, wherever it came in. Offsets for NASM: offsets.c.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t address; /* of a page fault that is not a stack fault; with FRED the event's data */
    uint32_t error;   /* 0 where the CPU pushes none */
    uint32_t vector;
    uint64_t rip, cs, rflags, rsp, ss; /* with FRED CS and SS say more than selectors: fred.h */
};

/* Bits of a page fault's error code (SDM volume 3A, 4.7). */
#define PAGE_FAULT_PRESENT  (1U << 0)
#define PAGE_FAULT_WRITE    (1U << 1)
#define PAGE_FAULT_USER     (1U << 2)
#define PAGE_FAULT_RESERVED (1U << 3)
#define PAGE_FAULT_FETCH    (1U << 4)

/* Did the event interrupt user mode? Follows the saved CS. */
static always_inline bool trap_frame_from_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) != 0;
}

/*
 * While a handler runs, RBP holds the frame's address plus one, so that a backtrace that follows
 * frame pointers recognises the place where one context interrupts another (an ordinary frame
 * pointer is even). See backtrace.c.
 */
#define TRAP_FRAME_MARK 1UL
