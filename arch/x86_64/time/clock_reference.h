/*
 * Counters of known frequency: HPET, ACPI PM timer and PIT. clock.c measures the TSC and the local
 * APIC's timer by one of them at boot.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

struct clock_reference {
    const char *name;
    uint64_t frequency_hz;
    uint32_t mask;          /* the counter counts up and wraps at mask + 1 */
    uint32_t (*read)(void); /* takes no lock; one caller at a time */
};

/*
 * Starts the counters in order of preference and returns the first that counts, or a null pointer
 * if none does. Warns of each one that does not count. Context: boot, on CPU 0, after acpi_init().
 */
const struct clock_reference *clock_reference_find(void);
