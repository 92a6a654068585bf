/* See direct_switch.h. */
#include "sched/core/direct_switch.h"

bool direct_switch_gate_pass(struct thread *from, const struct thread *to)
{
    return gate_pass(from, to);
}

enum direct_refusal schedule_switch_to(struct thread *to)
{
    invariant(!interrupts_enabled() && this_cpu(preempt_count) == 0);
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct thread *from = queue->current;
    enum direct_refusal refusal = direct_switch_begin(queue, from, to, to->priority);
    if (refusal == DIRECT_POSSIBLE) {
        thread_load(to);
        direct_switch_make(queue, from, to);
    }
    return refusal;
}
