/* The addresses of the CPUs' copies. They are written while CPUs start and only read later. */
#include "arch/x86_64/cpu/percpu.h"

#include "arch/x86_64/cpu/cpu.h"

uintptr_t percpu_offset[CPU_MAX];
PER_CPU(unsigned, percpu_cpu_number);
PER_CPU(uintptr_t, percpu_own_offset);

static unsigned online_count;

unsigned cpu_online_count(void)
{
    return __atomic_load_n(&online_count, __ATOMIC_ACQUIRE);
}

void cpu_online_add(void)
{
    __atomic_add_fetch(&online_count, 1, __ATOMIC_ACQ_REL);
}

size_t percpu_area_bytes(void)
{
    return (size_t)(__percpu_end - __percpu_start);
}

void percpu_area_set(unsigned cpu, void *memory)
{
    percpu_offset[cpu] = (uintptr_t)memory - (uintptr_t)__percpu_start;
    cpu_variable(percpu_cpu_number, cpu) = cpu;
    cpu_variable(percpu_own_offset, cpu) = percpu_offset[cpu];
}

void percpu_area_clear(unsigned cpu)
{
    percpu_offset[cpu] = 0;
}

bool percpu_area_exists(unsigned cpu)
{
    return cpu == 0 || percpu_offset[cpu] != 0;
}

void percpu_activate(unsigned cpu)
{
    msr_write(MSR_GS_BASE, percpu_offset[cpu]);
    msr_write(MSR_KERNEL_GS_BASE, 0);
}
