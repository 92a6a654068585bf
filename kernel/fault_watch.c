/*
 * The observer runs on the page-fault entry stack of any CPU and writes to static memory alone: it
 * draws a number and fills the record of that number.
 */
#include "kernel/fault_watch.h"

#include "mm/stack_fault.h"

static struct fault_record records[FAULT_WATCH_RECORDS];
static uint32_t drawn; /* may run past FAULT_WATCH_RECORDS: what comes then is not kept */

static void observe(const struct stack_fault_event *event)
{
    uint32_t number = __atomic_fetch_add(&drawn, 1, __ATOMIC_RELAXED);
    if (number < FAULT_WATCH_RECORDS) {
        records[number] = (struct fault_record){.address = event->address,
                                                .rip = event->rip,
                                                .slot = event->slot,
                                                .pages = event->pages,
                                                .available = event->available};
    }
}

void fault_watch_begin(void)
{
    __atomic_store_n(&drawn, 0, __ATOMIC_RELAXED);
    stack_fault_observer = observe;
}

uint32_t fault_watch_end(void)
{
    stack_fault_observer = NULL;
    uint32_t count = __atomic_load_n(&drawn, __ATOMIC_RELAXED);
    return count < FAULT_WATCH_RECORDS ? count : FAULT_WATCH_RECORDS;
}

const struct fault_record *fault_watch_record(uint32_t index)
{
    return &records[index];
}
