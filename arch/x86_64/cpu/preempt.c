/* The preemption counter of each CPU, and the handler before the scheduler registers its own. */
#include "arch/x86_64/cpu/preempt.h"

PER_CPU(uint32_t, preempt_count);
PER_CPU(uint32_t, reschedule_wanted);

static void preempt_reschedule_nothing(void)
{
}

void (*preempt_reschedule)(void) = preempt_reschedule_nothing;
