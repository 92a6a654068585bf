/*
 * Entry stacks: their guards are not mapped, the gates name them, and TSS.IST is back at the top
 * (or FRED's level is 0) after every way out: return, move to the thread's stack, overflow, and
 * nests of these.
 */
#include "arch/x86_64/entry/descriptors.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/asynchronous.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/paging/paging.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/thread.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

/* With no event being handled on this CPU, each IST is at its stack's top and FRED's level is 0. */
static void idle_check(unsigned cpu, const char *when)
{
    if (fred_is_active() && cpu == cpu_number() && fred_level() != 0) {
        test_fail(__FILE__, __LINE__, "%s: CPU %u is at stack level %u", when, cpu, fred_level());
    }
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        uintptr_t ist = cpu_variable(cpu_task_state, cpu).ist[kind - 1];
        if (ist != entry_stack_top(cpu, kind)) {
            test_fail(__FILE__, __LINE__, "%s: IST of the %s stack of CPU %u is %p, not %p", when,
                      entry_stack_name(kind), cpu, (void *)ist, (void *)entry_stack_top(cpu, kind));
        }
    }
}

TEST(ENT0001,
     "each entry stack is mapped as a whole, writable, never executable, between two guards",
     ALWAYS)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
            uintptr_t bottom = entry_stack_bottom(cpu, kind), top = entry_stack_top(cpu, kind);
            struct paging_walk walk;
            for (uintptr_t page = bottom; page < top; page += PAGE_BYTES) {
                paging_walk(page, &walk);
                uint64_t leaf = walk.entries[walk.levels - 1];
                test_check(walk.present && (leaf & PAGE_WRITABLE) && (leaf & PAGE_NO_EXECUTE));
            }
            for (uintptr_t page = bottom - (ENTRY_STACK_STRIDE - ENTRY_STACK_BYTES); page < bottom;
                 page += PAGE_BYTES) {
                test_check(!paging_is_present(page));
            }
            test_check(!paging_is_present(top));
            unsigned found_cpu, found_kind;
            test_check(entry_stack_guard_find(bottom - 1, &found_cpu, &found_kind) &&
                       found_cpu == cpu && found_kind == kind);
            test_check(!entry_stack_guard_find(bottom, &found_cpu, &found_kind));
            test_check(entry_stack_find(bottom, &found_cpu, &found_kind) && found_cpu == cpu &&
                       found_kind == kind);
            test_check(entry_stack_find(top, &found_cpu, &found_kind) && found_kind == kind);
        }
    }
}

/* The entry stack that the CPU's table names for a vector. */
static unsigned gate_stack(unsigned vector)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } packed pointer;
    __asm__ volatile("sidt %0" : "=m"(pointer));
    return ((const uint8_t *)pointer.base)[vector * 16 + 4];
}

TEST(ENT0002,
     "every asynchronous event's gate names an entry stack, and every CPU uses the same table",
     ALWAYS)
{
    test_equal(gate_stack(VECTOR_PAGE_FAULT), ENTRY_PAGE_FAULT);
    test_equal(gate_stack(VECTOR_NMI), ENTRY_ASYNCHRONOUS(ENTRY_NMI));
    test_equal(gate_stack(VECTOR_DEBUG), ENTRY_ASYNCHRONOUS(ENTRY_DEBUG));
    test_equal(gate_stack(VECTOR_MACHINE_CHECK), ENTRY_MACHINE_CHECK);
    test_equal(gate_stack(VECTOR_DOUBLE_FAULT), ENTRY_DOUBLE_FAULT);
    test_equal(gate_stack(VECTOR_BREAKPOINT), ENTRY_THREAD);
    for (unsigned vector = VECTOR_EXCEPTIONS; vector < VECTOR_COUNT; vector++) {
        test_equal(gate_stack(vector), ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT));
    }
}

static unsigned test_cpu;
static volatile uint32_t nmis, breakpoints;
static uintptr_t nested_ist[ENTRY_KINDS];
static uintptr_t nested_frame[ENTRY_KINDS];
static unsigned nested_level[ENTRY_KINDS];

static void nest_note(unsigned kind, const struct trap_frame *frame)
{
    nested_frame[kind] = (uintptr_t)frame;
    nested_level[kind] = fred_is_active() ? fred_level() : 0;
}

static bool nmi_nested(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    nest_note(ENTRY_NMI, frame);
    nmis = nmis + 1;
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        nested_ist[kind] = this_cpu(cpu_task_state).ist[kind - 1];
    }
    return true;
}

