/*
 * The two halves of every switch: switch_to() leaves a thread, finish_switch() completes the switch
 * on the other stack. Inlined where a switch is chosen: schedule.c, and direct_switch.h.
 */
#pragma once

#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/panic.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_use.h"
#include "sched/core/switch.h"

/*
 * The unusual work of finish_switch(), as one word, so that one comparison shows that there is
 * none. It is the sum of
 *  - the thread that this CPU just left because it exited or must migrate. Its stack is in use
 *    until finish_switch();
 *  - SWITCH_GIVES, if the thread just left gives its stack away (sched/stack/handoff.h);
 *  - SWITCH_FPU, if one of the two threads of the switch has the FPU. The bit stays set while a
 *    thread with FPU runs. So a switch between threads without FPU has nothing to do for it.
 */
DECLARE_PER_CPU(uintptr_t, switch_work);
#define SWITCH_FPU   1UL
#define SWITCH_GIVES 2UL

/*
 * The part of finish_switch() for a switch during which a page was taken or switch_work was set.
 * Context: ATOMIC, interrupts off, run-queue lock held, which it releases.
 */
void finish_unusual_switch(struct run_queue *queue);

/* The end of a switch: runs in the next thread, on its stack. */
static always_inline void finish_switch(struct switch_handover handover)
{
    /* I3: the magazine covers the thread that runs from now on. */
    invariant(magazine_available() >= stack_missing(this_cpu(thread_running)->slot));

    this_cpu(stack_use).current_hole = handover.hole;
    if (unlikely((this_cpu(magazine).taken | this_cpu(switch_work)) != 0)) {
        finish_unusual_switch(handover.queue);
    } else {
        spinlock_pass(&handover.queue->lock);
    }
}

#ifdef INVARIANT
/* Keeps the number of depth sections for each thread: depth_section.h. */
static always_inline void depth_sections_switch(struct thread *from, const struct thread *to)
{
    invariant(!from->expendable || this_cpu(depth_sections) == 0);
    from->depth_sections = this_cpu(depth_sections);
    this_cpu(depth_sections) = to->depth_sections;
}
#else
#define depth_sections_switch(from, to) ((void)0)
#endif

/*
 * The part of switch_to() before the change of stacks. Returns what the next thread gets. Context:
 * as for switch_to().
 */
static always_inline struct switch_handover switch_begin(struct run_queue *queue,
                                                         struct thread *from, struct thread *to)
{
    /* I3: both stacks are in use from here to finish_switch(). */
    invariant(magazine_available() >= stack_missing(from->slot) + stack_missing(to->slot));
    queue->current = to;
    queue->switches++;
    this_cpu(thread_running) = to;
    depth_sections_switch(from, to);
    this_cpu(stack_use).next_hole = to->stack_hole;
    return (struct switch_handover){to->stack_hole, queue};
}

/*
 * Switches to a thread that passed the gate, and returns when a CPU switches back. The caller has
 * loaded what `to` needs in user mode. Context: ATOMIC, interrupts off, run-queue lock held, which
 * the next thread releases.
 */
static always_inline void switch_to(struct run_queue *queue, struct thread *from, struct thread *to)
{
    struct switch_handover handover = switch_begin(queue, from, to);
    finish_switch(stack_switch(&from->saved_rsp, to->saved_rsp, handover));
}

/* Loads what a thread that is about to run needs in user mode, if it has one. */
static always_inline void thread_load(const struct thread *to)
{
    if (unlikely(to->user != NULL)) {
        thread_user_load(to);
    }
}
