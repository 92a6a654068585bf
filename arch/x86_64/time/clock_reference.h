/*
 * Counters of known frequency, by which the TSC and the local APIC's timer are measured: HPET, the
 * ACPI PM timer, or the PIT. Used once at boot, by clock.c.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct clock_reference {
    const char *name;
    uint64_t frequency_hz;
    uint32_t mask;          /* the counter counts up and wraps at mask + 1 */
    uint32_t (*read)(void); /* no lock; CPU 0 */
};

/*
 * Starts each in turn, best first, and takes the first that really counts. A null pointer if none
 * does; each one that does not is reported. Thread context, CPU 0, after acpi_init().
 */
const struct clock_reference *clock_reference_find(void);
