/*
 * Local APIC, its timer, interrupts between CPUs, and the I/O APIC. The tests stay on their CPU by
 * turning preemption off. They wait long and judge counts, not speed: the CPUs of an emulator stop
 * whenever the host wants.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/lapic_registers.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/clock.h"
#include "arch/x86_64/time/timer.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "tests/support/eventually.h"

#define ROUNDS 100

static unsigned arrived[CPU_MAX];
static uint64_t arrived_tsc;
static unsigned strangers; /* handlers that saw another vector in service */

static unsigned arrivals(unsigned cpu)
{
    return __atomic_load_n(&arrived[cpu], __ATOMIC_ACQUIRE);
}

static void handle_test(struct trap_frame *frame maybe_unused)
{
    arrived_tsc = tsc_read();
    if (lapic_any_in_service() != VECTOR_TEST) {
        __atomic_add_fetch(&strangers, 1, __ATOMIC_RELAXED);
    }
    __atomic_add_fetch(&arrived[cpu_number()], 1, __ATOMIC_RELEASE);
}

/* Takes the test vector and stays on this CPU. Returns false, failing the test, if it is taken. */
static bool begin(void)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        arrived[cpu] = 0;
    }
    strangers = 0;
    int error = interrupt_register(VECTOR_TEST, handle_test, "test");
    test_equal(error, OK);
    if (error == OK) {
        preempt_disable();
    }
    return error == OK;
}

static void end(void)
{
    test_equal(lapic_any_in_service(), -1);
    test_equal(strangers, 0);
    preempt_enable();
    interrupt_unregister(VECTOR_TEST);
}

/* Waits until `count` interrupts have arrived on a CPU; the test fails if they do not. */
static void await(unsigned cpu, unsigned count)
{
    test_eventually_spinning(arrivals(cpu) >= count, "only %u of %u arrived on CPU %u",
                             arrivals(cpu), count, cpu);
}

TEST(APC0001, "the steady tick comes at the calibrated rate, and never faster", ALWAYS)
{
    enum { HZ = 500, MS = 200, EXPECTED = HZ * MS / 1000 };

    preempt_disable();
    unsigned hz_before = timer_hz();
    uint64_t flags = interrupts_save();
    timer_start_periodic(HZ);
    uint64_t first = interrupt_count(VECTOR_TIMER, cpu_number());
    uint64_t start = clock_now_ns();
    interrupts_restore(flags);
    /* A busy host merges ticks; then it takes longer until enough have come. */
    uint64_t ns, ticks;
    do {
        cpu_pause();
        ns = clock_now_ns() - start;
        ticks = interrupt_count(VECTOR_TIMER, cpu_number()) - first;
    } while (ns < MS * 1000000ULL || (ticks < EXPECTED / 10 && ns < TEST_EVENTUALLY_NS));
    flags = interrupts_save();
    ns = clock_now_ns() - start;
    ticks = interrupt_count(VECTOR_TIMER, cpu_number()) - first;
    timer_stop();
    if (hz_before != 0) {
        timer_start_periodic(hz_before);
    }
    interrupts_restore(flags);
    preempt_enable();
    test_note("%llu ticks in %llu ms at %d Hz, by %s", (unsigned long long)ticks,
              (unsigned long long)(ns / 1000000), HZ, timer_kind_name());
    test_check(ticks <= ns * HZ / 1000000000 * 11 / 10 + 2);
    test_check(ticks >= EXPECTED / 10);
}

TEST(APC0002, "a timer set once fires once, not before its time", ALWAYS)
{
    enum { DELAY_US = 2000 };

    if (!begin()) {
        return;
    }
    unsigned hz_before = timer_hz();
    for (unsigned round = 1; round <= 5; round++) {
        uint64_t flags = interrupts_save();
        uint64_t start = tsc_read();
        timer_start_once(DELAY_US * 1000, VECTOR_TEST);
        interrupts_restore(flags);
        await(cpu_number(), round);
        /* The rate is measured to about a part in a thousand. */
        test_check(clock_tsc_to_ns(arrived_tsc - start) >= DELAY_US * 1000 * 98 / 100);
    }
    clock_delay_us(2 * DELAY_US);
    test_equal(arrivals(cpu_number()), 5);
    uint64_t flags = interrupts_save();
    timer_start_once(0, VECTOR_TEST); /* at once, or as soon as possible */
    interrupts_restore(flags);
    await(cpu_number(), 6);
    if (hz_before != 0) {
        timer_start_periodic(hz_before);
    }
    end();
}

TEST(APC0003, "every interrupt that a CPU sends to itself arrives, once", ALWAYS)
{
    if (!begin()) {
        return;
    }
    for (unsigned round = 1; round <= ROUNDS; round++) {
        lapic_send_self(VECTOR_TEST);
        await(cpu_number(), round);
        test_equal(arrivals(cpu_number()), round);
    }
    end();
}

