/*
 * Writes the trace (arch/x86_64/cpu/trace.h) to the second serial port: a thread empties the rings
 * of all CPUs into it. The bytes are events, in the order of each CPU, between one HEADER and one
 * END. tools/trace reads them.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Starts the trace if it was chosen at boot: at most `thousands` thousand events. Without a second
 * serial port, or memory for the rings, it warns and records nothing. Context: THREAD, once, when
 * all CPUs run.
 */
void trace_begin(uint32_t thousands);

/* Ends the trace and waits until it has been written. Does nothing without one. Context: THREAD. */
void trace_end(void);

/*
 * Calls timer_object_tick(), and has the trace written if the ring of this CPU is not nearly empty.
 * For kernel/hooks.c: the hook timer_tick where a trace was chosen. Context: IRQ.
 */
void trace_tick(void);
