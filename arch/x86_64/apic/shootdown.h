/*
 * Making every CPU forget translations that are no longer true. Needed whenever an entry goes from
 * present to absent, before the frame is used again; any CPU may have walked there speculatively,
 * so all that are online are asked.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Registers the interrupt. Once, on CPU 0. */
void shootdown_init(void);

/*
 * Returns once no CPU that is online has a translation for [address, address + bytes). Thread
 * context, interrupts on, no spinlock held: another CPU may be waiting for this one.
 */
void shootdown(uintptr_t address, size_t bytes);

/* Said by a CPU about itself in place of cpu_online_add(): from here on it is asked. Interrupts
 * off.
 */
void shootdown_cpu_join(void);

/* Rounds so far, for the monitor and tests. */
uint64_t shootdown_count(void);
