/*
 * One array for each CPU, so that the observer needs no atomic instruction: stack faults do not
 * nest on a CPU, and no other CPU writes there.
 */
#include "kernel/demo/fault_trace.h"

#include "arch/x86_64/cpu/percpu.h"
#include "mm/stack/stack_fault.h"

struct trace {
    uint32_t count; /* may exceed FAULT_TRACE_RECORDS: later faults are only counted */
    struct fault_record records[FAULT_TRACE_RECORDS];
};

static PER_CPU(struct trace, fault_trace);

/* The observer that was there before, which goes on to see all faults; NULL: none. */
static void (*observer_before)(const struct stack_fault_event *event);

/* Context: ENTRY. */
static void observe(const struct stack_fault_event *event)
{
    struct trace *own = this_cpu_pointer(fault_trace);
    if (own->count < FAULT_TRACE_RECORDS) {
        own->records[own->count] = (struct fault_record){.tsc = event->entry_tsc,
                                                         .address = event->address,
                                                         .rip = event->rip,
                                                         .slot = event->slot,
                                                         .pages = (uint8_t)event->pages,
                                                         .available = (uint8_t)event->available,
                                                         .cpu = (uint8_t)cpu_number()};
    }
    own->count++;
    if (observer_before != NULL) {
        observer_before(event);
    }
}

void fault_trace_begin(void)
{
    observer_before = stack_fault_observer;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        cpu_variable(fault_trace, cpu).count = 0;
    }
    __atomic_store_n(&stack_fault_observer, observe, __ATOMIC_RELEASE);
}

static uint32_t kept(const struct trace *trace)
{
    return trace->count < FAULT_TRACE_RECORDS ? trace->count : FAULT_TRACE_RECORDS;
}

uint32_t fault_trace_end(void)
{
    uint32_t dropped = 0;
    stack_fault_observer = observer_before;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct trace *trace = &cpu_variable(fault_trace, cpu);
        dropped += trace->count - kept(trace);
    }
    return dropped;
}

/* Inserts a record in the order of time. If the array is full, the youngest record is dropped. */
static void insert(struct fault_record *records, uint32_t count, uint32_t most,
                   const struct fault_record *record)
{
    uint32_t at = count < most ? count : most;
    for (; at > 0 && records[at - 1].tsc > record->tsc; at--) {
        if (at < most) {
            records[at] = records[at - 1];
        }
    }
    if (at < most) {
        records[at] = *record;
    }
}

uint32_t fault_trace_of_slot(uint32_t slot, struct fault_record *records, uint32_t most)
{
    uint32_t count = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct trace *trace = &cpu_variable(fault_trace, cpu);
        for (uint32_t i = 0; i < kept(trace); i++) {
            if (trace->records[i].slot == slot) {
                insert(records, count++, most, &trace->records[i]);
            }
        }
    }
    return count;
}
