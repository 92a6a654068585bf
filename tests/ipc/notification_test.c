/* Notifications: no signal is lost, waits end, also from interrupt handlers and across CPUs. */
#include "kernel/ipc/notification.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/object/handle_table.h"
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define SIGNALS 300

static struct notification *notification;
static struct handle_table table;
static uint32_t signaller, waiter;

static void begin(void)
{
    handle_table_init(&table, 10);
    test_equal(notification_create(&notification), OK);
    test_equal(handle_open(&table, &notification->object, RIGHT_SEND, 0, &signaller), OK);
    test_equal(handle_open(&table, &notification->object, RIGHT_RECEIVE, 0, &waiter), OK);
}

static void finish(void)
{
    handle_table_destroy(&table);
    test_equal(notification->object.references, 1);
    object_release(&notification->object);
}

TEST(NTF0001, "signals merge until they are taken, all at once, and a poll says that none is there",
     ALWAYS)
{
    uint64_t bits = 0;
    begin();
    test_equal(notification_wait(notification, 0, &bits), ERROR_AGAIN);
    notification_signal(notification, 0);
    test_equal(notification_wait(notification, 0, &bits), ERROR_AGAIN);
    notification_signal(notification, 1);
    notification_signal(notification, 1);
    notification_signal(notification, 1UL << 63);
    test_equal(notification_wait(notification, 0, &bits), OK);
    test_equal(bits, 1 | 1UL << 63);
    test_equal(notification_wait(notification, 0, &bits), ERROR_AGAIN);
    uint64_t deadline_ns = clock_now_ns() + 20000000;
    test_equal(notification_wait(notification, deadline_ns, &bits), ERROR_TIMEOUT);
    test_check(clock_now_ns() >= deadline_ns);
    test_equal(notification_wait(notification, 1, &bits), ERROR_TIMEOUT); /* long past */
    finish();
}

static uint64_t got;

static void wait_once(void *argument)
{
    int error = notification_wait(notification, (uintptr_t)argument, &got);
    thread_exit(error);
}

TEST(NTF0002, "a waiting thread is woken with the bits; a kill and a last handle end its wait",
     ALWAYS)
{
    begin();
    got = 0;
    struct thread *thread = test_thread_start(16, 0, wait_once, (void *)WAIT_FOREVER);
    test_wait_blocked(thread);
    notification_signal(notification, 0x50);
    test_equal(test_thread_join(thread), 0);
    test_equal(got, 0x50);
    thread = test_thread_start(16, 0, wait_once, (void *)WAIT_FOREVER);
    test_wait_blocked(thread);
    if (thread != NULL) {
        thread_kill(thread);
    }
    test_equal(test_thread_join(thread), thread != NULL ? ERROR_KILLED : 0);
    thread = test_thread_start(16, 0, wait_once, (void *)WAIT_FOREVER);
    struct thread *second = test_thread_start(16, 0, wait_once, (void *)WAIT_FOREVER);
    test_wait_blocked(thread);
    test_wait_blocked(second);
    test_equal(handle_close(&table, signaller), OK);
    test_equal(test_thread_join(thread), thread != NULL ? ERROR_PEER_DIED : 0);
    test_equal(test_thread_join(second), second != NULL ? ERROR_PEER_DIED : 0);
    finish();
}

TEST(NTF0003, "bits that were set before the last handle was closed are still taken", ALWAYS)
{
    uint64_t bits = 0;
    begin();
    notification_bind(notification); /* such as a timer */
    test_equal(handle_close(&table, signaller), OK);
    test_equal(notification_wait(notification, 0, &bits), ERROR_AGAIN);
    notification_signal(notification, 4);
    notification_unbind(notification);
    test_equal(notification_wait(notification, WAIT_FOREVER, &bits), OK);
    test_equal(bits, 4);
    test_equal(notification_wait(notification, WAIT_FOREVER, &bits), ERROR_PEER_DIED);
    test_equal(notification_wait(notification, 0, &bits), ERROR_PEER_DIED);
    finish();
}

static void signal_from_interrupt(struct trap_frame *frame maybe_unused)
{
    notification_signal(notification, 1UL << cpu_number());
}

TEST(NTF0004, "interrupt handlers signal a thread that waits, hundreds of times, none lost", ALWAYS)
{
    unsigned vector;
    begin();
    test_equal(interrupt_vector_allocate(&vector), OK);
    test_equal(interrupt_register(vector, signal_from_interrupt, "notification test"), OK);
    for (unsigned i = 0; i < SIGNALS; i++) {
        uint64_t bits = 0;
        unsigned cpu = i % cpu_online_count();
        lapic_send(cpu, vector);
        if (notification_wait(notification, clock_now_ns() + TEST_EVENTUALLY_NS, &bits) != OK) {
            test_fail(__FILE__, __LINE__, "interrupt %u woke no thread", i);
            break;
        }
        test_equal(bits, 1UL << cpu);
    }
    interrupt_unregister(vector);
    finish();
}

static uint32_t sent[64], taken[64];
static uint32_t acknowledged[64];

/* Signals one bit; the next time only when the last signal was taken. */
static void signal_own_bit(void *argument)
{
    unsigned bit = (unsigned)(uintptr_t)argument;
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < SIGNALS && test_hammer_goes_on(end_ns); i++) {
        sent[bit]++;
        notification_signal(notification, 1UL << bit);
        while (test_counted(&acknowledged[bit]) != sent[bit]) {
            thread_yield();
        }
    }
}

static void take_all(void *argument maybe_unused)
{
    uint64_t bits;
    while (notification_wait(notification, WAIT_FOREVER, &bits) == OK) {
        for (unsigned bit = 0; bit < 64; bit++) {
            if ((bits >> bit & 1) != 0) {
                test_count(&taken[bit]);
                test_count(&acknowledged[bit]);
            }
        }
    }
}

TEST(NTF0005, "threads on all CPUs signal and take, and each signal is taken exactly once", ALWAYS)
{
    static struct thread *takers[CPU_MAX], *signallers[CPU_MAX];
    unsigned cpus = cpu_online_count();
    begin();
    for (unsigned i = 0; i < cpus; i++) {
        sent[i] = taken[i] = acknowledged[i] = 0;
        takers[i] = test_thread_start(16, test_cpu_bit(i), take_all, NULL);
        signallers[i] =
            test_thread_start(16, test_cpu_bit(i + 1), signal_own_bit, (void *)(uintptr_t)i);
    }
    for (unsigned i = 0; i < cpus; i++) {
        test_equal(test_thread_join(signallers[i]), 0);
    }
    test_equal(handle_close(&table, signaller), OK); /* this ends the takers */
    for (unsigned i = 0; i < cpus; i++) {
        test_equal(test_thread_join(takers[i]), 0);
        test_check(sent[i] > 0);
        test_equal(taken[i], sent[i]);
    }
    finish();
}
