/* Host stand-in: only the count; no thread is ever preempted. */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"

extern __thread unsigned fake_preempt_count;

static inline void preempt_disable(void)
{
    fake_preempt_count++;
}

static inline void preempt_enable(void)
{
    fake_preempt_count--;
}

static inline void preempt_enable_quietly(void)
{
    fake_preempt_count--;
}

#define preempt_disable_by(rule) preempt_disable()

static inline void preempt_interrupts_restore(uint64_t flags)
{
    interrupts_restore(flags);
}
