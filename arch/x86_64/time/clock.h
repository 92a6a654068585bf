/*
 * Time, told by each CPU's time-stamp counter (TSC), whose rate is measured at boot. All CPUs are
 * taken to count together, as they do from reset on; nothing here corrects for one that does not.
 *
 * Order: clock_mark_start() first thing in the kernel; clock_init() after lapic_init().
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* From now on clock_now_ns() counts, once its rate is known. */
void clock_mark_start(void);

/*
 * Chooses a reference (HPET, PM timer, PIT), measures TSC and local APIC timer by it, and prints
 * both. Takes about 20 ms. CPU 0, interrupts off. Never fails: without any reference a rate is
 * assumed, and said to be.
 */
void clock_init(void);

/* Nanoseconds since clock_mark_start(); 0 until clock_init(). Any context. */
uint64_t clock_now_ns(void);

/* TSC ticks, and ticks of the local APIC's timer (divided by 1), in a millisecond. Any context. */
uint64_t clock_tsc_per_ms(void);
uint64_t clock_lapic_per_ms(void);

/* Converts, rounding down. Any context. */
uint64_t clock_tsc_to_ns(uint64_t ticks);
uint64_t clock_ns_to_tsc(uint64_t ns);

/* Spins for at least so many microseconds. Any context; for the short waits that hardware asks. */
void clock_delay_us(uint64_t us);

/* Measures the TSC once more, for tests: about 20 ms; 0 without a reference. CPU 0 or alone. */
uint64_t clock_measure_tsc_per_ms(void);

/* The reference's name, or "none". */
const char *clock_reference_name(void);
