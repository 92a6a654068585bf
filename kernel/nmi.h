/*
 * Non-maskable interrupts (NMIs), which reach a CPU even while its interrupts are off. They stop
 * the other CPUs in a panic, take backtraces of other CPUs, and show what a machine that hangs is
 * doing.
 */
#pragma once

#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/entry.h"

/*
 * Handles an NMI. Always returns true: the interrupted code goes on. Does not return if a panic
 * stops this CPU. Context: ENTRY, on the NMI stack.
 */
bool nmi_handle(struct trap_frame *frame);

/*
 * Makes all other CPUs halt for ever, by an NMI to each. For a panic. Does not wait until they have
 * halted. Context: ANY.
 */
void nmi_stop_other_cpus(void);

/*
 * Sends an NMI to CPU `cpu` and stores the backtrace of the code that runs there and the id of its
 * thread (0: none). Returns false, and stores nothing, if the CPU does not answer in a bounded time,
 * or if another CPU still writes an answer that came too late. Context: THREAD, one caller at a
 * time.
 */
must_check bool nmi_backtrace(unsigned cpu, struct backtrace *trace, uint32_t *thread_id);

/*
 * An observer of a test: called for each NMI before other reasons are checked. It returns true if
 * the test sent the NMI, which is then handled. Context: ENTRY, on the NMI stack.
 */
typedef bool (*nmi_observer)(struct trap_frame *frame);

/*
 * Sets the observer, or removes it (NULL), and returns the one that was set before. For tests.
 * Context: THREAD.
 */
nmi_observer nmi_observer_set(nmi_observer observer);
