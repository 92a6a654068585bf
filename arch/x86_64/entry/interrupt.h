/*
 * Interrupt handlers by vector. They run on the interrupt entry stack with interrupts off: they
 * never sleep, never touch memory that may be missing, and take only locks that thread code holds
 * with interrupts off.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/trap_frame.h"

typedef void (*interrupt_handler)(struct trap_frame *frame);

/*
 * Takes a vector (VECTOR_DEVICES or above). The end of interrupt is written after the handler
 * returns, and before a preemption. ERROR_RANGE, ERROR_EXISTS.
 */
must_check int interrupt_register(unsigned vector, interrupt_handler handler, const char *name);

/* Gives the vector back. The device must be silent already. */
void interrupt_unregister(unsigned vector);

/* Finds a free vector for a device: VECTOR_DEVICES to VECTOR_TIMER - 1. */
must_check int interrupt_vector_allocate(unsigned *vector);

/* How often the vector was taken on a CPU, and its handler's name (NULL: none). Any context. */
uint64_t interrupt_count(unsigned vector, unsigned cpu);
const char *interrupt_name(unsigned vector);

/* Runs the vector's handler, counts, and writes the end of interrupt. entry.c only. */
void interrupt_dispatch(struct trap_frame *frame);

/* Set by the local APIC's driver: tells it that the interrupt in service is done. */
extern void (*interrupt_end)(void);
