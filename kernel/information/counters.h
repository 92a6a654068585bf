/* The kernel's counters by number: counter_list.h says which there are. */
#pragma once

#include "kernel/information/counter_list.h"
#include "lib/compiler.h"

/* The number of each counter: COUNTER_switches and so on. */
#define COUNTER_NUMBER(name, value, meaning) COUNTER_##name,
enum counter { COUNTER_LIST(COUNTER_NUMBER) COUNTERS };

/* Returns how many counters there are. Context: ANY. */
unsigned counter_count(void);

/* Returns the name of a counter, below counter_count(). Context: ANY. */
const char *counter_name(unsigned number);

/* Returns what a counter counts, in words. Context: ANY. */
const char *counter_meaning(unsigned number);

/* Returns how many interrupts a CPU has handled. Context: ANY. */
uint64_t counter_cpu_interrupts(unsigned cpu);

/* Returns the value of a counter. Context: THREAD. */
uint64_t counter_value(unsigned number);
