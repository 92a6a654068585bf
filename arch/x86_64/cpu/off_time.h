/*
 * The latency build: how long interrupts, or preemption, stay off, and where. `make latency` builds
 * it; in all other builds these functions are empty.
 *
 * A section of the kind OFF_INTERRUPTS begins where interrupts go off that were on, or where an
 * interrupt arrives. It ends where they come on again: perhaps in another function, or in another
 * thread after a switch. A section of the kind OFF_PREEMPTION begins and ends likewise. If
 * preemption goes off while interrupts are off already, only the section of the first kind counts.
 * Time is read from the TSC: under -icount one tick is one instruction. The time in which a CPU
 * spins for a lock that another CPU holds is counted apart from the section.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

enum off_kind { OFF_INTERRUPTS, OFF_PREEMPTION, OFF_KINDS };

/* All sections that began at one place. */
struct off_section {
    uintptr_t place;     /* address of the code that began them */
    uintptr_t end_place; /* address of the code that ended the longest */
    uint64_t longest;    /* ticks, without waiting for locks */
    uint64_t waited;     /* most ticks that one of them waited for locks */
    uint64_t count;
    uint8_t kind; /* enum off_kind */
};

#define OFF_SECTIONS_MAX 512 /* places, on each CPU */

#ifdef LATENCY

/* The address of the instruction here. */
#define OFF_TIME_PLACE()                                                                           \
    ({                                                                                             \
        uintptr_t place_;                                                                          \
        __asm__ volatile("leaq 0(%%rip), %0" : "=r"(place_));                                      \
        place_;                                                                                    \
    })

/* Interrupts were on and are off now. Context: ANY, interrupts off. */
void off_time_interrupts_begin(uintptr_t place);

/* Changes the place where the section under way counts as begun. Context: ANY, interrupts off. */
void off_time_interrupts_place(uintptr_t place);

/* Interrupts are about to come on. Context: ANY, interrupts off. */
void off_time_interrupts_end(uintptr_t place);

/* Preemption was on and is off now. Context: ATOMIC. */
void off_time_preemption_begin(uintptr_t place);

/* Preemption is about to come on. Context: ATOMIC. */
void off_time_preemption_end(uintptr_t place);

/* The CPU is about to halt: neither section counts any longer. Context: ATOMIC. */
void off_time_halt(uintptr_t place);

/* This CPU has spun for a lock since TSC time `since`. Context: ANY. */
void off_time_waited(uint64_t since);

/*
 * Forgets all sections, and begins to record (true) or stops (false). Context: THREAD, while the
 * other CPUs are idle.
 */
void off_time_record(bool on);

/*
 * Copies up to `most` sections of a kind, of all CPUs, longest first; returns how many. Recording
 * must have stopped. Context: THREAD.
 */
unsigned off_time_longest(enum off_kind kind, struct off_section *sections, unsigned most);

/*
 * Copies up to `most` sections of all CPUs, those that waited longest for locks first; returns how
 * many. Recording must have stopped. Context: THREAD.
 */
unsigned off_time_waited_longest(struct off_section *sections, unsigned most);

/* Returns how many sections found no place in the table. Context: THREAD. */
uint64_t off_time_dropped(void);

#else

#define OFF_TIME_PLACE() 0

static always_inline void off_time_interrupts_begin(uintptr_t place maybe_unused)
{
}
static always_inline void off_time_interrupts_place(uintptr_t place maybe_unused)
{
}
static always_inline void off_time_interrupts_end(uintptr_t place maybe_unused)
{
}
static always_inline void off_time_preemption_begin(uintptr_t place maybe_unused)
{
}
static always_inline void off_time_preemption_end(uintptr_t place maybe_unused)
{
}
static always_inline void off_time_halt(uintptr_t place maybe_unused)
{
}

#endif
