/* Host stand-in: a per-CPU variable is an array, and each thread says which CPU it plays. */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define CPU_MAX 64

extern __thread unsigned fake_cpu;
extern unsigned fake_cpu_count;
extern uintptr_t percpu_offset[CPU_MAX]; /* not 0 for the CPUs that exist */

#define PER_CPU(type, name)         __typeof__(type) name[CPU_MAX]
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name[CPU_MAX]

#define THIS_CPU_SPACE
#define this_cpu(name)          ((name)[fake_cpu])
#define cpu_variable(name, cpu) ((name)[(cpu)])
#define this_cpu_pointer(name)  (&(name)[fake_cpu])

static inline unsigned cpu_number(void)
{
    return fake_cpu;
}

static inline bool percpu_area_exists(unsigned cpu)
{
    return cpu == 0 || percpu_offset[cpu] != 0;
}

static inline unsigned cpu_online_count(void)
{
    return fake_cpu_count;
}
