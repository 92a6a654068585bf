/*
 * Backtraces from the entry stacks: they go on in the interrupted code, and every event on the way
 * is named.
 */
#include "tests/entry/backtrace_fixture.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/switch.h"
#include "tests/support/eventually.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

static unsigned test_cpu;
static uint32_t scratch;

static void observer_take(const struct stack_fault_event *event maybe_unused)
{
    if (cpu_number() == test_cpu) {
        take_here();
    }
    NOT_THE_LAST();
}

/* The fault happens in this function itself. */
static never_inline void touch_hole(void)
{
    *(volatile uint8_t *)(scratch_stack_edge(scratch) - 1) = 1;
}

TEST(BTR0002, "a backtrace on the page-fault stack goes on in the thread that touched the hole",
     ALWAYS)
{
    test_missing_sites_expect();
    if (!scratch_stack_create(&scratch)) {
        return;
    }
    test_cpu = cpu_number();
    scratch_stack_use(scratch);
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    stack_fault_observer = observer_take;
    caller_outer(touch_hole);
    stack_fault_observer = old;
    scratch_stack_unuse();
    scratch_stack_destroy(scratch);
    test_check(trace_taken);
    CHECK_TRACE(VECTOR_PAGE_FAULT, "take_here", "observer_take", "!touch_hole", "caller_inner",
                "caller_outer", "test_run_BTR0002", "thread_trampoline");
}

static uint32_t steps, steps_complete;
static uintptr_t first_incomplete;
static struct backtrace incomplete;

/*
 * The trace has the touch of the hole, interrupted by #PF, then its callers, and ends where threads
 * begin. (Between the test and the end there is a function more at -O0.)
 */
static bool trace_is_complete(void)
{
    static const char *const names[] = {"touch_hole", "caller_inner", "caller_outer",
                                        "follow_fault", "test_run_BTR0010"};
    uint32_t first = 0;
    while (first < test_trace.count && test_trace.steps[first].event != VECTOR_PAGE_FAULT + 1U) {
        first++;
    }
    bool complete = first + array_length(names) < test_trace.count && !test_trace.broken &&
                    !test_trace.full &&
                    step_is(&test_trace.steps[test_trace.count - 1], "thread_trampoline");
    for (uint32_t i = 0; complete && i < array_length(names); i++) {
        const struct backtrace_step *step = &test_trace.steps[first + i];
        complete = step_is(step, names[i]) && (i == 0 || step->event == 0);
    }
    return complete;
}

/* Takes a backtrace at each instruction of the page-fault path. */
static bool debug_follow(struct trap_frame *frame)
{
    unsigned cpu, kind;
    if (cpu_number() != test_cpu) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    frame->rflags &= ~FLAGS_TRAP;
    if (entry_stack_find(frame->rsp, &cpu, &kind) && kind == ENTRY_PAGE_FAULT) {
        backtrace_from_frame(&test_trace, frame);
        steps++;
        if (trace_is_complete()) {
            steps_complete++;
        } else if (first_incomplete == 0) {
            first_incomplete = frame->rip;
            incomplete = test_trace;
        }
        frame->rflags |= FLAGS_TRAP;
    }
    return true;
}

static void observe_nothing(const struct stack_fault_event *event maybe_unused)
{
}

static never_inline void follow_fault(void (*observer)(const struct stack_fault_event *event))
{
    scratch_stack_use(scratch);
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    stack_fault_observer = observer;
    debug_execute_set(entry_stubs[VECTOR_PAGE_FAULT]);
    caller_outer(touch_hole);
    debug_clear();
    stack_fault_observer = old;
    scratch_stack_unuse();
    scratch_stack_empty(scratch);
    NOT_THE_LAST();
}

