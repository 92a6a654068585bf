/* The different instructions that a CPU has executed on a way, for a sweep over all of them. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Forgets all instructions. Context: ANY. */
void instruction_path_clear(void);

/* Adds an instruction, unless it was added before. Context: ANY, on one CPU. */
void instruction_path_add(uintptr_t rip);

/* Returns how many there are, and one of them, in the order in which they were added. */
unsigned instruction_path_count(void);
uintptr_t instruction_path_at(unsigned index);
