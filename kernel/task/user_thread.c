/* Threads that run in user mode. */
#include "kernel/task/user_thread.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/stack/stack_size.h"

void user_thread_load(const struct thread *thread)
{
    struct user_context *context = &thread->user->context;
    if (unlikely(context->stack_top == 0)) { /* the first switch to the thread */
        context->stack_top = stack_top(thread->slot);
    }
    user_context_load(context);
}

void user_thread_work(struct trap_frame *frame maybe_unused, uint32_t hazards)
{
    if (hazards & USER_HAZARD_KILL) {
        thread_exit(ERROR_KILLED);
    }
    __atomic_and_fetch(&thread_user()->context.hazards, ~USER_HAZARD_FRAME, __ATOMIC_RELAXED);
}

void user_thread_kill(struct thread *thread)
{
    __atomic_or_fetch(&thread->user->context.hazards, USER_HAZARD_KILL, __ATOMIC_SEQ_CST);
    thread_kill(thread);
    /* It may be in user mode on another CPU: an interrupt takes it out of there. */
    lapic_send(thread->cpu, VECTOR_RESCHEDULE);
}