TEST(APC0004, "with interrupts off a request waits, and is served when they come on", ALWAYS)
{
    if (!begin()) {
        return;
    }
    uint64_t flags = interrupts_save();
    lapic_send_self(VECTOR_TEST);
    test_eventually_spinning(lapic_is_requested(VECTOR_TEST), "the request is not set");
    test_equal(arrivals(cpu_number()), 0);
    interrupts_restore(flags);
    await(cpu_number(), 1);
    test_check(!lapic_is_requested(VECTOR_TEST));
    end();
}

TEST(APC0005, "interrupts sent to each CPU by number, and to all but this one, arrive once each",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    unsigned self = cpu_number(), online = cpu_online_count();

    for (unsigned round = 1; round <= 10; round++) {
        for (unsigned cpu = 0; cpu < online; cpu++) {
            lapic_send(cpu, VECTOR_TEST);
            await(cpu, 2 * round - 1);
        }
        lapic_send_all_but_self(VECTOR_TEST);
        lapic_send_self(VECTOR_TEST);
        for (unsigned cpu = 0; cpu < online; cpu++) {
            await(cpu, 2 * round);
        }
    }
    for (unsigned cpu = 0; cpu < online; cpu++) {
        test_equal(arrivals(cpu), 20);
        test_check(cpu == self || lapic_id_of(cpu) != lapic_id_of(self));
    }
    test_equal(lapic_id(), lapic_id_of(self));
    end();
}

TEST(APC0008, "the shorthand for all others is used only if no processor was left out", TWO_CPUS)
{
    const struct acpi_info *acpi = acpi_info();
    unsigned there = acpi->processor_count + acpi->processors_left_out, online = cpu_online_count();

    if (!begin()) {
        return;
    }
    uint64_t flags = interrupts_save();
    lapic_send_all_but_self(VECTOR_TEST);
    uint32_t command = lapic_read(LAPIC_COMMAND);
    interrupts_restore(flags);
    for (unsigned cpu = 0; cpu < online; cpu++) {
        await(cpu, cpu == cpu_number() ? 0 : 1);
    }
    if ((command & 0xff) != VECTOR_TEST) { /* the last one of xAPIC mode, maybe the firmware's */
        end();
        test_skip("the command register of this APIC does not show the last command");
        return;
    }
    test_equal(command & LAPIC_COMMAND_SHORTHAND, online == there ? LAPIC_COMMAND_SHORTHAND : 0);
    end();
}

/* Channel 0 of the PIT is the one device that interrupts by itself on every machine. */
static void pit_start(unsigned hz)
{
    unsigned divisor = 1193182 / hz;

    outb(0x43, 0x34); /* channel 0, low then high byte, rate generator */
    outb(0x40, (uint8_t)divisor);
    outb(0x40, (uint8_t)(divisor >> 8));
}

TEST(APC0006, "a device's interrupt arrives through the I/O APIC, and does not when masked", ALWAYS)
{
    uint32_t gsi;

    if (!begin()) {
        return;
    }
    unsigned self = cpu_number();
    pit_start(1000);
    int error = ioapic_route_isa(0, VECTOR_TEST, self, &gsi);
    test_equal(error, OK);
    if (error == OK) {
        await(self, 5);
        ioapic_mask(gsi);
        clock_delay_us(5000); /* one interrupt may be pending */
        unsigned count = arrivals(self);
        clock_delay_us(20000);
        test_equal(arrivals(self), count);
        ioapic_unmask(gsi);
        await(self, count + 5);
        ioapic_mask(gsi);
        clock_delay_us(5000);
    }
    outb(0x43, 0x30); /* one shot, without a count: silent */
    test_equal(ioapic_route_isa(16, VECTOR_TEST, self, &gsi), ERROR_RANGE);
    end();
}

static bool observe_nmi(struct trap_frame *frame maybe_unused)
{
    __atomic_add_fetch(&arrived[cpu_number()], 1, __ATOMIC_RELEASE);
    return true;
}

TEST(APC0007, "an NMI sent to each CPU, the sender included, arrives with interrupts off", ALWAYS)
{
    if (!begin()) {
        return;
    }
    nmi_observer before = nmi_observer_set(observe_nmi);
    uint64_t flags = interrupts_save();
    unsigned self = cpu_number(), online = cpu_online_count();
    for (unsigned round = 1; round <= 10; round++) {
        for (unsigned cpu = 0; cpu < online; cpu++) {
            lapic_send_nmi(cpu);
            await(cpu, cpu == self ? round : 2 * round - 1);
        }
        lapic_send_nmi_all_but_self();
        for (unsigned cpu = 0; cpu < online; cpu++) {
            await(cpu, cpu == self ? round : 2 * round);
        }
    }
    for (unsigned cpu = 0; cpu < online; cpu++) {
        test_equal(arrivals(cpu), cpu == self ? 10 : 20);
    }
    interrupts_restore(flags);
    nmi_observer_set(before);
    end();
}
