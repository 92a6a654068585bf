/*
 * Device lines, and halts, with RSP at each byte around a page edge below which a stack page is
 * missing (see event_sweep_test.c). An edge arrives once, a level as often as it is left asserted,
 * and `sti; hlt` loses nothing. Also events from other CPUs while all CPUs have work to do.
 */
#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/core/schedule.h"
#include "tests/event/event_device.h"
#include "tests/event/event_sweep.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define OFFSET_FROM   (-16)
#define OFFSET_TO     128
#define PROBE_NS      2000000000ULL /* a level is raised again at the end of the interrupt */
#define WRONG_AT_MOST 2             /* each waits for a minute */
#define EXTRA_AT_MOST 2             /* at one place */
#define REPEATS       3             /* how often a level arrives until it is acknowledged */
#define SHOT_PERIODS  20

void event_halt(uintptr_t rsp, volatile uint32_t *count, uint64_t tsc); /* event_halt.asm */

static unsigned swept_cpu;
static volatile uint32_t count, over; /* arrivals of a round; whether the last has come */
static uint32_t line_gsi;

/* Makes one event at `rsp`. Interrupts are off before and after. */
typedef void (*event_maker)(uintptr_t rsp, volatile uint64_t *leaf);

static void arrive_once(struct trap_frame *frame maybe_unused)
{
    count = count + 1;
    over = 1;
}

static void arrive_and_leave_asserted(struct trap_frame *frame maybe_unused)
{
    count = count + 1;
    if (count >= REPEATS) {
        event_hpet_acknowledge();
        over = 1;
    }
}

static bool nmi_arrives(struct trap_frame *frame)
{
    if (cpu_number() != swept_cpu) {
        return false;
    }
    arrive_once(frame);
    return true;
}

static void sweep(event_maker make, uint32_t expected)
{
    uint32_t slot;
    unsigned wrong = 0, extra = 0, again = 0;
    if (!scratch_stack_create(&slot)) {
        return;
    }
    swept_cpu = cpu_number();
    /* A lost event leaves its vector dead, so the sweep ends soon after. */
    for (long offset = OFFSET_FROM; offset <= OFFSET_TO && wrong < WRONG_AT_MOST; offset++) {
        uintptr_t edge = scratch_stack_edge(slot);
        scratch_stack_use(slot);
        count = over = 0;
        make(edge + (uintptr_t)offset, paging_leaf(edge - 1));
        uint32_t arrived = count;
        int in_service = lapic_any_in_service();
        if (in_service >= 0) {
            lapic_end_of_interrupt();
        }
        bool touched = (*paging_leaf(edge - 1) & PAGE_PRESENT) != 0;
        scratch_stack_unuse();
        scratch_stack_empty(slot);
        /*
         * QEMU's PIT on a busy host gives two edges for one shot, about once in 3,000. The place is
         * tried again: an event that the kernel delivers twice comes twice each time.
         */
        if (arrived > expected && in_service < 0 && !touched && again < EXTRA_AT_MOST) {
            again++;
            extra++;
            offset--;
            continue;
        }
        again = 0;
        if (arrived != expected || in_service >= 0 || touched) {
            wrong++;
            test_fail(__FILE__, __LINE__,
                      "RSP %ld above the edge: %u of %u arrived, in service %d%s", offset, arrived,
                      expected, in_service, touched ? ", page touched" : "");
        }
    }
    scratch_stack_destroy(slot);
    test_note("%d places, %u events at each; wrong at %u, tried again for an extra one %u times",
              OFFSET_TO - OFFSET_FROM + 1, expected, wrong, extra);
    test_equal(wrong, 0);
}

static void sweep_vector(interrupt_handler handler, event_maker make, uint32_t expected)
{
    int error = interrupt_register(VECTOR_TEST, handler, "test");
    test_equal(error, OK);
    if (error == OK) {
        sweep(make, expected);
        interrupt_unregister(VECTOR_TEST);
    }
}

