/* Paths of calls in a trace (arch/x86_64/cpu/trace.h). */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

/*
 * Records the steps of a backtrace, the innermost first: of an interrupted context, or with `frame`
 * NULL from a frame pointer on. Context: ANY, interrupts off, but not in an NMI.
 */
void trace_path_record(const struct trap_frame *frame, uintptr_t frame_pointer);
