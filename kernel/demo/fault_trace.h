/*
 * A recorder of stack faults, for the monitor and the demonstration. While it is on, every served
 * fault leaves a record in an array of its CPU. Recording takes no lock and allocates nothing;
 * faults that do not fit are only counted. One user at a time.
 */
#pragma once

#include "lib/compiler.h"

#define FAULT_TRACE_RECORDS 64 /* for each CPU */

struct fault_record {
    uint64_t tsc;      /* when; orders the records of all CPUs */
    uintptr_t address; /* the address that was touched */
    uintptr_t rip;     /* the instruction that touched it */
    uint32_t slot;
    uint8_t pages;     /* filled by this fault: 1 to 3 */
    uint8_t available; /* rounds left in the CPU's magazine after it */
    uint8_t cpu;
};

/* Forgets all records and begins to record. Context: THREAD. */
void fault_trace_begin(void);

/*
 * Ends the recording. Records may be read once the threads that made them have been joined. Returns
 * the number of faults for which there was no room. Context: THREAD.
 */
uint32_t fault_trace_end(void);

/*
 * Copies the records of one slot, oldest first, to `records`. Returns the number that exist, which
 * may be more than `most`. Context: THREAD, after fault_trace_end().
 */
uint32_t fault_trace_of_slot(uint32_t slot, struct fault_record *records, uint32_t most);
