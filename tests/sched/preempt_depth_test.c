/*
 * Interrupts, preemption and context switches with the stack pointer anywhere: above a hole, in it,
 * in the middle of a switch. Stack and registers must be as before, and the pages must have come
 * from the cover of the stack that faulted.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/timer.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/switch.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/own_stack.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define SPINS_AT_MOST 200000000

extern const char thread_switch[], thread_switch_end[]; /* sched/core/switch.asm */

/* The other thread has the same priority on the same CPU, and counts its turns. */
static volatile uint32_t other_turns;
static volatile int other_in_service; /* a vector that it found in service; -1 if none ever was */
static volatile bool other_stop;

static void other_run(void *argument maybe_unused)
{
    while (!other_stop) {
        uint64_t flags = interrupts_save();
        int vector = lapic_any_in_service();
        interrupts_restore(flags);
        other_in_service = vector >= 0 ? vector : other_in_service;
        other_turns = other_turns + 1;
        thread_yield();
    }
}

static struct thread *other_start(void)
{
    preempt_disable();
    unsigned cpu = cpu_number();
    preempt_enable();
    test_equal(thread_affinity_set(thread_current(), 1UL << cpu), OK);
    thread_yield();
    test_equal(cpu_number(), cpu);
    other_stop = false;
    other_in_service = -1;
    return test_thread_start(thread_current()->priority, 1UL << cpu, other_run, NULL);
}

static void other_end(struct thread *other)
{
    other_stop = true;
    test_equal(test_thread_join(other), OK);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
}

/* The observer's record of faults on the test's own stack; `rips` are different ones. */
static volatile uint32_t own_slot;
static volatile uint32_t own_faults, other_faults;
static volatile uint32_t rips_count;
static volatile uintptr_t rips[32];

static void fault_see(const struct stack_fault_event *event)
{
    if (event->slot != own_slot) {
        other_faults = other_faults + 1;
        return;
    }
    own_faults = own_faults + 1;
    uint32_t i = 0;
    while (i < rips_count && rips[i] != event->rip) {
        i++;
    }
    if (i == rips_count && i < array_length(rips)) {
        rips[i] = event->rip;
        rips_count = i + 1;
    }
}

/* How many of the recorded addresses lie in the switch itself. */
static unsigned switch_rips(void)
{
    uintptr_t begin = (uintptr_t)thread_switch, bytes = (uintptr_t)thread_switch_end - begin;
    unsigned found = 0;
    for (uint32_t i = 0; i < rips_count; i++) {
        found += rips[i] - begin < bytes ? 1 : 0;
    }
    return found;
}

#define GUARDED_BYTES 64

/* Makes one preemption with RSP `offset` bytes above the edge. */
static void preempt_at(uintptr_t edge, long offset)
{
    uint32_t slot = thread_current()->slot;
    volatile uint8_t *above = (volatile uint8_t *)(edge + (uintptr_t)offset);

    stack_trim(slot, edge);
    for (unsigned i = 0; offset >= 0 && i < GUARDED_BYTES; i++) {
        above[i] = (uint8_t)((unsigned long)offset + i);
    }
    interrupts_disable();
    thread_current()->slice_ticks = 0; /* its turn is over, so the other thread is next */
    lapic_send_self(VECTOR_RESCHEDULE);
    uint64_t answer = own_stack_preempt((uintptr_t)above, &other_turns, SPINS_AT_MOST);
    interrupts_enable();
    unsigned wrong = 0;
    for (unsigned i = 0; offset >= 0 && i < GUARDED_BYTES; i++) {
        wrong += above[i] != (uint8_t)((unsigned long)offset + i) ? 1 : 0;
    }
    if (answer != 0 || wrong != 0) {
        test_fail(__FILE__, __LINE__, "RSP %ld above %p: %s, %u bytes changed", offset,
                  (void *)edge,
                  answer == 0   ? "preempted"
                  : answer == 1 ? "not preempted"
                                : "a register changed",
                  wrong);
    }
}

