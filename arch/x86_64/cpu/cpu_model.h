/* Model, vendor and kind of the processor, from CPUID. */
#pragma once

#include "lib/compiler.h"

#define CPU_MODEL_BYTES 49

/*
 * Stores the brand string without the blanks around it, or the vendor's name where CPUID has no
 * brand string. Context: ANY.
 */
void cpu_model_read(char name[CPU_MODEL_BYTES]);

/*
 * Returns true if the vendor promises that a translation is cached only after its Accessed bit is
 * set. Intel does (mm/stack_modes/stack_lend.h cites it); no other vendor is assumed to. Context:
 * ANY.
 */
bool cpu_caches_only_accessed(void);

/* Returns true if the CPU has SMAP, which keeps the kernel from user pages. Context: ANY. */
bool cpu_has_smap(void);

/* Returns how many bits a physical address of this CPU has: 36 to 52. Context: ANY. */
unsigned cpu_physical_bits(void);

/*
 * Returns the APIC id that the calling CPU had at reset, which is how the MADT names it. Context:
 * ANY, if the caller cannot migrate.
 */
uint32_t cpu_initial_apic_id(void);

/*
 * Returns true if CPUID reports a hypervisor. Virtual machines and emulators do, unless they are
 * configured to hide it. Context: ANY.
 */
bool cpu_is_emulated(void);