/* backtrace_from_frame() is what an NMI, a machine check or a debug trap there would print. */
TEST(BTR0010,
     "a backtrace from each instruction of the page-fault path goes on in the function that "
     "touched the hole",
     IDT)
{
    test_missing_sites_expect();
    if (!scratch_stack_create(&scratch)) {
        return;
    }
    test_cpu = cpu_number();
    steps = steps_complete = 0;
    first_incomplete = 0;
    exception_handler old = exception_handler_set(VECTOR_DEBUG, debug_follow);
    follow_fault(NULL);
    follow_fault(observe_nothing);
    exception_handler_set(VECTOR_DEBUG, old);
    scratch_stack_destroy(scratch);
    test_note("backtraces at %u instructions: %u go on in the thread", steps, steps_complete);
    test_check(steps > 100);
    test_equal(first_incomplete, 0);
    if (first_incomplete != 0) {
        backtrace_log(&incomplete);
    }
}

static void interrupt_take(struct trap_frame *frame maybe_unused)
{
    take_here();
    NOT_THE_LAST();
}

static never_inline void wait_for_event(void)
{
    uint64_t limit_tsc = test_eventually_end_tsc();
    interrupts_enable();
    while (!trace_taken && tsc_read() < limit_tsc) {
        cpu_pause();
    }
    interrupts_disable();
}

TEST(BTR0003, "a backtrace on the interrupt stack goes on in the interrupted thread", ALWAYS)
{
    test_equal(interrupt_register(VECTOR_TEST, interrupt_take, "test"), OK);
    preempt_disable();
    interrupts_disable();
    lapic_send_self(VECTOR_TEST);
    caller_outer(wait_for_event);
    interrupts_enable();
    preempt_enable();
    interrupt_unregister(VECTOR_TEST);
    test_check(trace_taken);
    CHECK_TRACE(VECTOR_TEST, "take_here", "interrupt_take", "interrupt_dispatch", "!wait_for_event",
                "caller_inner", "caller_outer", "test_run_BTR0003", "thread_trampoline");
}

static bool nmi_take(struct trap_frame *frame maybe_unused)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    take_here();
    return true;
}

/* An NMI while an interrupt is handled: two entry stacks on the way to the thread. */
static void interrupt_nmi(struct trap_frame *frame maybe_unused)
{
    uint64_t limit_tsc = test_eventually_end_tsc();
    lapic_send_nmi(cpu_number());
    while (!trace_taken && tsc_read() < limit_tsc) {
        cpu_pause();
    }
}

TEST(BTR0004, "a backtrace on the NMI stack goes through the interrupt stack to the thread", ALWAYS)
{
    test_equal(interrupt_register(VECTOR_TEST, interrupt_nmi, "test"), OK);
    preempt_disable();
    test_cpu = cpu_number();
    nmi_observer old = nmi_observer_set(nmi_take);
    interrupts_disable();
    lapic_send_self(VECTOR_TEST);
    caller_outer(wait_for_event);
    interrupts_enable();
    nmi_observer_set(old);
    preempt_enable();
    interrupt_unregister(VECTOR_TEST);
    test_check(trace_taken);
    CHECK_TRACE(VECTOR_TEST, "take_here", "nmi_take", "entry_nmi", "interrupt_nmi",
                "interrupt_dispatch", "!wait_for_event", "caller_inner", "caller_outer",
                "test_run_BTR0004", "thread_trampoline");
}

static bool debug_take(struct trap_frame *frame maybe_unused)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    take_here();
    return true;
}

static volatile uint32_t watched;

static never_inline void write_watched(void)
{
    debug_write_set((uintptr_t)&watched);
    watched = 1;
    NOT_THE_LAST();
}

TEST(BTR0005, "a backtrace on the debug stack goes on in the function that wrote the watched word",
     ALWAYS)
{
    preempt_disable();
    test_cpu = cpu_number();
    exception_handler old = exception_handler_set(VECTOR_DEBUG, debug_take);
    caller_outer(write_watched);
    exception_handler_set(VECTOR_DEBUG, old);
    preempt_enable();
    test_check(trace_taken);
    CHECK_TRACE(VECTOR_DEBUG, "take_here", "debug_take", "!write_watched", "caller_inner",
                "caller_outer", "test_run_BTR0005", "thread_trampoline");
}
