/*
 * The local APIC of each CPU: end of interrupt, interrupts between CPUs, the NMI pin, and what the
 * timer and the start of other CPUs need. In x2APIC mode (registers are MSRs) wherever the CPU has
 * it, else in xAPIC mode (registers in memory); nothing above this file sees the difference.
 *
 * Order: lapic_init() once on CPU 0, which includes its own lapic_cpu_init(); then
 * lapic_cpu_init() on every other CPU, after percpu_activate().
 * Source: SDM volume 3A, chapter 11 (numbered 10 in older editions).
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/types.h"

/*
 * Finds and maps the local APIC, registers the spurious and error vectors, and becomes
 * interrupt_end. CPU 0, interrupts off, after acpi_init() and once mmio_map() works.
 * Errors: ERROR_UNSUPPORTED (no APIC), ERROR_NO_MEMORY, each with a log line.
 */
must_check int lapic_init(void);

/* Makes the calling CPU's APIC ready: all pins masked but the NMI's. Interrupts off. */
void lapic_cpu_init(void);

/* Is it in x2APIC mode? Any context. */
bool lapic_is_x2apic(void);

/* The APIC id of the calling CPU, and that of a CPU by number (valid once it is online). */
uint32_t lapic_id(void);
uint32_t lapic_id_of(unsigned cpu);

/* Tells the APIC that the interrupt in service is done. interrupt_dispatch() calls it. */
void lapic_end_of_interrupt(void);

/*
 * Interrupts between CPUs. They return when the APIC has taken the request, not when the other CPU
 * has taken the interrupt. Any context. What was written before is visible to the handler.
 */
void lapic_send(unsigned cpu, unsigned vector);
void lapic_send_self(unsigned vector);

/* To every CPU that is online but this one; not to those that were left out. As above. */
void lapic_send_all_but_self(unsigned vector);

/* An NMI to one CPU, or to every CPU that is online but this one. Any context. */
void lapic_send_nmi(unsigned cpu);
void lapic_send_nmi_all_but_self(void);

/*
 * Starting another CPU (SDM 9.4.4.1): INIT puts it into a waiting state, STARTUP makes it run the
 * page at physical address page * 4096 in real mode. By APIC id. The waits between are the
 * caller's.
 */
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, uint8_t page);

/* Is a vector in service on this CPU, or requested and not yet taken? For tests. */
bool lapic_in_service(unsigned vector);
bool lapic_is_requested(unsigned vector);

/* The lowest vector in service on this CPU, or -1: a lost interrupt leaves one for ever. */
int lapic_any_in_service(void);
