/*
 * Preemption off and on, counted per CPU. While the count is not 0 the current thread neither
 * leaves the CPU nor migrates. When it returns to 0 and a reschedule was asked for meanwhile, the
 * scheduler's registered handler runs.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"

DECLARE_PER_CPU(uint32_t, preempt_count);
DECLARE_PER_CPU(uint32_t, reschedule_wanted);

/* Set once by the scheduler: called in thread context, preemption on, when a reschedule is due. */
extern void (*preempt_reschedule)(void);

/* Turns preemption off; pairs nest. The name of a rule of patch_site.h stands for its number. */
#define preempt_disable_by(rule)                                                                   \
    do {                                                                                           \
        bool both_on_ = site_rule_check(SITE_RULE_##rule);                                         \
        SITE_PREEMPTION_OFF(rule);                                                                 \
        site_ready_check(both_on_, __builtin_frame_address(0));                                    \
    } while (0)

static always_inline void preempt_disable(void)
{
    preempt_disable_by(EITHER);
}

/* Turns preemption on without looking whether a reschedule is due. For the scheduler itself. */
static always_inline void preempt_enable_quietly(void)
{
    compiler_barrier();
    this_cpu(preempt_count)--;
}

/* May switch threads if this was the outermost pair and interrupts are on. */
static always_inline void preempt_enable(void)
{
    compiler_barrier();
    if (--this_cpu(preempt_count) == 0 && unlikely(this_cpu(reschedule_wanted))) {
        preempt_reschedule();
    }
}

/*
 * Interrupts as they were at interrupts_save(), and gives way if a reschedule came due meanwhile: a
 * wake-up on the own CPU raises no interrupt that would see to it.
 */
static always_inline void preempt_interrupts_restore(uint64_t flags)
{
    interrupts_restore(flags);
    if (unlikely(this_cpu(reschedule_wanted)) && (flags & FLAGS_INTERRUPT) &&
        this_cpu(preempt_count) == 0) {
        preempt_reschedule();
    }
}
