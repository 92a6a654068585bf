/*
 * Instructions that a CPU may refuse with #GP although CPUID promises them. Instead of a panic, the
 * functions below return false. The fix-up table holds the address of each such instruction, and
 * the address at which execution goes on after a #GP there. Only an instruction that changes
 * nothing when it is refused may be in the table.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

/*
 * Moves the frame of a #GP to its fix-up. Returns false, with the frame unchanged, if the table has
 * no entry for the interrupted instruction. For entry.c alone. Context: ANY.
 */
must_check bool safe_access_fix(struct trap_frame *frame);

/*
 * Writes `value` to a model-specific register. Returns false if the CPU refused it with #GP.
 * Context: THREAD or ATOMIC; the page of the stack that gets the #GP's frame must not be a hole.
 */
must_check bool safe_msr_write(uint32_t msr, uint64_t value);

/*
 * Writes CR4. Returns false if the CPU refused the value with #GP. Context: THREAD or ATOMIC; the
 * page of the stack that gets the #GP's frame must not be a hole.
 */
must_check bool safe_cr4_write(uint64_t value);

/*
 * Loads ES, which long mode ignores, with a selector. Returns false if the descriptor tables have
 * no such data segment. For tests. Context: THREAD or ATOMIC; the page of the stack that gets
 * the #GP's frame must not be a hole.
 */
must_check bool safe_segment_load(uint16_t selector);
