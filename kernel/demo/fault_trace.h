/*
 * A recorder of stack faults, for those who want to show them. While it is on, every served fault
 * leaves a record in an array of its CPU, written on the entry stack: no lock, no allocation, and
 * what does not fit is only counted. One user at a time.
 */
#pragma once

#include "lib/compiler.h"

#define FAULT_TRACE_RECORDS 64 /* for each CPU */

struct fault_record {
    uint64_t tsc;      /* when; orders the records of all CPUs */
    uintptr_t address; /* what was touched */
    uintptr_t rip;     /* by which instruction */
    uint32_t slot;
    uint8_t pages;     /* filled by this fault: 1 to 3 */
    uint8_t available; /* rounds left in the CPU's magazine after it */
    uint8_t cpu;
};

/* Forgets what was recorded and begins. Thread context. */
void fault_trace_begin(void);

/*
 * Ends. Records may be read once the threads whose faults matter have been waited for. Returns how
 * many faults found no room on their CPU. Thread context.
 */
uint32_t fault_trace_end(void);

/*
 * Copies the records of one slot, oldest first, to `records`; returns how many there are, which may
 * be more than `most`. After fault_trace_end(). Thread context.
 */
uint32_t fault_trace_of_slot(uint32_t slot, struct fault_record *records, uint32_t most);
