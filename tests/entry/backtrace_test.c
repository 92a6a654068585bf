/*
 * Backtraces from each kind of stack: the required functions are in the chain, in order, and every
 * event on the way is named.
 */
#include "arch/x86_64/entry/backtrace.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/switch.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static struct backtrace trace;
static volatile bool taken;
static unsigned test_cpu;

/* Keeps a call from being the last action of a function, which would make it a jump. */
#define NOT_THE_LAST() __asm__ volatile("" ::: "memory")

static bool step_is(const struct backtrace_step *step, const char *function)
{
    const char *name = symbol_find(step->address - (step->event == 0 ? 1 : 0), NULL);
    size_t length = strlen(function);
    /* GCC may have made a variant of the function, called name.something. */
    return name != NULL && strncmp(name, function, length) == 0 &&
           (name[length] == '\0' || name[length] == '.');
}

/* All functions are in the trace in this order. "!name" means: interrupted there by `vector`. */
static void trace_check(const char *const *functions, unsigned count, unsigned vector)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        bool interrupted = functions[i][0] == '!';
        const char *name = functions[i] + (interrupted ? 1 : 0);
        while (at < trace.count && !(step_is(&trace.steps[at], name) &&
                                     trace.steps[at].event == (interrupted ? vector + 1 : 0))) {
            at++;
        }
        if (at == trace.count) {
            test_fail(__FILE__, __LINE__, "%s is not in the backtrace, or not in its place",
                      functions[i]);
            backtrace_log(&trace);
            return;
        }
        at++;
    }
    test_check(!trace.broken && !trace.full);
    test_equal(at, trace.count); /* the last name is the chain's end */
}

#define CHECK_TRACE(vector, ...)                                                                   \
    do {                                                                                           \
        static const char *const names[] = {__VA_ARGS__};                                          \
        trace_check(names, sizeof(names) / sizeof(names[0]), (vector));                            \
    } while (0)

static never_inline void take_here(void)
{
    backtrace_from_here(&trace);
    taken = true;
    NOT_THE_LAST();
}

static never_inline void caller_inner(void (*leaf)(void))
{
    leaf();
    NOT_THE_LAST();
}

static never_inline void caller_outer(void (*leaf)(void))
{
    taken = false;
    caller_inner(leaf);
    NOT_THE_LAST();
}

TEST(BTR0001,
     "a backtrace in a thread names its callers down to the function in which threads begin",
     ALWAYS)
{
    caller_outer(take_here);
    test_check(taken);
    CHECK_TRACE(0, "take_here", "caller_inner", "caller_outer", "test_run_BTR0001",
                "thread_trampoline");
}

static void observer_take(const struct stack_fault_event *event maybe_unused)
{
    if (cpu_number() == test_cpu) {
        take_here();
    }
    NOT_THE_LAST();
}

