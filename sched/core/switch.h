/*
 * The switch from one kernel stack to another, as C sees it: a call that clobbers all registers. So
 * the compiler saves the registers that it needs, once, in schedule() or in its caller; only RBP
 * and RSP are saved by switch.asm.
 */
#pragma once

#include "sched/core/run_queue.h"

struct trap_frame;

/* The words at the saved RSP of a thread that does not run. It needs no other register. */
struct switch_frame {
    uintptr_t rbp;
    uintptr_t return_address;
};

/* The values that the old thread passes to the new one, in registers. */
struct switch_handover {
    uint64_t hole;           /* the page-table entry of the new stack's holes: stack_fault.h */
    struct run_queue *queue; /* this CPU's */
};

/*
 * Stores this stack's RSP at *save_rsp and continues on the stack whose saved RSP is load_rsp.
 * Returns, perhaps on another CPU, when a CPU switches back to this stack; the result is what that
 * switch passed on. Context: ATOMIC, interrupts off, run-queue lock held.
 */
static always_inline struct switch_handover stack_switch(uintptr_t *save_rsp, uintptr_t load_rsp,
                                                         struct switch_handover handover)
{
    __asm__ volatile("call thread_switch"
                     : "+D"(save_rsp), "+S"(load_rsp), "+d"(handover.hole), "+c"(handover.queue)
                     :
                     : "rax", "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
                       "cc");
    return handover;
}

/*
 * Switches stacks in place of stack_switch(), and lets the calling thread give up what lies on its
 * stack below the user's frame, which is at the top. The thread goes on at `continuation`, with RSP
 * at the frame and the handover in RDX and RCX. Context: ATOMIC, interrupts off, run-queue lock
 * held.
 */
noreturn_function void thread_switch_dropping(uintptr_t *save_rsp, uintptr_t load_rsp,
                                              struct switch_handover handover,
                                              struct trap_frame *frame, void (*continuation)(void));
