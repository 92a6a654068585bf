/*
 * Writes to control registers that a CPU may refuse although CPUID promises them: tried, and the
 * #GP that says no is caught by the ordinary exception path. Thread context while a CPU starts, or
 * the boot; one CPU at a time. Only what changes nothing when it is refused can be tried so.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Catches #GP of the attempts from here on, until safe_access_end(). */
void safe_access_begin(void);
void safe_access_end(void);

/* safe_access.asm: each answers whether the CPU accepted the write. Between begin and end only. */
must_check bool safe_msr_write(uint32_t msr, uint64_t value);
must_check bool safe_cr4_write(uint64_t value);
must_check bool safe_segment_load(uint16_t selector);
