/*
 * Preemption off and on, counted for each CPU. While the count is not 0 the current thread stays on
 * its CPU. When the count returns to 0 and a reschedule is due, the hook preempt_reschedule() runs.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"

DECLARE_PER_CPU(uint32_t, preempt_count);
DECLARE_PER_CPU(uint32_t, reschedule_wanted);

/* Hook: switches threads if interrupts are on. Context: THREAD, when a reschedule is due. */
extern void (*preempt_reschedule)(void);

#ifdef LATENCY
/* The latency build times the section that begins or ends here, if it is the outermost. */
#define OFF_TIME_PREEMPTION_BEGIN()                                                                \
    do {                                                                                           \
        if (this_cpu(preempt_count) == 1) {                                                        \
            off_time_preemption_begin(OFF_TIME_PLACE());                                           \
        }                                                                                          \
    } while (0)
#define OFF_TIME_PREEMPTION_END()                                                                  \
    do {                                                                                           \
        if (this_cpu(preempt_count) == 1) {                                                        \
            off_time_preemption_end(OFF_TIME_PLACE());                                             \
        }                                                                                          \
    } while (0)
#else
#define OFF_TIME_PREEMPTION_BEGIN() ((void)0)
#define OFF_TIME_PREEMPTION_END()   ((void)0)
#endif

/*
 * Turns preemption off. Pairs nest. `rule` is the name of the patch-site rule that holds at this
 * place (patch_site.h). Context: ANY but ENTRY.
 */
#define preempt_disable_by(rule)                                                                   \
    do {                                                                                           \
        bool both_on_ = site_rule_check(SITE_RULE_##rule);                                         \
        SITE_PREEMPTION_OFF(rule);                                                                 \
        OFF_TIME_PREEMPTION_BEGIN();                                                               \
        site_ready_check(both_on_, __builtin_frame_address(0));                                    \
    } while (0)

/* Turns preemption off. Pairs nest. Context: ANY. */
static always_inline void preempt_disable(void)
{
    preempt_disable_by(EITHER);
}

/*
 * Ends a preempt_disable() without a check for a due reschedule. For the scheduler, and for callers
 * with interrupts off. Context: ANY.
 */
static always_inline void preempt_enable_quietly(void)
{
    compiler_barrier();
    OFF_TIME_PREEMPTION_END();
    this_cpu(preempt_count)--;
}

/*
 * Ends a preempt_disable(). If this was the outermost pair and a reschedule is due, the thread may
 * be switched away here. Context: THREAD or ATOMIC.
 */
static always_inline void preempt_enable(void)
{
    compiler_barrier();
    OFF_TIME_PREEMPTION_END();
    if (--this_cpu(preempt_count) == 0 && unlikely(this_cpu(reschedule_wanted))) {
        preempt_reschedule();
    }
}

/*
 * Ends an interrupts_save() that returned `flags`, and reschedules if a reschedule became due
 * since. The check is necessary, because a thread that wakes another one on its own CPU sends no
 * interrupt that would reschedule. Context: THREAD or ATOMIC.
 */
static always_inline void preempt_interrupts_restore(uint64_t flags)
{
    interrupts_restore(flags);
    if (unlikely(this_cpu(reschedule_wanted)) && (flags & FLAGS_INTERRUPT) &&
        this_cpu(preempt_count) == 0) {
        preempt_reschedule();
    }
}
