/*
 * I/O APICs: they turn the lines of devices into vectors on CPUs. Lines are named by global system
 * interrupt numbers (GSI); an old ISA line n is GSI n unless the MADT overrides it.
 * Source: Intel 82093AA data sheet; ACPI 6.4, 5.2.12.3 and 5.2.12.5.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Maps all I/O APICs and masks every line. Without a MADT, one at the usual address is tried.
 * CPU 0, after lapic_init(). Never fails: without an I/O APIC, routing says ERROR_NOT_FOUND and
 * drivers must poll.
 */
void ioapic_init(void);

/*
 * Sends ISA line `line` (0 to 15) to a vector on a CPU, with the polarity and trigger that the MADT
 * gives it, and unmasks it. Stores its GSI for masking. Thread context.
 * Errors: ERROR_RANGE (no such line), ERROR_NOT_FOUND (no I/O APIC serves it).
 */
must_check int ioapic_route_isa(unsigned line, unsigned vector, unsigned cpu, uint32_t *gsi);

/*
 * The same for a line by its GSI, active high. Level: the line interrupts again after each end of
 * interrupt, until its device lets it go. ERROR_NOT_FOUND.
 */
must_check int ioapic_route(uint32_t gsi, bool level, unsigned vector, unsigned cpu);

/* Masks or unmasks a line. Any context but NMI. A GSI that nothing serves is ignored. */
void ioapic_mask(uint32_t gsi);
void ioapic_unmask(uint32_t gsi);