static void make_edge(uintptr_t rsp, volatile uint64_t *leaf)
{
    event_pit_silence();
    if (ioapic_route_isa(0, VECTOR_TEST, swept_cpu, &line_gsi) == OK) {
        event_pit_shot(SHOT_PERIODS);
        event_sweep_interrupt(rsp, &over, leaf, test_eventually_end_tsc());
        ioapic_mask(line_gsi);
    }
}

static void make_level(uintptr_t rsp, volatile uint64_t *leaf)
{
    event_hpet_shot(100);
    event_sweep_interrupt(rsp, &over, leaf, test_eventually_end_tsc());
}

static void make_halted_ipi(uintptr_t rsp, volatile uint64_t *leaf maybe_unused)
{
    lapic_send_self(VECTOR_TEST);
    event_halt(rsp, &over, test_eventually_end_tsc());
}

static void make_halted_edge(uintptr_t rsp, volatile uint64_t *leaf maybe_unused)
{
    event_pit_silence();
    if (ioapic_route_isa(0, VECTOR_TEST, swept_cpu, &line_gsi) == OK) {
        event_pit_shot(SHOT_PERIODS);
        event_halt(rsp, &over, test_eventually_end_tsc());
        ioapic_mask(line_gsi);
    }
}

TEST(EVT0040, "an edge of a device's line at each RSP around a page edge arrives, once", ALWAYS)
{
    sweep_vector(arrive_once, make_edge, 1);
    event_pit_silence();
}

/* Whether this machine raises a level again that is still asserted at the end of the interrupt. */
static bool level_comes_again(void)
{
    uint64_t end_tsc = test_eventually_end_tsc();
    int error = interrupt_register(VECTOR_TEST, arrive_and_leave_asserted, "test");
    count = over = 0;
    event_hpet_shot(100);
    while (error == OK && count == 0 && tsc_read() < end_tsc) {
        cpu_pause();
    }
    end_tsc = tsc_read() + clock_ns_to_tsc(PROBE_NS);
    while (error == OK && !over && tsc_read() < end_tsc) {
        cpu_pause();
    }
    interrupt_unregister(VECTOR_TEST);
    return over;
}

TEST(EVT0041, "a level at each RSP around a page edge arrives until its device is acknowledged",
     HPET_LEVEL)
{
    uint32_t gsi;
    if (!event_hpet_find(&gsi)) {
        test_skip("no HPET with a level-triggered timer");
        return;
    }
    event_pit_silence(); /* it may share the line */
    int error = ioapic_route(gsi, true, VECTOR_TEST, 0);
    test_equal(error, OK);
    if (error != OK) {
        return;
    }
    test_equal(thread_affinity_set(thread_current(), 1), OK);
    bool again = level_comes_again();
    if (count == 0) {
        test_fail(__FILE__, __LINE__, "the HPET raises no level interrupt, and says it can");
    } else if (again) {
        sweep_vector(arrive_and_leave_asserted, make_level, REPEATS);
    } else {
        test_skip("this machine's I/O APIC does not raise a level again");
    }
    event_hpet_silence();
    ioapic_mask(gsi);
}

TEST(EVT0042, "sti; hlt at each RSP around a page edge: a pending interrupt ends the halt, once",
     ALWAYS)
{
    sweep_vector(arrive_once, make_halted_ipi, 1);
}

TEST(EVT0043, "sti; hlt at each RSP around a page edge: a device's interrupt ends the halt, once",
     ALWAYS)
{
    sweep_vector(arrive_once, make_halted_edge, 1);
    event_pit_silence();
}

/* One CPU sends; all have threads that grow and shrink. */
static volatile bool stop;
static volatile uint32_t asked;
static volatile bool ask_nmi;

static void sender(void *argument maybe_unused)
{
    uint32_t sent = 0;
    while (!stop) {
        if (asked == sent) {
            cpu_pause();
            continue;
        }
        sent = asked;
        if (ask_nmi) {
            lapic_send_nmi(swept_cpu);
        } else {
            lapic_send(swept_cpu, VECTOR_TEST);
        }
    }
}

