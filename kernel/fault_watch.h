/*
 * Records stack faults as they are served, for those who want to show them: the monitor and the
 * demonstration. One watcher at a time.
 */
#pragma once

#include "lib/compiler.h"

#define FAULT_WATCH_RECORDS 128

struct fault_record {
    uintptr_t address; /* what was touched */
    uintptr_t rip;     /* by which instruction */
    uint32_t slot;
    uint32_t pages;     /* how many the fault filled */
    uint32_t available; /* rounds left in the CPU's magazine after it */
};

/* Forgets all records and begins. Thread context. */
void fault_watch_begin(void);

/* Ends, and returns how many records there are (at most FAULT_WATCH_RECORDS). Thread context. */
uint32_t fault_watch_end(void);

/* Record number `index`, by age. After fault_watch_end(). */
const struct fault_record *fault_watch_record(uint32_t index);
