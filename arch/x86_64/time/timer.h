/*
 * The timer of each CPU: the local APIC's, with a TSC deadline if the CPU has that, else with a
 * count-down. It either ticks at a constant rate at VECTOR_TIMER, or fires once at a given vector.
 * Source: SDM volume 3A, 11.5.4.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/trap_frame.h"

/*
 * Chooses the kind of timer, logs it, and registers VECTOR_TIMER. Returns OK, or an error of
 * interrupt_register(). Context: boot, after clock_init().
 */
must_check int timer_init(void);

/* Hook: called at each tick on the CPU that ticks, when the timer is armed again. Context: IRQ. */
extern void (*timer_tick)(void);

/*
 * Makes the timer of the calling CPU tick `hz` times a second, 1 to 10000; values outside are
 * clamped. Ends a previous setting. Context: ATOMIC, IRQ.
 */
void timer_start_periodic(unsigned hz);

/*
 * Returns the tick rate of the calling CPU's timer in Hz; 0 if it does not tick. Context: ATOMIC.
 */
unsigned timer_hz(void);

/*
 * Makes the timer of the calling CPU fire once at `vector`, `delay_ns` from now; more than 1 s
 * counts as 1 s. Ends the periodic tick, which the caller must start again afterwards. Context:
 * ATOMIC, IRQ.
 */
void timer_start_once(uint64_t delay_ns, unsigned vector);

/* Stops the timer of the calling CPU. An interrupt may be pending already. Context: ATOMIC, IRQ. */
void timer_stop(void);

/* Returns "TSC deadline" or "count-down". Context: ANY, after timer_init(). */
const char *timer_kind_name(void);
