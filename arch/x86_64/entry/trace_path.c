/* See trace_path.h. */
#include "arch/x86_64/entry/trace_path.h"

#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/backtrace.h"

#define REPEATS 256

/*
 * Of this CPU, because stacks are small. The second is for a stack fault while the first is in use:
 * stack faults do not nest.
 */
static PER_CPU(struct backtrace, trace_path);
static PER_CPU(struct backtrace, trace_path_of_fault);

void trace_path_record(const struct trap_frame *frame, uintptr_t frame_pointer)
{
    struct backtrace *path;
    if (frame != NULL) {
        path = this_cpu_pointer(trace_path_of_fault);
        backtrace_from_frame(path, frame);
    } else {
        path = this_cpu_pointer(trace_path);
        backtrace_from(path, 0, frame_pointer);
    }
    for (unsigned i = 0; i < path->count; i++) {
        trace_record(TRACE_PATH, (uint16_t)(i | (path->steps[i].repeats != 0 ? REPEATS : 0)), 0,
                     path->steps[i].address, path->steps[i].frame);
    }
}
