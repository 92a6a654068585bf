/*
 * The timer of each CPU: the local APIC's, by TSC deadline where the CPU has that, else by counting
 * down. It either ticks at a steady rate at VECTOR_TIMER, or fires once at a vector of choice.
 * Order: timer_init() once, after clock_init(); the rest on each CPU for itself, interrupts off or
 * unable to migrate.
 * Source: SDM volume 3A, 11.5.4.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/trap_frame.h"

/*
 * Chooses the kind of timer, prints it, and registers VECTOR_TIMER. `tick` is called for each tick
 * on the CPU where it happened: on the interrupt entry stack, interrupts off, timer already
 * re-armed. CPU 0. Errors: those of interrupt_register().
 */
must_check int timer_init(void (*tick)(struct trap_frame *frame));

/* Ticks `hz` times a second (1 to 10000) on the calling CPU from now on, instead of what it did. */
void timer_start_periodic(unsigned hz);

/* The rate set by timer_start_periodic() on the calling CPU; 0 if it is not ticking. */
unsigned timer_hz(void);

/*
 * Fires once at `vector` on the calling CPU, `delay_ns` from now (at most 1 s), and stops. A steady
 * tick ends; start it again afterwards.
 */
void timer_start_once(uint64_t delay_ns, unsigned vector);

/* No more interrupts from the calling CPU's timer, but one may be pending already. */
void timer_stop(void);

/* "TSC deadline" or "count-down". */
const char *timer_kind_name(void);
