/*
 * Events of the soak, counted exactly. An APIC keeps one bit for each pending vector, and a CPU one
 * for a pending NMI, so two that come together count as one. Therefore each kind on each CPU has a
 * line, which one sender holds from before it sends until the receiver has counted. An NMI from
 * outside goes to all CPUs; the thread that asks for one holds the NMI lines of all of them
 * meanwhile, and prints a request, on which the host injects it (tests/boot/soak.py).
 */
#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/nmi.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/format.h"
#include "tests/event/event_device.h"
#include "tests/soak/soak.h"
#include "tests/support/eventually.h"

#define SPINS         400
#define STREAM        0xe7e47000000ULL
#define PIT_COUNT_MAX 6000 /* of 1.193182 MHz: 5 ms */
#define PAUSE_NS_MAX  40000000
#define OUTSIDE_ODDS  8

struct line {
    uint32_t held; /* by its sender */
    volatile uint64_t sent, received;
};

static struct line interrupts[CPU_MAX], nmis[CPU_MAX], outside[CPU_MAX];
static struct line device;       /* the PIT, through the I/O APIC */
static volatile uint64_t strays; /* NMIs that no sender announced */
static bool nobody_outside;
static unsigned device_vector;
static nmi_observer observer_before;

static bool line_take(struct line *line)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&line->held, &free, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void line_release(struct line *line)
{
    __atomic_store_n(&line->held, 0, __ATOMIC_RELEASE);
}

/* Counts one more event that was sent; or, for a receiver, that came. */
static void line_more(volatile uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_ACQ_REL);
}

static bool line_is_quiet(const struct line *line)
{
    return __atomic_load_n(&line->received, __ATOMIC_ACQUIRE) == line->sent;
}

/* Yields after a while: the receiver may be a CPU that the host does not run just now. */
static bool line_await(const struct line *line)
{
    uint64_t end_ns = test_eventually_end();
    for (unsigned spin = 1; !line_is_quiet(line); spin++) {
        cpu_pause();
        if (spin % SPINS == 0) {
            if (clock_now_ns() >= end_ns) {
                return false;
            }
            ignore_result(thread_sleep_ns(1)); /* to the next tick */
        }
    }
    return true;
}

static void interrupt_arrives(struct trap_frame *frame maybe_unused)
{
    line_more(&interrupts[cpu_number()].received);
    soak_crowd_wake(2);
}

static void device_arrives(struct trap_frame *frame maybe_unused)
{
    line_more(&device.received);
}

/*
 * On the NMI entry stack. The lines say who sent it, because at most one is pending for a CPU. An
 * NMI that no line announces comes from the host, which takes the machine for hung: every CPU
 * reports where it is.
 */
static bool nmi_arrives(struct trap_frame *frame maybe_unused)
{
    unsigned cpu = cpu_number();
    if (!line_is_quiet(&nmis[cpu])) {
        line_more(&nmis[cpu].received);
    } else if (!line_is_quiet(&outside[cpu]) && !nobody_outside) {
        line_more(&outside[cpu].received);
    } else {
        line_more(&strays);
        return false;
    }
    return true;
}

void soak_event_init(void)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        interrupts[cpu] = nmis[cpu] = outside[cpu] = (struct line){0};
    }
    device = (struct line){0};
    strays = 0;
    nobody_outside = false;
    observer_before = nmi_observer_set(nmi_arrives);
    if (interrupt_register(VECTOR_TEST, interrupt_arrives, "soak") != OK ||
        interrupt_vector_allocate(&device_vector) != OK ||
        interrupt_register(device_vector, device_arrives, "soak device") != OK) {
        soak_fail("there is no free vector");
    }
}

static void await_from(struct line *line, unsigned cpu, const char *what)
{
    if (!line_await(line)) {
        soak_fail("an %s sent to CPU %u from another or itself did not arrive: %llu sent, %llu "
                  "received",
                  what, cpu, (unsigned long long)line->sent, (unsigned long long)line->received);
    }
    line_release(line);
}

