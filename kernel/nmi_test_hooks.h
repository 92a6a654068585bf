/* What tests change about backtraces by NMI. */
#pragma once

/* How many steps nmi_backtrace() waits for the answer. */
extern unsigned nmi_trace_wait_steps;

/*
 * Hook: called by the CPU that answers nmi_backtrace() when it has written the answer and not said
 * so yet. Context: ENTRY, on the NMI stack.
 */
extern void (*nmi_trace_hook)(void);
