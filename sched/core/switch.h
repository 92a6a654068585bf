/*
 * The switch from one kernel stack to another, as C sees it: a call that comes back with other
 * values in all registers. So the compiler saves those it needs, and all but RBP and RSP are saved
 * once, by who calls schedule() or by schedule() itself. See switch.asm. Interrupts off.
 */
#pragma once

#include "sched/core/run_queue.h"

/* What a thread that does not run has at its saved RSP. Of the other registers it needs none. */
struct switch_frame {
    uintptr_t rbp;
    uintptr_t return_address;
};

/* What the thread that leaves hands to the one that comes, in registers. */
struct switch_handover {
    uint64_t hole;           /* what the holes of the stack that comes look like: stack_fault.h */
    struct run_queue *queue; /* this CPU's */
};

/*
 * Leaves the RSP of this stack at *save_rsp and goes on where load_rsp was left. Returns when
 * somebody comes back here, maybe on another CPU, with what he hands over.
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