static void interrupt_nested(struct trap_frame *frame)
{
    nest_note(ENTRY_INTERRUPT, frame);
    uint64_t limit_tsc = test_eventually_end_tsc();
    lapic_send_nmi(cpu_number());
    while (nmis == 0 && tsc_read() < limit_tsc) {
        cpu_pause();
    }
}

/* The first frame on its stack is at the top; FRED's ends with two words that the IDT's lacks. */
static void nest_check(unsigned kind, unsigned level)
{
    uintptr_t top = entry_stack_top(test_cpu, fred_stack_kind(kind));
    uintptr_t end = nested_frame[kind] + sizeof(struct trap_frame);

    test_equal(top - end, fred_is_active() ? FRED_FRAME_BYTES - 6 * sizeof(uint64_t) : 0);
    test_equal(nested_level[kind], fred_is_active() ? level : 0);
}

TEST(
    ENT0003,
    "an NMI inside an interrupt and the interrupt have their frames at their stacks' tops, which a "
    "re-entry would spare",
    ALWAYS)
{
    test_equal(interrupt_register(VECTOR_TEST, interrupt_nested, "test"), OK);
    preempt_disable();
    test_cpu = cpu_number();
    nmis = 0;
    nmi_observer old = nmi_observer_set(nmi_nested);
    uint64_t limit_tsc = test_eventually_end_tsc();
    lapic_send_self(VECTOR_TEST);
    while (nmis == 0 && tsc_read() < limit_tsc) {
        cpu_pause();
    }
    nmi_observer_set(old);
    test_equal(nmis, 1);
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        bool lowered = (kind == ENTRY_NMI || kind == ENTRY_DEBUG || kind == ENTRY_INTERRUPT) &&
                       !fred_is_active();
        test_equal(nested_ist[kind],
                   entry_stack_top(test_cpu, kind) - (lowered ? ENTRY_AREA_BYTES : 0));
    }
    nest_check(ENTRY_INTERRUPT, FRED_LEVEL_INTERRUPT);
    nest_check(ENTRY_NMI, FRED_LEVEL_NMI);
    idle_check(test_cpu, "after an NMI in an interrupt");
    preempt_enable();
    interrupt_unregister(VECTOR_TEST);
}

static uintptr_t debug_frame;

static bool debug_note(struct trap_frame *frame)
{
    debug_frame = (uintptr_t)frame;
    debug_status_clear();
    return true;
}

static bool nmi_debugs(struct trap_frame *frame maybe_unused)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    static volatile uint32_t watched aligned_to(4);
    debug_write_set((uintptr_t)&watched);
    watched = 1;
    debug_clear();
    nmis = nmis + 1;
    return true;
}

TEST(ENT0009,
     "a debug exception inside an NMI spares the frame of one whose exit path the NMI interrupted",
     IDT)
{
    preempt_disable();
    test_cpu = cpu_number();
    nmis = 0;
    nmi_observer old = nmi_observer_set(nmi_debugs);
    exception_handler old_debug = exception_handler_set(VECTOR_DEBUG, debug_note);
    uint64_t limit_tsc = test_eventually_end_tsc();
    lapic_send_nmi(test_cpu);
    while (nmis == 0 && tsc_read() < limit_tsc) {
        cpu_pause();
    }
    exception_handler_set(VECTOR_DEBUG, old_debug);
    nmi_observer_set(old);
    test_equal(nmis, 1);
    /* On its exit path the outer #DB has raised its IST again, and its frame is in the top area. */
    test_equal(debug_frame + sizeof(struct trap_frame),
               entry_stack_top(test_cpu, ENTRY_DEBUG) - ENTRY_AREA_BYTES);
    idle_check(test_cpu, "after a #DB in an NMI");
    preempt_enable();
}

static volatile uint32_t deep_limit = 1000000;

static never_inline unsigned run_over(unsigned depth)
{
    volatile uint8_t local[200];
    local[0] = (uint8_t)depth;
    return depth == deep_limit ? 0 : run_over(depth + 1) + local[0];
}

static void overflow_thread(void *argument maybe_unused)
{
    run_over(0);
}

static bool breakpoint_count(struct trap_frame *frame maybe_unused)
{
    __atomic_add_fetch(&breakpoints, 1, __ATOMIC_RELAXED);
    return true;
}

static bool debug_once(struct trap_frame *frame maybe_unused)
{
    debug_clear();
    debug_status_clear();
    return true;
}

static volatile uint32_t watched[CPU_MAX];

