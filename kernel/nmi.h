/* Non-maskable interrupts: the way to a machine that does not listen any more. */
#pragma once

#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/entry.h"

/* Handles an NMI; returns true. Context: ENTRY (NMI stack). */
bool nmi_handle(struct trap_frame *frame);

/* For a panic: all other CPUs halt at once. Any context. */
void nmi_stop_other_cpus(void);

/*
 * Records the backtrace of what runs on another CPU, by an NMI there, and stores the id of the
 * thread that was interrupted (0: none). Returns false if the CPU does not answer. Context: THREAD,
 * one caller at a time.
 */
must_check bool nmi_backtrace(unsigned cpu, struct backtrace *trace, uint32_t *thread_id);

/*
 * A test's own counter: while set it sees every NMI first, and true means it was the test's.
 * Returns the old one. The function runs on the NMI entry stack: it may touch only memory that is
 * certainly mapped.
 */
typedef bool (*nmi_observer)(struct trap_frame *frame);
nmi_observer nmi_observer_set(nmi_observer observer);
