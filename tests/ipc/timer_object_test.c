/* Timer objects: they signal once, never early, and not after they were cancelled. */
#include "kernel/ipc/timer_object.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/object/handle_table.h"
#include "lib/error.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define TIMERS 40

static struct notification *notification;

static struct timer_object *timer_new(uint64_t bits)
{
    struct timer_object *timer = NULL;
    test_equal(timer_object_create(notification, bits, &timer), OK);
    return timer;
}

static uint64_t after_ms(unsigned ms)
{
    return clock_now_ns() + ms * 1000000UL;
}

TEST(TMR0001, "a timer signals its bits once, not early, and in place of an older time", ALWAYS)
{
    uint64_t bits = 0, at_ns = after_ms(30);
    test_equal(notification_create(&notification), OK);
    struct timer_object *timer = timer_new(0x42);
    timer_object_set(timer, after_ms(100000));
    timer_object_set(timer, at_ns);
    test_equal(notification_wait(notification, WAIT_FOREVER, &bits), OK);
    test_check(clock_now_ns() >= at_ns);
    test_equal(bits, 0x42);
    test_equal(notification_wait(notification, after_ms(30), &bits), ERROR_TIMEOUT);
    timer_object_set(timer, 1); /* long past: at the next tick */
    test_equal(notification_wait(notification, WAIT_FOREVER, &bits), OK);
    object_release(&timer->object);
    object_release(&notification->object);
}

TEST(TMR0002, "a timer that is cancelled, or whose last handle is closed, does not signal", ALWAYS)
{
    static struct handle_table table;
    uint32_t handle;
    uint64_t bits = 0;
    handle_table_init(&table, 10);
    test_equal(notification_create(&notification), OK);
    struct timer_object *timer = timer_new(1), *closed = timer_new(2), *ended = timer_new(4);
    test_check(!timer_object_cancel(timer));
    timer_object_set(timer, after_ms(20));
    timer_object_set(closed, after_ms(20));
    timer_object_set(ended, after_ms(20));
    test_check(timer_object_cancel(timer));
    test_check(!timer_object_cancel(timer));
    test_equal(handle_open(&table, &closed->object, RIGHTS_ALL, 0, &handle), OK);
    test_equal(handle_close(&table, handle), OK);
    object_release(&ended->object);
    test_equal(notification_wait(notification, after_ms(60), &bits), ERROR_TIMEOUT);
    test_check(!timer_object_cancel(closed));
    object_release(&timer->object);
    object_release(&closed->object);
    test_equal(notification->object.references, 1);
    object_release(&notification->object);
    handle_table_destroy(&table);
}

static struct timer_object *timers[TIMERS];

/* Sets all timers, each to a time that differs by CPU, while other CPUs do the same. */
static void set_all(unsigned cpu)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned round = 0; round < 50 && test_hammer_goes_on(end_ns); round++) {
        for (unsigned i = 0; i < TIMERS; i++) {
            if ((round + i + cpu) % 7 == 0) {
                timer_object_cancel(timers[i]);
            } else {
                timer_object_set(timers[i], after_ms((i + cpu) % 3));
            }
        }
    }
}

TEST(TMR0003, "timers that all CPUs set and cancel at once end up set once, and each signals",
     ALWAYS)
{
    uint64_t seen = 0;
    test_equal(notification_create(&notification), OK);
    for (unsigned i = 0; i < TIMERS; i++) {
        timers[i] = timer_new(1UL << i);
    }
    test_on_each_cpu(set_all);
    for (unsigned i = 0; i < TIMERS; i++) {
        timer_object_cancel(timers[i]);
    }
    uint64_t bits;
    while (notification_wait(notification, 0, &bits) == OK) {
    }
    for (unsigned i = 0; i < TIMERS; i++) {
        timer_object_set(timers[i], after_ms(i % 5));
    }
    while (seen != (1UL << TIMERS) - 1 &&
           notification_wait(notification, clock_now_ns() + TEST_EVENTUALLY_NS, &bits) == OK) {
        test_equal(seen & bits, 0);
        seen |= bits;
    }
    test_equal(seen, (1UL << TIMERS) - 1);
    for (unsigned i = 0; i < TIMERS; i++) {
        test_check(!timer_object_cancel(timers[i]));
        object_release(&timers[i]->object);
    }
    object_release(&notification->object);
}