TEST(EVT0020, "a thread preempted at each depth around each page edge finds everything as it was",
     ALWAYS)
{
    struct thread *other = other_start();
    own_slot = thread_current()->slot;
    own_faults = 0;
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    stack_fault_observer = fault_see;
    unsigned rounds = 0;
    for (unsigned page = 1; page < STACK_PAGES && other != NULL; page++) {
        uintptr_t edge = stack_top(own_slot) - page * PAGE_BYTES;
        for (long offset = -256; offset < 0; offset += 8, rounds++) {
            preempt_at(edge, offset);
        }
        for (long offset = 0; offset < 256; offset++, rounds++) {
            preempt_at(edge, offset);
        }
        for (long offset = 256; offset < 2048; offset += 24, rounds++) {
            preempt_at(edge, offset);
        }
    }
    stack_fault_observer = old;
    other_end(other);
    test_note("%u preemptions, %u faults of the thread's own stack", rounds, own_faults);
    test_check(own_faults >= 3 * 256 || stack_mode_get() == STACK_MODE_EAGER);
    /* The interrupt was ended before the switch; otherwise others would wait for this thread. */
    test_equal(other_in_service, -1);
}

TEST(EVT0021, "a thread may yield at each depth around a page edge", ALWAYS)
{
    struct thread *other = other_start();
    own_slot = thread_current()->slot;
    own_faults = 0;
    rips_count = 0;
    uint32_t turns = other_turns;
    uintptr_t edge = stack_top(own_slot) - PAGE_BYTES;
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    stack_fault_observer = fault_see;
    unsigned rounds = 0;
    for (uintptr_t offset = 8; offset < 2048 && other != NULL; offset += 8, rounds++) {
        stack_trim(own_slot, edge);
        own_stack_call(edge + offset, thread_yield);
    }
    stack_fault_observer = old;
    uint32_t taken = other_turns - turns;
    other_end(other);
    test_note("%u switches, %u faults, of %u different instructions", rounds, own_faults,
              rips_count);
    test_check(taken >= rounds / 2);
    test_check(own_faults > 0);
}

/*
 * The two sides of a switch by themselves, without the scheduler's work before and after. One side
 * is the test's own stack, the other a scratch stack with a hole in the right place.
 */
static uintptr_t coroutine_rsp, test_rsp;
static volatile bool coroutine_was_there;

/* Switches to the scratch stack, RSP `offset` above its edge, to run `code` there. */
static void coroutine_switch_to(uint32_t slot, uintptr_t offset, void (*code)(void))
{
    /* Looks like a thread that was switched away from. Above is the code's return address. */
    uintptr_t frame_end = scratch_stack_edge(slot) + offset - sizeof(uint64_t);
    struct switch_frame *frame = (struct switch_frame *)frame_end - 1;
    *frame = (struct switch_frame){.return_address = (uintptr_t)code};
    coroutine_rsp = (uintptr_t)frame;
    own_slot = slot;
    own_faults = 0;
    other_faults = 0;
    coroutine_was_there = false;
    (void)stack_switch(&test_rsp, coroutine_rsp, (struct switch_handover){0});
}

/* The registers that the switch changes are saved in this frame, as in schedule(). */
static void coroutine_switch_back(void)
{
    (void)stack_switch(&coroutine_rsp, test_rsp, (struct switch_handover){0});
}

static noreturn_function void coroutine_pushes(void)
{
    volatile uint64_t local[64]; /* below the edge */
    /* With its address used, the compiler keeps the array whole. */
    __asm__ volatile("" ::"r"(local));
    local[0] = 1;
    coroutine_was_there = local[0] == 1;
    for (;;) {
        coroutine_switch_back();
    }
}

TEST(EVT0022, "the new stack's first push after a switch may hit a hole, before the switch is done",
     SWITCH_LEAVES_HOLES)
{
    uint32_t slot;
    test_missing_sites_expect();
    if (!scratch_stack_create(&slot)) {
        return;
    }
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    for (uintptr_t offset = 64; offset <= 640; offset += 16) {
        uintptr_t own_before = this_cpu(stack_use).current_hole;
        scratch_stack_use(slot);
        stack_fault_observer = fault_see;
        coroutine_switch_to(slot, offset, coroutine_pushes);
        stack_fault_observer = old;
        test_check(coroutine_was_there);
        test_equal(this_cpu(stack_use).current_hole, own_before);
        test_check(own_faults == 1 || offset >= 512);
        test_equal(stack_pages_backed(slot), 1 + own_faults);
        scratch_stack_unuse();
        scratch_stack_empty(slot);
    }
    scratch_stack_destroy(slot);
}

