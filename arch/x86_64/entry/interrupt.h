/*
 * Interrupt handlers by vector. A handler runs in IRQ context, on the interrupt entry stack: it
 * does not sleep, touches only memory that is always mapped, and takes only locks that thread code
 * holds with interrupts off.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/trap_frame.h"

typedef void (*interrupt_handler)(struct trap_frame *frame);

/*
 * Registers the handler of a vector, VECTOR_DEVICES or above, and its name for listings; `name`
 * must stay valid. The end of interrupt is written after the handler returns and before a
 * preemption. Context: THREAD, ATOMIC. Errors: ERROR_RANGE (no such vector, or no handler),
 * ERROR_EXISTS (the vector has a handler).
 */
must_check int interrupt_register(unsigned vector, interrupt_handler handler, const char *name);

/*
 * Registers the handler of one of the kernel's own vectors (vectors.h), as interrupt_register() does.
 * Panics if the vector has one, because two parts of the kernel use it then. Context: boot.
 */
void interrupt_register_own(unsigned vector, interrupt_handler handler, const char *name);

/*
 * Removes the handler of a vector. The device must have stopped interrupting. Context: THREAD,
 * ATOMIC.
 */
void interrupt_unregister(unsigned vector);

/*
 * Stores a vector between VECTOR_DEVICES and VECTOR_TIMER - 1 that has no handler. It is not
 * reserved: the caller serialises. Context: THREAD. Errors: ERROR_BUSY (all have handlers).
 */
must_check int interrupt_vector_allocate(unsigned *vector);

/* Returns how often a CPU has taken the interrupt of a vector. Context: ANY. */
uint64_t interrupt_count(unsigned vector, unsigned cpu);

/* Returns the name given for a vector's handler, or NULL if it has none. Context: ANY. */
const char *interrupt_name(unsigned vector);

/*
 * Counts an interrupt, runs the handler of its vector and writes the end of interrupt. Context:
 * ENTRY. For entry.c and fred.c.
 */
void interrupt_dispatch(struct trap_frame *frame);

/* Hook: tells the interrupt controller that the interrupt in service is done. Context: IRQ. */
extern void (*interrupt_end)(void);
