/*
 * The local APIC of each CPU: end of interrupt, interrupts between CPUs, the NMI pin, and the
 * commands that start other CPUs. It runs in x2APIC mode (registers are MSRs) if the CPU has that,
 * else in xAPIC mode (registers in memory). Callers need not know the mode.
 *
 * Order: lapic_init() once on CPU 0, which calls lapic_cpu_init() there; then lapic_cpu_init() on
 * every other CPU, after percpu_activate().
 * Source: SDM volume 3A, chapter 11 (numbered 10 in older editions).
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/types.h"

/*
 * Finds and maps the local APIC, registers the spurious and error vectors, sets interrupt_end, and
 * initialises the APIC of CPU 0. Context: boot, on CPU 0, once, interrupts off, after acpi_init()
 * and once mmio_map() works. Errors: ERROR_UNSUPPORTED (no APIC), ERROR_NO_MEMORY; each is logged.
 */
must_check int lapic_init(void);

/*
 * Initialises the APIC of the calling CPU and masks all its pins but the NMI's. Context: boot of
 * each CPU, interrupts off.
 */
void lapic_cpu_init(void);

/* Returns true if the APICs run in x2APIC mode. Context: ANY. */
bool lapic_is_x2apic(void);

/* Returns the APIC id of the calling CPU. Context: ANY. */
uint32_t lapic_id(void);

/* Returns the APIC id of CPU `cpu`, which must be online. Context: ANY. */
uint32_t lapic_id_of(unsigned cpu);

/* Tells the APIC that the interrupt in service is done. Context: IRQ. For interrupt_dispatch(). */
void lapic_end_of_interrupt(void);

/*
 * Sends an interrupt to CPU `cpu`. Returns when the APIC has accepted the request, which may be
 * before the other CPU takes the interrupt. Earlier stores are visible to the handler. Context:
 * ANY.
 */
void lapic_send(unsigned cpu, unsigned vector);

/* Sends an interrupt to the calling CPU; it may be taken after the return. Context: ANY. */
void lapic_send_self(unsigned vector);

/*
 * Sends an interrupt to every online CPU but the calling one, and to no processor that was left
 * out. Returns when the APIC has accepted the requests. Earlier stores are visible to the handlers.
 * Context: ANY.
 */
void lapic_send_all_but_self(unsigned vector);

/* Sends an NMI to CPU `cpu`. Context: ANY. */
void lapic_send_nmi(unsigned cpu);

/* Sends an NMI to every online CPU but the calling one. Context: ANY. */
void lapic_send_nmi_all_but_self(void);

/*
 * Returns true if an APIC id addresses one processor in the present mode: it is not too large for
 * the command register, and not the id that addresses all processors. Context: ANY.
 */
bool lapic_can_address(uint32_t apic_id);

/*
 * Lets lapic_send_all_but_self() address all processors at once, which also reaches those that are
 * not online. Context: THREAD or boot, when every processor of the machine is online.
 */
void lapic_all_are_online(void);

/*
 * Sends INIT to the processor with an APIC id: it stops and waits for STARTUP. The caller waits as
 * SDM 9.4.4.1 says. Context: THREAD or boot. Errors: ERROR_RANGE (the id does not address one
 * processor; nothing is sent).
 */
must_check int lapic_send_init(uint32_t apic_id);

/*
 * Sends STARTUP to the processor with an APIC id: after an INIT it starts in real mode at physical
 * address page * 4096. The caller waits as SDM 9.4.4.1 says. Context: THREAD or boot. Errors:
 * ERROR_RANGE (the id does not address one processor; nothing is sent).
 */
must_check int lapic_send_startup(uint32_t apic_id, uint8_t page);

/* Returns true if a vector is in service on this CPU. For tests. Context: ANY. */
bool lapic_in_service(unsigned vector);

/* Returns true if a vector is requested on this CPU and not yet taken. For tests. Context: ANY. */
bool lapic_is_requested(unsigned vector);

/*
 * Returns the lowest vector in service on this CPU, or -1 if none is. A lost interrupt leaves its
 * vector in service for good. Context: ANY.
 */
int lapic_any_in_service(void);