/* Goes through all ways in and out, many times, on each CPU. */
static void ways_out(unsigned cpu)
{
    uint32_t slot = thread_current()->slot;
    for (unsigned round = 0; round < 50; round++) {
        stack_trim(slot, stack_top(slot) - PAGE_BYTES);
        *(volatile uint8_t *)(stack_top(slot) - (1 + round % 3) * PAGE_BYTES - 8) = 1; /* #PF */
        lapic_send_self(VECTOR_RESCHEDULE); /* interrupt, frame moved */
        thread_yield();
        lapic_send((cpu + 1) % cpu_online_count(), VECTOR_RESCHEDULE);
        __asm__ volatile("int3");
        preempt_disable();
        debug_write_set((uintptr_t)&watched[cpu]);
        watched[cpu] = round; /* #DB */
        debug_clear();
        preempt_enable();
        if (round % 10 == 0) {
            struct thread *thread =
                test_thread_start(THREAD_PRIORITY_DEFAULT, 0, overflow_thread, NULL);
            test_equal(test_thread_join(thread), ERROR_RANGE);
        }
    }
}

TEST(ENT0004,
     "after every way out, on all CPUs, each IST is back at its stack's top, and "
     "the level at 0",
     ALWAYS)
{
    breakpoints = 0;
    exception_handler old_breakpoint = exception_handler_set(VECTOR_BREAKPOINT, breakpoint_count);
    exception_handler old_debug = exception_handler_set(VECTOR_DEBUG, debug_once);
    test_on_each_cpu(ways_out);
    exception_handler_set(VECTOR_DEBUG, old_debug);
    exception_handler_set(VECTOR_BREAKPOINT, old_breakpoint);
    test_equal(breakpoints, 50 * cpu_online_count());
    /* Checked on each CPU itself: seen from another one, it may be in an interrupt just then. */
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        struct thread *self = thread_current();
        test_equal(thread_affinity_set(self, 1UL << cpu), OK);
        thread_yield();
        preempt_disable();
        test_equal(cpu_number(), cpu);
        idle_check(cpu, "after all of them");
        preempt_enable();
    }
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
}

/* The flags that an event's first C code finds. */
static volatile uint64_t flags_in_interrupt, flags_in_fault;
static volatile uint32_t flags_seen;

#define FLAGS_AWKWARD (FLAGS_DIRECTION | FLAGS_ALIGNMENT_CHECK)

static void interrupt_see_flags(struct trap_frame *frame maybe_unused)
{
    flags_in_interrupt = flags_read();
    flags_seen = flags_seen + 1;
}

static void fault_see_flags(const struct stack_fault_event *event)
{
    if (event->slot == thread_current()->slot) {
        flags_in_fault = flags_read();
        flags_seen = flags_seen + 1;
    }
}

/*
 * Sets DF and AC, waits for the pending interrupt, touches `hole`, and returns the flags as they
 * are after both. Interrupts are off.
 */
static uint64_t flags_tried(volatile char *hole)
{
    uint64_t after, spins = 100000000;
    __asm__ volatile("pushfq\n\t"
                     "orq %3, (%%rsp)\n\t"
                     "popfq\n\t"
                     "sti\n"
                     "1:\n\t"
                     "cmpl $0, %2\n\t"
                     "jne 2f\n\t"
                     "decq %1\n\t"
                     "jnz 1b\n"
                     "2:\n\t"
                     "cli\n\t"
                     "movb $1, (%4)\n\t"
                     "pushfq\n\t"
                     "pushfq\n\t"
                     "popq %0\n\t"
                     "andq %5, (%%rsp)\n\t"
                     "popfq"
                     : "=&r"(after), "+r"(spins)
                     : "m"(flags_seen), "i"(FLAGS_AWKWARD), "r"(hole), "i"(~FLAGS_AWKWARD)
                     : "memory", "cc");
    return after;
}

TEST(ENT0005, "an interrupt and a stack fault find DF and AC clear, and their end sets them again",
     ALWAYS)
{
    test_missing_sites_expect();
    uint32_t slot = thread_current()->slot;
    flags_in_interrupt = flags_in_fault = FLAGS_AWKWARD;
    flags_seen = 0;
    test_equal(interrupt_register(VECTOR_TEST, interrupt_see_flags, "test"), OK);
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    uint64_t flags = interrupts_save();
    stack_fault_observer = fault_see_flags;
    lapic_send_self(VECTOR_TEST);
    uint64_t after = flags_tried((volatile char *)stack_floor(slot));
    stack_fault_observer = old;
    interrupts_restore(flags);
    interrupt_unregister(VECTOR_TEST);
    test_equal(flags_seen, 2);
    test_equal(flags_in_interrupt & FLAGS_AWKWARD, 0);
    test_equal(flags_in_fault & FLAGS_AWKWARD, 0);
    test_equal(after & FLAGS_AWKWARD, FLAGS_AWKWARD);
}
