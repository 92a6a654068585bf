/* See trace_fault.h. */
#include "kernel/trace/trace_fault.h"

#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/trace_path.h"
#include "mm/stack/stack.h"

#define AVAILABLE_SHIFT 8

void trace_fault(const struct stack_fault_event *event)
{
    if (!trace_runs()) {
        return;
    }
    trace_record(TRACE_FAULT, (uint16_t)(event->pages | event->available << AVAILABLE_SHIFT), 0,
                 stack_top(event->slot) - event->address, event->rip);
    trace_path_record(event->frame, 0);
}
