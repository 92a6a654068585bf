/*
 * Time from the time-stamp counter (TSC), whose rate is measured at boot. The kernel assumes that
 * the TSCs of all CPUs count alike, as they do after a reset, and does not correct any of them.
 *
 * Order: clock_mark_start() first in the kernel; clock_init() after lapic_init().
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Sets the origin of clock_now_ns() to now. It counts at an assumed rate until clock_init().
 * Context: boot, once.
 */
void clock_mark_start(void);

/*
 * Chooses a reference (HPET, PM timer or PIT), measures the rates of the TSC and the local APIC's
 * timer by it, and logs both. Takes about 20 ms. Without a reference it assumes rates and warns.
 * Context: boot, on CPU 0, once, interrupts off.
 */
void clock_init(void);

/*
 * Returns the nanoseconds since clock_mark_start(). The time never goes back: when clock_init()
 * sets the measured rate, the time goes on from the value that it has. Context: ANY.
 */
uint64_t clock_now_ns(void);

/*
 * Returns the rate, in ticks per millisecond, of a counter that counted `ticks` while a reference
 * of `frequency_hz` counted `counted`. Returns 0 if the reference did not count. Context: ANY.
 */
uint64_t clock_rate_per_ms(uint64_t ticks, uint64_t counted, uint64_t frequency_hz);

/* Returns the ticks of the TSC in a millisecond. Context: ANY, after clock_init(). */
uint64_t clock_tsc_per_ms(void);

/*
 * Returns the ticks of the local APIC's timer, divided by 1, in a millisecond. Context: ANY, after
 * clock_init().
 */
uint64_t clock_lapic_per_ms(void);

/* Converts ticks of the TSC to nanoseconds, rounded down. Context: ANY, after clock_init(). */
uint64_t clock_tsc_to_ns(uint64_t ticks);

/* Converts nanoseconds to ticks of the TSC, rounded down. Context: ANY, after clock_init(). */
uint64_t clock_ns_to_tsc(uint64_t ns);

/*
 * Spins for at least `us` microseconds, for short waits that hardware requires. Context: ANY, after
 * clock_init().
 */
void clock_delay_us(uint64_t us);

/*
 * Measures the ticks of the TSC in a millisecond again; returns 0 without a reference. Takes about
 * 20 ms. For tests. Context: THREAD, one caller at a time.
 */
uint64_t clock_measure_tsc_per_ms(void);

/* Returns the name of the reference, or "none". Context: ANY. */
const char *clock_reference_name(void);
