/* Stack faults in the trace, with the path of calls that led to each. */
#pragma once

#include "mm/stack/stack_fault.h"

/* Records a stack fault and its backtrace. The trace's stack_fault_observer. Context: ENTRY. */
void trace_fault(const struct stack_fault_event *event);