static void event_send(unsigned cpu, bool nmi)
{
    struct line *line = nmi ? &nmis[cpu] : &interrupts[cpu];
    if (!line_take(line)) {
        return;
    }
    line_more(&line->sent);
    if (nmi) {
        lapic_send_nmi(cpu);
    } else {
        lapic_send(cpu, VECTOR_TEST);
    }
    await_from(line, cpu, nmi ? "NMI" : "interrupt");
}

void soak_event_send(struct random *random)
{
    unsigned cpu = random_below(random, cpu_online_count());
    event_send(cpu, random_once_in(random, 3));
}

/* One shot of the PIT's channel 0: its output rises once, which is one edge at the I/O APIC. */
static void device_ask(struct random *random)
{
    uint32_t gsi;
    unsigned cpu = random_below(random, cpu_online_count());
    uint16_t count = (uint16_t)random_between(random, 1, PIT_COUNT_MAX);

    event_pit_silence();
    if (ioapic_route_isa(0, device_vector, cpu, &gsi) != OK) {
        return;
    }
    line_more(&device.sent);
    event_pit_shot(count);
    await_from(&device, cpu, "interrupt of the PIT");
    ioapic_mask(gsi);
}

/* Takes all CPUs' NMI lines, and then asks the host for one NMI to each of them. */
static void outside_ask(void)
{
    unsigned cpus = cpu_online_count();
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        while (!line_take(&nmis[cpu])) {
            ignore_result(thread_sleep_ns(1000000));
        }
    }
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        line_more(&outside[cpu].sent);
    }
    console_print("# soak: NMI %llu from outside, please\n", (unsigned long long)outside[0].sent);
    for (unsigned cpu = 0; cpu < cpus && !nobody_outside; cpu++) {
        if (line_await(&outside[cpu])) {
            continue;
        }
        if (cpu == 0 && outside[0].sent == 1) {
            nobody_outside = true; /* no tests/boot/soak.py is there to send it */
        } else {
            soak_fail("NMI %llu from outside did not reach CPU %u",
                      (unsigned long long)outside[cpu].sent, cpu);
        }
    }
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        line_release(&nmis[cpu]);
    }
}

void soak_event_master(void *argument maybe_unused)
{
    struct random random;
    random_begin(&random, options.seed, STREAM);
    /* Each kind is tried at least once, however short the soak and slow the machine. */
    device_ask(&random);
    event_send(cpu_online_count() - 1, false);
    event_send(cpu_online_count() - 1, true);
    outside_ask();
    while (!soak_is_over()) {
        if (!nobody_outside && random_once_in(&random, OUTSIDE_ODDS)) {
            outside_ask();
        } else {
            device_ask(&random);
        }
        ignore_result(thread_sleep_ns(random_below(&random, PAUSE_NS_MAX)));
    }
}

struct sums {
    uint64_t sent, received;
};

static struct sums lines_sum(const struct line *lines)
{
    struct sums sums = {0};
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        sums.sent += lines[cpu].sent;
        sums.received += lines[cpu].received;
    }
    return sums;
}

void soak_event_tell(char *text, size_t size)
{
    struct sums between = lines_sum(interrupts), nmi = lines_sum(nmis), out = lines_sum(outside);
    format_string(text, size,
                  "sent and received: IPIs %llu, %llu; NMIs between CPUs %llu, %llu, from outside "
                  "%llu, %llu; of a device %llu, %llu",
                  (unsigned long long)between.sent, (unsigned long long)between.received,
                  (unsigned long long)nmi.sent, (unsigned long long)nmi.received,
                  (unsigned long long)(nobody_outside ? 0 : out.sent),
                  (unsigned long long)out.received, (unsigned long long)device.sent,
                  (unsigned long long)device.received);
}

void soak_event_end(void)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (!line_is_quiet(&interrupts[cpu]) || !line_is_quiet(&nmis[cpu]) ||
            (!nobody_outside && !line_is_quiet(&outside[cpu])) || !line_is_quiet(&device)) {
            soak_fail("CPU %u: some event was lost, or came twice", cpu);
        }
    }
    if (strays != 0) {
        soak_fail("%llu NMIs arrived that no sender announced", (unsigned long long)strays);
    }
    event_pit_silence();
    nmi_observer_set(observer_before);
    interrupt_unregister(VECTOR_TEST);
    interrupt_unregister(device_vector);
}
