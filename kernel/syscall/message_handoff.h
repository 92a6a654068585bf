/*
 * What message_fast.c does with ipc=handoff, where the thread that is called, or answered, may have
 * no stack. message_given.asm is tried first.
 */
#pragma once

#include "arch/x86_64/entry/user_context.h"
#include "kernel/syscall/message_direct.h"
#include "kernel/task/user_thread.h"
#include "sched/core/schedule.h"
#include "sched/stack/handoff.h"

/*
 * direct_switch_begin() if threads may be handed (sched/stack/handoff.h). Context: as there.
 */
static inline_if_optimized must_check enum direct_refusal
message_handoff_begin(struct run_queue *queue, struct thread *from, struct thread *to,
                      unsigned priority)
{
    return handoff_switch_begin(queue, from, to, priority);
}

/*
 * Gives the caller's stack to `to` if that has none; the frame there has the words of the message
 * already. Then the function returns as `to`, and the caller sleeps, to go on at `continuation`.
 * Returns false if `to` has a stack; then the caller keeps its own. Context: ATOMIC, interrupts
 * off, after message_handoff_begin(); the run queue's lock is released unless it returns false.
 */
static inline_if_optimized must_check bool
message_handoff_go(struct run_queue *queue, struct thread *from, struct thread *to,
                   struct user_thread *to_user, uint64_t badge, void (*continuation)(void))
{
    if (!is_handed(to)) {
        return false;
    }
    struct stack_handoff *own = &from->user->ipc.handoff->stack;
    struct trap_frame *frame = user_frame_at(*own->stack_top);
    frame->rdi = badge;
    handoff_exchange(from, to, own, frame, continuation);
    user_context_load_inline(&to_user->context);
    if (unlikely(to_user->context.fpu != NULL)) {
        schedule_switch_fpu(to_user->context.fpu);
    }
    handoff_exchange_end(queue, from, to);
    return true;
}

/*
 * Returns from the call of the thread that now has the stack, with this result: to user mode, or
 * with FRED to the caller. The registers that C keeps are those of the thread that entered; with
 * FRED the way out takes all registers from the frame. Context: ATOMIC, interrupts off.
 */
static inline_if_optimized int64_t message_handoff_return(int64_t result)
{
    if (unlikely(fred_is_active())) {
        return result;
    }
    message_given_return(user_frame(), result);
}
