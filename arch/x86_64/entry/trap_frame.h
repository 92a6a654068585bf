/*
 * The interrupted context that entry code saves, in the order in which it lies in memory: the
 * general registers (pushed by entry.asm), one word for the fault address, the vector, and what the
 * CPU pushed. Every event has this frame, whether it enters by the IDT or by FRED. offsets.c gives
 * the offsets to NASM.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t address; /* of a page fault that is not a stack fault; with FRED the event's data */
    uint32_t error;   /* the error code; 0 for events that have none */
    uint32_t vector;
    uint64_t rip, cs, rflags, rsp, ss; /* with FRED CS and SS say more than selectors: fred.h */
};

/* Bits of a page fault's error code (SDM volume 3A, 4.7). */
#define PAGE_FAULT_PRESENT  (1U << 0)
#define PAGE_FAULT_WRITE    (1U << 1)
#define PAGE_FAULT_USER     (1U << 2)
#define PAGE_FAULT_RESERVED (1U << 3)
#define PAGE_FAULT_FETCH    (1U << 4)

/*
 * This bit is set in `vector`, besides the number, while the frame is short (entry_frame.inc). Then
 * only RAX, RCX, RDX and RBP of the general registers are saved.
 */
#define TRAP_FRAME_SHORT (1U << 31)

/* Returns true if the event interrupted user mode, by the saved CS. Context: ANY. */
static always_inline bool trap_frame_from_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) != 0;
}

/*
 * While a handler runs, RBP is the address of the trap frame plus this mark. An ordinary frame
 * pointer is even, so a backtrace recognises the place where one context interrupted another. See
 * backtrace.c.
 */
#define TRAP_FRAME_MARK 1UL