static volatile uintptr_t leave_rsp;

static noreturn_function void coroutine_leaves(void)
{
    coroutine_was_there = true;
    for (;;) {
        own_stack_call(leave_rsp, coroutine_switch_back);
    }
}

/* Two return addresses, six registers in the caller of the switch, and RBP in the switch. */
#define SWITCH_PUSHES 9

TEST(EVT0024, "each push of a switch may hit a hole of the old stack", SWITCH_LEAVES_HOLES)
{
    uint32_t slot;
    test_missing_sites_expect();
    if (!scratch_stack_create(&slot)) {
        return;
    }
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    rips_count = 0;
    for (uintptr_t offset = 0; offset <= 256; offset += 8) {
        scratch_stack_use(slot);
        stack_fault_observer = fault_see;
        leave_rsp = scratch_stack_edge(slot) + offset;
        coroutine_switch_to(slot, PAGE_BYTES - 64, coroutine_leaves);
        stack_fault_observer = old;
        test_check(coroutine_was_there);
        test_check(own_faults == 1 || offset >= SWITCH_PUSHES * 8);
        test_equal(stack_pages_backed(slot), 1 + own_faults);
        scratch_stack_unuse();
        scratch_stack_empty(slot);
    }
    scratch_stack_destroy(slot);
    test_note("%u different instructions faulted", rips_count);
    test_equal(switch_rips(), 1); /* pushes RBP */
    test_check(rips_count >= SWITCH_PUSHES);
}

static volatile uint32_t storm_interrupts[CPU_MAX];

static void storm_interrupt(struct trap_frame *frame maybe_unused)
{
    storm_interrupts[cpu_number()] = storm_interrupts[cpu_number()] + 1;
}

#define STORM_BYTES 96

static never_inline unsigned storm_recurse(uintptr_t bottom, unsigned cpu)
{
    volatile uint8_t local[STORM_BYTES];
    // cppcheck-suppress legacyUninitvar ; its address is taken, not its contents
    uint8_t seed = (uint8_t)((uintptr_t)local >> 4);
    unsigned wrong = 0;
    for (unsigned i = 0; i < STORM_BYTES; i++) {
        local[i] = (uint8_t)(seed + i);
    }
    lapic_send_self(VECTOR_TEST);
    lapic_send((cpu + 1) % cpu_online_count(), VECTOR_TEST);
    if ((uintptr_t)local > bottom) {
        wrong = storm_recurse(bottom, cpu);
    }
    lapic_send_self(VECTOR_RESCHEDULE);
    for (unsigned i = 0; i < STORM_BYTES; i++) {
        wrong += local[i] != (uint8_t)(seed + i) ? 1 : 0;
    }
    return wrong;
}

static void storm(unsigned cpu)
{
    uint64_t flags = interrupts_save();
    unsigned hz = timer_hz();
    timer_start_periodic(2000);
    interrupts_restore(flags);
    uint32_t slot = thread_current()->slot;
    for (unsigned round = 0; round < 20; round++) {
        stack_trim(slot, stack_top(slot) - PAGE_BYTES);
        uintptr_t bottom = stack_bottom(slot) + 2 * ENTRY_CONTINUE_BYTES;
        if (storm_recurse(bottom, cpu) != 0) {
            test_fail(__FILE__, __LINE__, "CPU %u: bytes of the stack changed", cpu);
        }
    }
    flags = interrupts_save();
    timer_start_periodic(hz != 0 ? hz : 1);
    test_equal(lapic_any_in_service(), -1);
    interrupts_restore(flags);
}

TEST(EVT0023, "interrupts onto stacks of every depth, on all CPUs at once, change no byte of them",
     ALWAYS)
{
    int error = interrupt_register(VECTOR_TEST, storm_interrupt, "test");
    test_equal(error, OK);
    if (error != OK) {
        return;
    }
    uint32_t total = 0;
    test_on_each_cpu(storm);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        test_check(storm_interrupts[cpu] > 0);
        total += storm_interrupts[cpu];
        storm_interrupts[cpu] = 0;
    }
    interrupt_unregister(VECTOR_TEST);
    test_note("%u interrupts", total);
}