static never_inline void load_dive(unsigned depth)
{
    volatile uint8_t bytes[500];
    bytes[0] = bytes[499] = (uint8_t)depth;
    if (depth > 0) {
        load_dive(depth - 1);
    }
    bytes[1] = bytes[0];
}

static void load(void *argument maybe_unused)
{
    while (!stop) {
        load_dive(18);
        if (stack_mode_get() != STACK_MODE_EAGER) {
            stack_trim(thread_current()->slot, (uintptr_t)__builtin_frame_address(0));
        }
        ignore_result(thread_sleep_ns(1));
    }
}

static void make_asked(uintptr_t rsp, volatile uint64_t *leaf)
{
    asked = asked + 1;
    event_sweep_interrupt(rsp, &over, leaf, test_eventually_end_tsc());
}

static struct thread *thread_on(unsigned cpu, void (*entry)(void *argument))
{
    return test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(cpu), entry, NULL);
}

static void sweep_from_another(bool nmi)
{
    struct thread *threads[3];
    stop = false;
    asked = 0;
    ask_nmi = nmi;
    test_equal(thread_affinity_set(thread_current(), 1), OK);
    threads[0] = thread_on(1, sender);
    threads[1] = thread_on(1, load);
    threads[2] = thread_on(0, load);
    if (nmi) {
        sweep(make_asked, 1);
    } else {
        sweep_vector(arrive_once, make_asked, 1);
    }
    stop = true;
    for (unsigned i = 0; i < array_length(threads); i++) {
        if (threads[i] != NULL) {
            test_equal(thread_join(threads[i]), OK);
        }
    }
}

TEST(EVT0044, "an interrupt from a busy CPU at each RSP around a page edge arrives, once", TWO_CPUS)
{
    sweep_from_another(false);
}

TEST(EVT0045, "an NMI from a busy CPU at each RSP around a page edge arrives, once", TWO_CPUS)
{
    nmi_observer old = nmi_observer_set(nmi_arrives);
    sweep_from_another(true);
    nmi_observer_set(old);
}

#define IDLE_ROUNDS 200

static volatile uint32_t on_idle;

static void arrive_somewhere(struct trap_frame *frame maybe_unused)
{
    on_idle = on_idle + (thread_current() == this_cpu(run_queue).idle ? 1 : 0);
    __atomic_add_fetch(&count, 1, __ATOMIC_RELEASE);
}

static bool nmi_arrives_somewhere(struct trap_frame *frame)
{
    arrive_somewhere(frame);
    return true;
}

TEST(EVT0046, "interrupts and NMIs from another CPU arrive on the stacks of idle CPUs, each once",
     TWO_CPUS)
{
    int error = interrupt_register(VECTOR_TEST, arrive_somewhere, "test");
    test_equal(error, OK);
    if (error != OK) {
        return;
    }
    nmi_observer old = nmi_observer_set(nmi_arrives_somewhere);
    test_equal(thread_affinity_set(thread_current(), 1), OK);
    unsigned other = cpu_online_count() - 1, lost = 0;
    on_idle = 0;
    for (unsigned round = 0; round < IDLE_ROUNDS && lost == 0; round++) {
        uint64_t limit_tsc = test_eventually_end_tsc();
        count = 0;
        if (round % 2 == 0) {
            lapic_send(other, VECTOR_TEST);
        } else {
            lapic_send_nmi(other);
        }
        while (count == 0 && tsc_read() < limit_tsc) {
            cpu_pause();
        }
        lost += count != 1 ? 1 : 0;
    }
    nmi_observer_set(old);
    interrupt_unregister(VECTOR_TEST);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
    test_note("%u rounds, on the idle thread %u, lost or doubled %u", IDLE_ROUNDS, on_idle, lost);
    test_equal(lost, 0);
    test_check(on_idle > IDLE_ROUNDS / 2);
}