static uint32_t scratch;

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
    test_check(taken);
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
    while (first < trace.count && trace.steps[first].event != VECTOR_PAGE_FAULT + 1U) {
        first++;
    }
    bool complete = first + array_length(names) < trace.count && !trace.broken && !trace.full &&
                    step_is(&trace.steps[trace.count - 1], "thread_trampoline");
    for (uint32_t i = 0; complete && i < array_length(names); i++) {
        const struct backtrace_step *step = &trace.steps[first + i];
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
        backtrace_from_frame(&trace, frame);
        steps++;
        if (trace_is_complete()) {
            steps_complete++;
        } else if (first_incomplete == 0) {
            first_incomplete = frame->rip;
            incomplete = trace;
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
    uint64_t patience = test_eventually_end_tsc();
    interrupts_enable();
    while (!taken && tsc_read() < patience) {
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
    test_check(taken);
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
    uint64_t patience = test_eventually_end_tsc();
    lapic_send_nmi(cpu_number());
    while (!taken && tsc_read() < patience) {
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
    test_check(taken);
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
    test_check(taken);
    CHECK_TRACE(VECTOR_DEBUG, "take_here", "debug_take", "!write_watched", "caller_inner",
                "caller_outer", "test_run_BTR0005", "thread_trampoline");
}

static volatile bool spinner_stop;
static volatile bool spinner_runs;

static never_inline void spin_until_told(void)
{
    while (!spinner_stop) {
        spinner_runs = true;
        cpu_pause();
    }
    NOT_THE_LAST();
}

static void spinner(void *argument maybe_unused)
{
    caller_outer(spin_until_told);
    NOT_THE_LAST();
}

TEST(BTR0006, "a backtrace of a preempted thread goes through its moved frame", ALWAYS)
{
    test_equal(thread_affinity_set(thread_current(), 1), OK);
    thread_yield();
    spinner_stop = false;
    spinner_runs = false;
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 1, spinner, NULL);
    if (thread == NULL) {
        return;
    }
    while (!spinner_runs) {
        thread_yield();
    }
    /* The spinner never yields. That this runs again means that it was preempted; it stays so. */
    preempt_disable();
    test_equal(thread->state, THREAD_READY);
    const struct switch_frame *frame = (const struct switch_frame *)thread->saved_rsp;
    backtrace_from(&trace, frame->return_address, frame->rbp);
    preempt_enable();
    spinner_stop = true;
    test_equal(thread_join(thread), 0);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
    unsigned vector = VECTOR_TIMER;
    for (uint32_t i = 0; i < trace.count; i++) {
        vector = trace.steps[i].event > VECTOR_EXCEPTIONS ? trace.steps[i].event - 1U : vector;
    }
    if (fred_is_active()) {
        CHECK_TRACE(vector, "fred_continue", "!spin_until_told", "caller_inner", "caller_outer",
                    "spinner", "thread_trampoline");
    } else {
        CHECK_TRACE(vector, "entry_path_2", "!spin_until_told", "caller_inner", "caller_outer",
                    "spinner", "thread_trampoline");
    }
}

/* Takes a backtrace after many preemptions; it must be as before. */
static never_inline void take_after_preemption(void)
{
    for (unsigned round = 0; round < 20; round++) {
        thread_yield();
        lapic_send_self(VECTOR_RESCHEDULE);
        cpu_pause();
    }
    take_here();
    NOT_THE_LAST();
}

TEST(BTR0007, "a backtrace after preemptions is the same as before", ALWAYS)
{
    caller_outer(take_after_preemption);
    CHECK_TRACE(0, "take_here", "take_after_preemption", "caller_inner", "caller_outer",
                "test_run_BTR0007", "thread_trampoline");
}

/* By a pointer that no compiler sees through: so each level is one frame of this one function. */
static unsigned recurse(unsigned depth);
static unsigned (*volatile recurse_further)(unsigned depth) = recurse;

static never_inline unsigned recurse(unsigned depth)
{
    unsigned below = 0;
    if (depth == 0) {
        take_here();
    } else {
        below = recurse_further(depth - 1);
    }
    NOT_THE_LAST();
    return below + 1;
}

TEST(BTR0008, "recursion takes one line of a backtrace, whatever its depth", ALWAYS)
{
    recurse_further(100);
    uint32_t repeats = 0;
    for (uint32_t i = 0; i < trace.count; i++) {
        repeats += step_is(&trace.steps[i], "recurse") ? trace.steps[i].repeats + 1 : 0;
    }
    test_equal(repeats, 101);
    test_check(trace.count < 10);
    CHECK_TRACE(0, "take_here", "recurse", "test_run_BTR0008", "thread_trampoline");
}

TEST(BTR0009, "a backtrace never brings a page in, and ends where the chain is broken", ALWAYS)
{
    if (!scratch_stack_create(&scratch)) {
        return;
    }
    uintptr_t hole = scratch_stack_edge(scratch) - PAGE_BYTES;
    scratch_stack_use(scratch);
    backtrace_from(&trace, 0, hole);
    test_check(trace.count == 0 && trace.broken);
    backtrace_from(&trace, (uintptr_t)take_here, hole + TRAP_FRAME_MARK);
    test_check(trace.count == 1 && trace.broken);
    test_equal(stack_pages_backed(scratch), 1);
    /* a frame whose saved RBP points to itself */
    uint64_t loop[2] = {(uintptr_t)loop, (uintptr_t)take_here};
    backtrace_from(&trace, 0, (uintptr_t)loop);
    test_check(trace.count == 1 && trace.broken);
    backtrace_from(&trace, 0, 8);
    test_check(trace.count == 0 && trace.broken);
    scratch_stack_unuse();
    scratch_stack_destroy(scratch);
}
