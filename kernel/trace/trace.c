/* See trace.h. */
#include "kernel/trace/trace.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/dev/trace_port.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/timer_object.h"
#include "kernel/trace/trace_fault.h"
#include "lib/error.h"
#include "mm/heap/vmalloc.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/thread_list.h"
#include "sched/sync/semaphore.h"

/*
 * The writer comes at once when a ring is so full, which each CPU's tick looks at, and else after a
 * pause, because its own wake-ups are events, too. Between two ticks a CPU records far less than
 * the rest of a ring.
 */
#define WAKE_EVENTS    (TRACE_RING_EVENTS / 8)
#define DRAIN_PAUSE_NS 40000000
#define STEP_EVENTS    64 /* of one CPU before the next has its turn */

static struct thread *writer; /* NULL: there is no trace */
static uint64_t most, written;
static bool over;
static struct semaphore wanted = SEMAPHORE(wanted, 0); /* ends the writer's pause */
static bool called; /* it has a token, or the writer has not begun to look after it took one */

static bool event_write(enum trace_kind kind, uint64_t tsc, uint16_t small, uint64_t a, uint64_t b)
{
    struct trace_event event = {.tsc = tsc, .kind = (uint8_t)kind, .small = small, .a = a, .b = b};
    return trace_port_write(&event, sizeof(event));
}

/* Writes events of one ring. Returns false if the ring has no more, or the trace is to end. */
static bool ring_drain(struct trace_ring *ring)
{
    for (unsigned i = 0; i < STEP_EVENTS; i++) {
        uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
        if (ring->tail == head || written == most) {
            return false;
        }
        struct trace_event event = ring->events[ring->tail % TRACE_RING_EVENTS];
        __atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
        if (!trace_port_write(&event, sizeof(event))) {
            written = most; /* nobody listens */
            return false;
        }
        written++;
    }
    return true;
}

/*
 * Writes events of each ring in turn. Returns true if some ring may have more. A reader that follows
 * the trace as it is written must know how far it is with each CPU: a ring that was found empty has
 * no more events from before this turn, one that was not may lag behind the others.
 */
static bool rings_turn(void)
{
    uint64_t began = tsc_read(), before = written, empty = 0;
    bool more = false;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (cpu_variable(trace_ring, cpu).events != NULL) {
            bool rest = ring_drain(&cpu_variable(trace_ring, cpu));
            empty |= rest ? 0 : 1UL << cpu;
            more = rest || more;
        }
    }
    if (written != before && written != most && !event_write(TRACE_REACHED, began, 0, empty, 0)) {
        written = most; /* nobody listens */
        more = false;
    }
    return more;
}

static void rings_drain(void)
{
    while (rings_turn()) {
    }
    if (written == most) {
        trace_run_set(false);
    }
}

static void write_all(void *argument maybe_unused)
{
    bool last = false;
    while (!last) {
        last = __atomic_load_n(&over, __ATOMIC_ACQUIRE);
        __atomic_store_n(&called, false, __ATOMIC_RELEASE);
        rings_drain();
        if (!last) {
            ignore_result(semaphore_down_timed(&wanted, DRAIN_PAUSE_NS)); /* it may time out */
        }
    }
    ignore_result(event_write(TRACE_END, tsc_read(), trace_is_full(), written,
                              0)); /* the reader would miss it */
}

void trace_tick(void)
{
    const struct trace_ring *ring = this_cpu_pointer(trace_ring);
    bool much = ring->head - __atomic_load_n(&ring->tail, __ATOMIC_RELAXED) > WAKE_EVENTS;
    if (much && !__atomic_exchange_n(&called, true, __ATOMIC_ACQ_REL)) {
        semaphore_up(&wanted);
    }
    timer_object_tick();
}

static void name_note(struct thread *thread, void *context maybe_unused)
{
    thread_name_record(thread);
}

/* Gives each CPU its ring: all or none. */
static int rings_make(void)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        void *events;
        int error = vmalloc(TRACE_RING_EVENTS * sizeof(struct trace_event), 0, "trace", &events);
        if (error != OK) {
            while (cpu-- > 0) {
                vfree(cpu_variable(trace_ring, cpu).events);
                cpu_variable(trace_ring, cpu).events = NULL;
            }
            return error;
        }
        cpu_variable(trace_ring, cpu).events = events;
    }
    return OK;
}

void trace_begin(uint32_t thousands)
{
    if (!trace_wanted) {
        return;
    }
    if (!trace_port_init()) {
        log_warn("trace: there is no second serial port, so there is no trace");
        return;
    }
    int error = rings_make();
    if (error != OK) {
        log_warn("trace: no memory for the rings (%s), so there is no trace", error_name(error));
        return;
    }
    most = thousands * 1000UL;
    const struct thread_options options = {
        .name = "trace", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    if (!event_write(TRACE_HEADER, tsc_read(), TRACE_VERSION, clock_tsc_per_ms() * 1000,
                     cpu_online_count()) ||
        thread_create(&options, write_all, NULL, &writer) != OK) {
        log_warn("trace: it cannot be written, so there is none");
        writer = NULL;
        return;
    }
    trace_run_set(true);
    thread_for_each(name_note, NULL);
    stack_fault_observer = trace_fault;
}

void trace_end(void)
{
    if (writer == NULL) {
        return;
    }
    trace_run_set(false);
    stack_fault_observer = NULL;
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    semaphore_up(&wanted);
    thread_join(writer);
    writer = NULL;
    log_info("trace: %lu events written%s", written,
             trace_is_full()   ? "; it ended early, because a ring was full"
             : written == most ? "; it ended early, because these were enough"
                               : "");
}
