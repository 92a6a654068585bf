/* See switch_trace.h. */
#include "sched/core/switch_trace.h"

#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/trace_path.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/core/thread.h"

#define PAGES_SHIFT 8
#define USED_SHIFT  32

/* Of so many switches of a CPU one records the path of calls that the thread sleeps in. */
#define SAMPLE_SWITCHES 8

static PER_CPU(uint32_t, switches_traced);

static never_inline void switch_record(const uintptr_t *save_rsp, const struct run_queue *queue)
{
    const struct thread *from = container_of(save_rsp, struct thread, saved_rsp);
    uint64_t used = stack_top(from->slot) - (uintptr_t)__builtin_frame_address(0);
    trace_record(TRACE_SWITCH,
                 (uint16_t)(from->state | stack_pages_backed(from->slot) << PAGES_SHIFT), from->id,
                 queue->current->id | used << USED_SHIFT, magazine_available());
    if (++this_cpu(switches_traced) % SAMPLE_SWITCHES == 0) {
        trace_record(TRACE_SAMPLE, 0, from->id, used, 0);
        trace_path_record(NULL, (uintptr_t)__builtin_frame_address(0));
    }
}

/* A CPU's first switch leaves its boot stack, which no thread has: then no trace runs yet. */
void trace_switch(const uintptr_t *save_rsp, uintptr_t load_rsp maybe_unused,
                  uint64_t hole maybe_unused, const struct run_queue *queue)
{
    if (trace_runs()) {
        switch_record(save_rsp, queue);
    }
    if (stack_mode_get() == STACK_MODE_LEND) {
        if (stack_lend_mode() == STACK_LEND_AT_ONCE) {
            stack_lend_switch();
        } else {
            stack_lend_fill();
        }
    }
}
