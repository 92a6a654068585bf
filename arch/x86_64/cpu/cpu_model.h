/* What the processor says about itself, in words. Any context. */
#pragma once

#include "lib/compiler.h"

#define CPU_MODEL_BYTES 49

/* The brand string, without the blanks around it, or the vendor where there is none. */
void cpu_model_read(char name[CPU_MODEL_BYTES]);

/*
 * Does the vendor promise that no translation is cached whose Accessed bit is clear? Intel does
 * (mm/stack_modes/stack_lend.h has the words); of all others it is not assumed.
 */
bool cpu_caches_only_accessed(void);

/* Is the machine emulated or virtual? Says the CPU; nobody makes it tell the truth. */
bool cpu_is_emulated(void);
