/*
 * Variables of which every CPU has its own copy. They are defined in the section .percpu. CPU 0
 * uses the section itself; every other CPU uses a copy that starts as zeroes. The GS base of a CPU
 * is the distance from the section to its copy, so one instruction with a GS prefix accesses it.
 *
 * With preemption and interrupts on, only a single access by this_cpu() is safe: the thread may
 * migrate between two accesses.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define CPU_MAX 64

#define PER_CPU(type, name)         __attribute__((section(".percpu"))) __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

/* The qualifier of a pointer to a variable of this CPU: GCC accesses its target through GS. */
#define THIS_CPU_SPACE __seg_gs

/*
 * This CPU's copy, as an lvalue: one GS-relative access. Arrays need this_cpu_pointer(): when an
 * array named by this_cpu() is indexed, GCC 12 drops the GS prefix and accesses CPU 0's copy.
 */
#define this_cpu(name) (*(THIS_CPU_SPACE __typeof__(name) *)(uintptr_t)(&(name)))

/* Distance in bytes from the section .percpu to each CPU's copy. */
extern uintptr_t percpu_offset[CPU_MAX];

/* The copy of the CPU with number `cpu`, as an ordinary lvalue. */
#define cpu_variable(name, cpu) (*(__typeof__(name) *)((uintptr_t)(&(name)) + percpu_offset[(cpu)]))

DECLARE_PER_CPU(unsigned, percpu_cpu_number);
DECLARE_PER_CPU(uintptr_t, percpu_own_offset);

/* An ordinary pointer to this CPU's copy. The caller must not be able to migrate. */
#define this_cpu_pointer(name)                                                                     \
    ((__typeof__(name) *)((uintptr_t)(&(name)) + this_cpu(percpu_own_offset)))

/* Returns this CPU's number, 0 to CPU_MAX - 1. Context: ANY; it is stale after a migration. */
static always_inline unsigned cpu_number(void)
{
    return this_cpu(percpu_cpu_number);
}

/* Returns how many CPUs are online. Their numbers have no gaps. Context: ANY. */
unsigned cpu_online_count(void);

/*
 * Counts the calling CPU as online. From then on it must answer interrupts and shootdowns. Context:
 * ATOMIC, interrupts off, once for each CPU.
 */
void cpu_online_add(void);

/*
 * Makes `memory` the copy of CPU `cpu`: percpu_area_bytes() zeroed bytes that are not freed unless
 * percpu_area_clear() comes first.
 * Context: THREAD, on CPU 0, before that CPU is started.
 */
void percpu_area_set(unsigned cpu, void *memory);

/*
 * Forgets the copy of a CPU that was never started. After that its memory may be freed: sums over
 * all CPUs no longer read it. Context: THREAD, on CPU 0.
 */
void percpu_area_clear(unsigned cpu);

/*
 * Returns whether CPU number `cpu` has a copy: CPU 0, whose copy is the section itself, and each
 * that was prepared, even if its processor did not answer. Context: ANY.
 */
bool percpu_area_exists(unsigned cpu);

/* The bounds of the section .percpu, from linker.ld: CPU 0's copy. */
extern char __percpu_start[], __percpu_end[];

/* Returns the size of one copy in bytes. Context: ANY. */
size_t percpu_area_bytes(void);

/*
 * Sets the GS base of the calling CPU to the copy of CPU `cpu`. Context: boot of each CPU, once,
 * before its first this_cpu().
 */
void percpu_activate(unsigned cpu);
