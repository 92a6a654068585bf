/*
 * Variables of which every CPU has its own copy. They live in the section .percpu; CPU 0 uses the
 * section itself, every other CPU a zeroed copy, and GS holds the distance between the two, so one
 * instruction with a GS prefix reaches this CPU's copy.
 *
 * this_cpu() is safe against preemption only for a single access, or with preemption or interrupts
 * off: otherwise the thread may migrate between two accesses.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define CPU_MAX 64

#define PER_CPU(type, name)         __attribute__((section(".percpu"))) __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

/* Qualifies what this_cpu() names, for pointers to it. */
#define THIS_CPU_SPACE __seg_gs

/*
 * This CPU's copy, as an lvalue: one GS-relative access. Not for an array that is to be indexed:
 * GCC 12 forgets GS there and reaches CPU 0's copy; take this_cpu_pointer() for arrays.
 */
#define this_cpu(name) (*(THIS_CPU_SPACE __typeof__(name) *)(uintptr_t) & (name))

/* Distance in bytes from the section to each CPU's copy. */
extern uintptr_t percpu_offset[CPU_MAX];

/* The copy of a CPU given by number, as an ordinary lvalue. */
#define cpu_variable(name, cpu) (*(__typeof__(name) *)((uintptr_t) & (name) + percpu_offset[(cpu)]))

DECLARE_PER_CPU(unsigned, percpu_cpu_number);
DECLARE_PER_CPU(uintptr_t, percpu_own_offset);

/* An ordinary pointer to this CPU's copy; the caller must not be able to migrate. */
#define this_cpu_pointer(name)                                                                     \
    ((__typeof__(name) *)((uintptr_t) & (name) + this_cpu(percpu_own_offset)))

/* This CPU's number, 0 to CPU_MAX - 1. */
static always_inline unsigned cpu_number(void)
{
    return this_cpu(percpu_cpu_number);
}

/* How many CPUs run; CPUs are numbered without gaps. */
unsigned cpu_online_count(void);

/* Said by a CPU about itself once it can take interrupts and shootdowns. */
void cpu_online_add(void);

/* Makes CPU cpu's copy: bytes at memory, which hold zeroes and stay for ever. */
void percpu_area_set(unsigned cpu, void *memory);

/* CPU 0 uses the section itself. */
extern char __percpu_start[], __percpu_end[];

/* Size of one copy in bytes. */
size_t percpu_area_bytes(void);

/* Points GS of the calling CPU at the copy of cpu. Once a CPU, before its first this_cpu(). */
void percpu_activate(unsigned cpu);
