/*
 * See thread_trace.h. While the lock of a thread's run queue is held, neither the swapper nor a
 * dispatch touches its stack.
 */
#include "sched/core/thread_trace.h"

#include "lib/format.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/schedule.h"
#include "sched/core/thread_list.h"
#include "sched/stack/handoff.h"

#define OWNER_TEXT_BYTES 240
#define OWNER_STEPS      5

/* The run queue's lock is held, or all other CPUs are stopped (panic). */
static void trace_sleeping(const struct thread *thread, struct backtrace *trace)
{
    uintptr_t rsp = thread->saved_rsp;
    if (thread->pending & THREAD_PENDING_HANDED) {
        const struct stack_handoff *own = thread->stack_saved;
        backtrace_from(trace, (uintptr_t)own->continuation, 0);
    } else if (thread->pending & THREAD_PENDING_SWAPPED) {
        const struct backtrace_copy window = {
            .address = rsp, .bytes = stack_top(thread->slot) - rsp, .image = thread->stack_saved};
        const struct switch_frame *frame = thread->stack_saved;
        backtrace_from_copy(trace, frame->return_address, frame->rbp, &window);
    } else if (stack_is_backed(rsp)) {
        const struct switch_frame *frame = (const struct switch_frame *)rsp;
        backtrace_from(trace, frame->return_address, frame->rbp);
    }
}

bool thread_trace(struct thread *thread, struct backtrace *trace)
{
    uint64_t flags = interrupts_save();
    struct run_queue *queue = schedule_queue_lock(thread);
    bool sleeps = thread != queue->current;
    trace->count = 0;
    if (sleeps) {
        trace_sleeping(thread, trace);
    }
    spin_unlock_quietly(&queue->lock);
    preempt_interrupts_restore(flags);
    return sleeps;
}

/* Static, because entry stacks are small; only a panic uses them, and there is at most one. */
static char owner_text[OWNER_TEXT_BYTES];
static struct backtrace owner_trace;

const char *thread_owner_describe(uint32_t slot)
{
    char *text = owner_text;
    struct backtrace *trace = &owner_trace;
    const struct thread *thread = thread_of_slot_try(slot);
    text[0] = '\0';
    if (thread == NULL) {
        return text;
    }
    size_t length = format_string(text, sizeof(owner_text), "; it is the stack of thread %u (%s)",
                                  thread->id, thread->name);
    if (!thread_is_blocked(thread)) {
        return text;
    }
    trace->count = 0;
    trace_sleeping(thread, trace);
    for (unsigned i = 0; i < trace->count && i < OWNER_STEPS && length < sizeof(owner_text); i++) {
        uintptr_t offset;
        const char *name = symbol_find(trace->steps[i].address - 1, &offset);
        length += format_string(text + length, sizeof(owner_text) - length, "%s%s",
                                i == 0 ? ", which waits in " : " < ", name != NULL ? name : "?");
    }
    return text;
}
