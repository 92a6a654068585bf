/*
 * Backtraces of threads: the required functions are in the chain, in order, whatever interrupted
 * the thread before.
 */
#include "tests/entry/backtrace_fixture.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry_mode.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/core/switch.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static uint32_t scratch;

TEST(BTR0001,
     "a backtrace in a thread names its callers down to the function in which threads begin",
     ALWAYS)
{
    caller_outer(take_here);
    test_check(trace_taken);
    CHECK_TRACE(0, "take_here", "caller_inner", "caller_outer", "test_run_BTR0001",
                "thread_trampoline");
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
    /* The spinner never yields. So if this runs again, it was preempted; it stays so. */
    preempt_disable();
    test_equal(thread->state, THREAD_READY);
    const struct switch_frame *frame = (const struct switch_frame *)thread->saved_rsp;
    backtrace_from(&test_trace, frame->return_address, frame->rbp);
    preempt_enable();
    spinner_stop = true;
    test_equal(thread_join(thread), 0);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
    unsigned vector = VECTOR_TIMER;
    for (uint32_t i = 0; i < test_trace.count; i++) {
        vector =
            test_trace.steps[i].event > VECTOR_EXCEPTIONS ? test_trace.steps[i].event - 1U : vector;
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
    for (uint32_t i = 0; i < test_trace.count; i++) {
        repeats += step_is(&test_trace.steps[i], "recurse") ? test_trace.steps[i].repeats + 1 : 0;
    }
    test_equal(repeats, 101);
    test_check(test_trace.count < 10);
    CHECK_TRACE(0, "take_here", "recurse", "test_run_BTR0008", "thread_trampoline");
}

TEST(BTR0011, "a backtrace ends at a frame of user mode, whatever user mode had in RBP and RSP",
     ALWAYS)
{
    /* What user mode could point at: words of the kernel that look like a frame. */
    uint64_t kernel_words[2] = {0, (uintptr_t)take_here + 1};
    const struct trap_frame frame = {.rip = USER_BASE,
                                     .cs = SELECTOR_USER_CODE,
                                     .rbp = (uintptr_t)kernel_words,
                                     .rsp = (uintptr_t)&kernel_words[1]};
    backtrace_from_frame(&test_trace, &frame);
    test_equal(test_trace.count, 1);
    test_equal(test_trace.steps[0].address, USER_BASE);
    test_check(!test_trace.broken);
}

TEST(BTR0009, "a backtrace never brings a page in, and ends where the chain is broken", ALWAYS)
{
    if (!scratch_stack_create(&scratch)) {
        return;
    }
    uintptr_t hole = scratch_stack_edge(scratch) - PAGE_BYTES;
    scratch_stack_use(scratch);
    backtrace_from(&test_trace, 0, hole);
    test_check(test_trace.count == 0 && test_trace.broken);
    backtrace_from(&test_trace, (uintptr_t)take_here, hole + TRAP_FRAME_MARK);
    test_check(test_trace.count == 1 && test_trace.broken);
    test_equal(stack_pages_backed(scratch), 1);
    /* a frame whose saved RBP points to itself */
    uint64_t loop[2] = {(uintptr_t)loop, (uintptr_t)take_here};
    backtrace_from(&test_trace, 0, (uintptr_t)loop);
    test_check(test_trace.count == 1 && test_trace.broken);
    backtrace_from(&test_trace, 0, 8);
    test_check(test_trace.count == 0 && test_trace.broken);
    scratch_stack_unuse();
    scratch_stack_destroy(scratch);
}
