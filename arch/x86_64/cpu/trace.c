/* Records events in the ring of this CPU: see trace.h. */
#include "arch/x86_64/cpu/trace.h"

#include "arch/x86_64/cpu/cpu.h"

PER_CPU(struct trace_ring, trace_ring);

bool trace_wanted;
static bool runs, full;

void trace_run_set(bool on)
{
    __atomic_store_n(&runs, on, __ATOMIC_RELEASE);
}

bool trace_runs(void)
{
    return __atomic_load_n(&runs, __ATOMIC_ACQUIRE);
}

bool trace_is_full(void)
{
    return __atomic_load_n(&full, __ATOMIC_ACQUIRE);
}

static void ring_full(void)
{
    __atomic_store_n(&full, true, __ATOMIC_RELEASE);
    trace_run_set(false);
}

/*
 * The first touch of this function's own frame may raise a stack fault, which is recorded as well.
 * Nothing after the read of `head` touches the stack deeper, so the two events do not mix.
 */
never_inline void trace_record(enum trace_kind kind, uint16_t small, uint32_t thread, uint64_t a,
                               uint64_t b)
{
    if (!trace_runs()) {
        return;
    }
    uint64_t flags = interrupts_save();
    struct trace_ring *ring = this_cpu_pointer(trace_ring);
    uint64_t head = ring->head;
    if (ring->events == NULL) {
        interrupts_restore(flags);
        return;
    }
    if (unlikely(head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == TRACE_RING_EVENTS)) {
        ring_full();
    } else {
        ring->events[head % TRACE_RING_EVENTS] = (struct trace_event){
            .tsc = tsc_read(),
            .kind = (uint8_t)kind,
            .cpu = (uint8_t)cpu_number(),
            .small = small,
            .thread = thread,
            .a = a,
            .b = b,
        };
        __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
    }
    interrupts_restore(flags);
}
