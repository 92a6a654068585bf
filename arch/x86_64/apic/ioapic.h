/*
 * I/O APICs, which turn interrupt lines of devices into vectors on CPUs. A line is named by its
 * global system interrupt number (GSI). ISA line n is GSI n unless the MADT overrides it.
 * Source: Intel 82093AA data sheet; ACPI 6.4, 5.2.12.3 and 5.2.12.5.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Maps all I/O APICs and masks every line. Without a MADT it tries the usual address. If there is
 * no I/O APIC, routing returns ERROR_NOT_FOUND and drivers must poll. Context: boot, on CPU 0,
 * once, after lapic_init().
 */
void ioapic_init(void);

/*
 * Routes an ISA line (0 to 15) to a vector on a CPU, with the polarity and trigger that the MADT
 * gives, and unmasks it. If the CPU's APIC id does not fit, CPU 0 gets the interrupt. Stores the
 * line's GSI. Context: THREAD or ATOMIC. Errors: ERROR_RANGE (no such line), ERROR_NOT_FOUND (no
 * I/O APIC serves it), ERROR_UNSUPPORTED (CPU 0's id does not fit either).
 */
must_check int ioapic_route_isa(unsigned line, unsigned vector, unsigned cpu, uint32_t *gsi);

/*
 * Routes a line, given by its GSI, to a vector on a CPU, active high, and unmasks it. `level` makes
 * the line level-triggered: it interrupts again after each end of interrupt until its device
 * releases it. The I/O APIC holds 8 bits of an APIC id. If the CPU's id does not fit, CPU 0 gets
 * the interrupt. Context: THREAD or ATOMIC. Errors: ERROR_NOT_FOUND (no I/O APIC serves the line),
 * ERROR_UNSUPPORTED (CPU 0's id does not fit either).
 */
must_check int ioapic_route(uint32_t gsi, bool level, unsigned vector, unsigned cpu);

/* Masks a line. A GSI that no I/O APIC serves is ignored. Context: THREAD, ATOMIC, IRQ. */
void ioapic_mask(uint32_t gsi);

/* Unmasks a line. A GSI that no I/O APIC serves is ignored. Context: THREAD, ATOMIC, IRQ. */
void ioapic_unmask(uint32_t gsi);
