/* Non-maskable interrupts: they reach a CPU that has its interrupts off. */
#pragma once

#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/entry.h"

/* Handles an NMI; returns true. Context: ENTRY (NMI stack). */
bool nmi_handle(struct trap_frame *frame);

/* Halts all other CPUs by NMI, for a panic. Returns without waiting for them. Context: ANY. */
void nmi_stop_other_cpus(void);

/*
 * Records the backtrace of what runs on another CPU, by an NMI there, and stores the id of the
 * thread that was interrupted (0: none). Returns false if the CPU does not answer. Context: THREAD,
 * one caller at a time.
 */
must_check bool nmi_backtrace(unsigned cpu, struct backtrace *trace, uint32_t *thread_id);

/*
 * Sets a test's observer, or removes it (NULL), and returns the one before. The observer is called
 * first for every NMI and returns true if the NMI was the test's. It runs in context ENTRY, on the
 * NMI stack. Context: THREAD.
 */
typedef bool (*nmi_observer)(struct trap_frame *frame);
nmi_observer nmi_observer_set(nmi_observer observer);
