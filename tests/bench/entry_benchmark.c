/*
 * The cost of events other than stack faults: a page fault that moves to the thread's stack, a
 * timer tick after which the thread goes on, and one after which another thread runs. The
 * benchmarks are the same for the IDT and FRED, so that the two ways in can be compared.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/console/console.h"
#include "kernel/test/benchmark.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "tests/bench/benchmarks.h"

#define SAMPLES BENCHMARK_SAMPLES
#define WARM_UP BENCHMARK_WARM_UP
#define NOWHERE 0xdead000UL /* not mapped: the lower half is empty */

static uint64_t samples[SAMPLES];

/* The shortest handler: goes on after the instruction, at an address kept in RBX. */
static bool fault_skip(struct trap_frame *frame)
{
    frame->rip = frame->rbx;
    return true;
}

static void fault_measure(void *argument maybe_unused)
{
    bool (*old)(struct trap_frame *) = page_fault_thread_case;
    preempt_disable();
    page_fault_thread_case = fault_skip;
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t flags = interrupts_save();
        uint64_t start = tsc_read_ordered();
        __asm__ volatile("leaq 1f(%%rip), %%rbx\n\t"
                         "movb $1, (%0)\n"
                         "1:" ::"r"(NOWHERE)
                         : "rbx", "memory");
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        interrupts_restore(flags);
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks - 1; /* the LEA is taken off */
        }
    }
    page_fault_thread_case = old;
    preempt_enable();
}

BENCHMARK(fault_moved)
{
    benchmark_in_thread(fault_measure, NULL);
    benchmark_samples_report("fault_moved", samples, SAMPLES);
}

static void direct_measure(void *argument maybe_unused)
{
    exception_handler old = exception_handler_set(VECTOR_INVALID_OPCODE, fault_skip);
    preempt_disable();
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t flags = interrupts_save();
        uint64_t start = tsc_read_ordered();
        __asm__ volatile("leaq 1f(%%rip), %%rbx\n\t"
                         "ud2\n"
                         "1:" ::
                             : "rbx", "memory");
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        interrupts_restore(flags);
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks - 1; /* the LEA is taken off */
        }
    }
    preempt_enable();
    ignore_result(exception_handler_set(VECTOR_INVALID_OPCODE, old));
}

/*
 * What `fault_moved` would cost if #PF had no stack of its own: #UD enters on the thread's stack,
 * and has the same handler.
 */
BENCHMARK(fault_direct)
{
    benchmark_in_thread(direct_measure, NULL);
    benchmark_samples_report("fault_direct", samples, SAMPLES);
}

/* Makes a tick pending, by an interrupt to itself on the timer's vector. Interrupts are off. */
static always_inline uint64_t tick_pend(void)
{
    lapic_send_self(VECTOR_TIMER);
    return tsc_read_ordered();
}

/* STI keeps interrupts off for one more instruction, so they come after the NOP. */
#define TICK_TAKE()            __asm__ volatile("sti; nop; cli" ::: "memory")
#define TICK_TAKE_INSTRUCTIONS 3

static void tick_measure(void *argument maybe_unused)
{
    preempt_disable();
    for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
        uint64_t flags = interrupts_save();
        uint64_t start = tick_pend();
        TICK_TAKE();
        uint64_t ticks = tsc_read_ordered() - start - benchmark_overhead();
        interrupts_restore(flags);
        if (i >= WARM_UP) {
            samples[i - WARM_UP] = ticks - TICK_TAKE_INSTRUCTIONS;
        }
    }
    preempt_enable();
}

BENCHMARK(tick)
{
    benchmark_in_thread(tick_measure, NULL);
    benchmark_samples_report("tick", samples, SAMPLES);
}

static volatile bool taker_ends;
static volatile uint64_t pended_tsc; /* 0: nothing is being measured */
static volatile unsigned taken;

/* The thread that runs after the tick comes back from its own thread_yield(). */
static void tick_taker(void *argument maybe_unused)
{
    while (!taker_ends) {
        uint64_t now = tsc_read_ordered();
        if (pended_tsc != 0) {
            uint64_t ticks = now - pended_tsc - benchmark_overhead();
            if (taken >= WARM_UP) {
                samples[taken - WARM_UP] = ticks - 2; /* STI and NOP are taken off */
            }
            pended_tsc = 0;
            taken = taken + 1;
        }
        thread_yield();
    }
}

static void preempt_measure(void *argument maybe_unused)
{
    struct thread *taker;
    const struct thread_options options = {
        .name = "taker", .priority = THREAD_PRIORITY_DEFAULT, .affinity = 1UL << cpu_number()};
    taker_ends = false;
    taken = 0;
    if (thread_affinity_set(thread_current(), options.affinity) != OK ||
        thread_create(&options, tick_taker, NULL, &taker) != OK) {
        console_print("# no thread for the benchmark\n");
        return;
    }
    thread_yield(); /* now it waits in its own thread_yield() */
    while (taken < SAMPLES + WARM_UP) {
        interrupts_disable();
        this_cpu(reschedule_wanted) = true;
        pended_tsc = tick_pend();
        TICK_TAKE();
        pended_tsc = 0;
        interrupts_enable();
    }
    taker_ends = true;
    thread_join(taker);
}

BENCHMARK(tick_preempt)
{
    benchmark_in_thread(preempt_measure, NULL);
    benchmark_samples_report("tick_preempt", samples, SAMPLES);
}
