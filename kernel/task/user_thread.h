/* Threads that run in user mode: what the kernel keeps for them beside struct thread. */
#pragma once

#include "arch/x86_64/entry/user_context.h"
#include "sched/core/thread.h"

struct user_thread {
    struct user_context context;
};

/*
 * Loads what the thread needs to run in user mode on the calling CPU. For kernel/hooks.c: the hook
 * thread_user_load. Context: ATOMIC, interrupts off, run-queue lock held.
 */
void user_thread_load(const struct thread *thread);

/*
 * Does what the hazards of the calling thread ask for. For kernel/hooks.c: the hook
 * user_return_work. Context: THREAD, on the way to ring 3.
 */
void user_thread_work(struct trap_frame *frame, uint32_t hazards);

/*
 * Asks a thread with a user mode to end: waits of its system calls return ERROR_KILLED, and it ends
 * on its way to user mode. The thread must not be freed meanwhile. Context: IRQ.
 */
void user_thread_kill(struct thread *thread);

/* Returns the calling thread's user side, or NULL if it has no user mode. Context: THREAD. */
static always_inline struct user_thread *thread_user(void)
{
    return thread_current()->user;
}
