/* How much of its stack a thread uses, for those who show it. */
#pragma once

#include "mm/stack/stack_size.h"
#include "sched/core/thread.h"

#define STACK_USED_UNKNOWN UINT32_MAX

/*
 * Returns how many bytes of its stack are between the top and a thread's stack pointer. This is
 * exact for the caller and for each thread that does not run, swapped out or not. It is 0 for a
 * thread that has given its stack away (handoff.h), and STACK_USED_UNKNOWN for one that runs on
 * another CPU, because only that CPU knows its stack pointer. The thread must not be freed
 * meanwhile. Context: ANY.
 */
static always_inline uint32_t stack_used_bytes(const struct thread *thread)
{
    uint32_t slot = thread->slot;
    uintptr_t top = stack_top(slot), at = thread->saved_rsp;
    if (thread == thread_current()) {
        at = (uintptr_t)__builtin_frame_address(0);
    } else if (cpu_variable(thread_running, thread->cpu) == thread) { /* whatever its state says */
        return STACK_USED_UNKNOWN;
    } else if (thread->pending & THREAD_PENDING_HANDED) {
        return 0;
    }
    /* Slot and stack pointer may be of two moments if the thread passed from stack to stack. */
    return at <= top && at >= stack_bottom(slot) ? (uint32_t)(top - at) : 0;
}
