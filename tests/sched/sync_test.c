/* Mutexes, semaphores and condition variables: exclusion, order, and no lost wake-up. */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "lib/string.h"
#include "sched/sync/condition.h"
#include "sched/sync/mutex.h"
#include "sched/sync/semaphore.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS     60
#define ITEMS      150
#define BUFFER     4
#define QUEUE      5
#define INTERRUPTS 200

static struct mutex mutex = MUTEX(mutex, "test");
static struct thread *threads[2 * CPU_MAX];

/* Guarded by `mutex`. Deliberately not atomic. */
static struct {
    uint32_t inside;
    uint32_t total;
    uint32_t overlaps;
} guarded;

static uint32_t done;

/*
 * Runs two threads on each CPU, bound to it, and joins them. When the first threads of all pairs
 * have ended, `last` is called, unless it is NULL.
 */
static void run_pairs(void (*first)(void *), void (*second)(void *), void (*last)(void))
{
    unsigned count = cpu_online_count();
    done = 0;
    for (unsigned i = 0; i < 2 * count; i++) {
        threads[i] = test_thread_start(16, test_cpu_bit(i), i < count ? first : second, NULL);
    }
    for (unsigned i = 0; i < 2 * count; i++) {
        if (i == count && last != NULL) {
            last();
        }
        test_equal(test_thread_join(threads[i]), 0);
    }
}

static void exclude(void *argument maybe_unused)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < ROUNDS && test_hammer_goes_on(end_ns); i++) {
        test_count(&done);
        mutex_lock(&mutex);
        guarded.overlaps += guarded.inside++ != 0;
        uint32_t total = guarded.total;
        if (i % 4 == 0) {
            thread_yield(); /* another thread of this CPU tries meanwhile */
        }
        guarded.total = total + 1;
        guarded.inside--;
        mutex_unlock(&mutex);
    }
}

TEST(SYN0001, "a mutex lets one thread in at a time, with two threads on every CPU", ALWAYS)
{
    memset(&guarded, 0, sizeof(guarded));
    run_pairs(exclude, exclude, NULL);
    test_equal(guarded.overlaps, 0);
    test_equal(guarded.total, done);
    test_check(mutex.owner == NULL);
}

static uint32_t order_count;
static uint8_t order[QUEUE];

static void lock_and_note(void *argument)
{
    mutex_lock(&mutex);
    test_equal(thread_current()->mutexes_held, 1);
    order[order_count++] = (uint8_t)(uintptr_t)argument;
    mutex_unlock(&mutex);
    test_equal(thread_current()->mutexes_held, 0);
}

TEST(SYN0002, "a mutex is handed on in the order of waiting, and no thread overtakes", ALWAYS)
{
    order_count = 0;
    mutex_lock(&mutex);
    test_equal(thread_current()->mutexes_held, 1);
    for (uintptr_t i = 0; i < QUEUE; i++) {
        threads[i] = test_thread_start(20 - (unsigned)i, 0, lock_and_note, (void *)i);
        test_wait_blocked(threads[i]);
    }
    mutex_unlock(&mutex);
    /* The first waiter owns it by now, whether it has run yet or not. */
    mutex_lock(&mutex);
    test_equal(order_count, QUEUE);
    mutex_unlock(&mutex);
    for (unsigned i = 0; i < QUEUE; i++) {
        test_thread_join(threads[i]);
        test_equal(order[i], i);
    }
    test_equal(thread_current()->mutexes_held, 0);
}

static void try_lock(void *argument maybe_unused)
{
    bool free = mutex_try_lock(&mutex);
    if (free) {
        mutex_unlock(&mutex);
    }
    thread_exit(free);
}

TEST(SYN0003, "mutex_try_lock() takes a mutex only if it is free", ALWAYS)
{
    test_check(mutex_try_lock(&mutex));
    test_check(mutex_is_held(&mutex));
    test_equal(test_thread_join(test_thread_start(16, 0, try_lock, NULL)), false);
    mutex_unlock(&mutex);
    test_check(!mutex_is_held(&mutex));
    test_equal(test_thread_join(test_thread_start(16, 0, try_lock, NULL)), true);
}

static void lock_timed(void *argument)
{
    int error = mutex_lock_timed(&mutex, argument != NULL ? WAIT_FOREVER : 5000000);
    if (error == OK) {
        mutex_unlock(&mutex);
    }
    thread_exit(error);
}

TEST(SYN0004, "a wait for a mutex ends by timeout and by kill, and then other threads get it",
     ALWAYS)
{
    mutex_lock(&mutex);
    struct thread *late = test_thread_start(16, 0, lock_timed, NULL);
    test_equal(test_thread_join(late), late != NULL ? ERROR_TIMEOUT : 0);
    struct thread *killed = test_thread_start(16, 0, lock_timed, &mutex);
    struct thread *patient = test_thread_start(16, 0, lock_timed, &mutex);
    test_wait_blocked(killed);
    test_wait_blocked(patient);
    if (killed != NULL) {
        thread_kill(killed);
    }
    test_equal(test_thread_join(killed), killed != NULL ? ERROR_KILLED : 0);
    mutex_unlock(&mutex);
    test_equal(test_thread_join(patient), OK);
    test_check(mutex.owner == NULL && wait_queue_empty(&mutex.queue));
}

static void lock_though_killed(void *argument maybe_unused)
{
    mutex_lock(&mutex);
    bool held = mutex_is_held(&mutex);
    mutex_unlock(&mutex);
    thread_exit(held && thread_current()->kill_wanted);
}

TEST(SYN0005, "a killed thread still gets a mutex that it locks without a timeout", ALWAYS)
{
    mutex_lock(&mutex);
    struct thread *thread = test_thread_start(16, 0, lock_though_killed, NULL);
    test_wait_blocked(thread);
    if (thread != NULL) {
        thread_kill(thread);
    }
    ignore_result(thread_sleep_ns(5000000));
    mutex_unlock(&mutex);
    test_equal(test_thread_join(thread), thread != NULL);
}

static struct semaphore slots, items;
static struct {
    uint32_t values[BUFFER];
    uint32_t in, out;
    uint64_t sum;
    bool closed;
} buffer;
static uint64_t produced_sum;

static void produce(void *argument maybe_unused)
{
    uint64_t end_ns = test_hammer_end();
    for (uint32_t i = 1; i <= ITEMS && test_hammer_goes_on(end_ns); i++) {
        semaphore_down(&slots);
        mutex_lock(&mutex);
        uint32_t value = i * 7 + cpu_number();
        buffer.values[buffer.in++ % BUFFER] = value;
        produced_sum += value;
        mutex_unlock(&mutex);
        semaphore_up(&items);
    }
}

/* A token without an item means that no more items come. */
static void consume(void *argument maybe_unused)
{
    for (bool more = true; more;) {
        semaphore_down(&items);
        mutex_lock(&mutex);
        more = buffer.in != buffer.out;
        if (more) {
            buffer.sum += buffer.values[buffer.out++ % BUFFER];
        }
        mutex_unlock(&mutex);
        if (more) {
            semaphore_up(&slots);
        }
    }
}

static void production_end(void)
{
    for (unsigned i = 0; i < cpu_online_count(); i++) {
        semaphore_up(&items);
    }
}

TEST(SYN0010, "producers and consumers on all CPUs lose no item and no wake-up: semaphores", ALWAYS)
{
    semaphore_init(&slots, BUFFER);
    semaphore_init(&items, 0);
    memset(&buffer, 0, sizeof(buffer));
    produced_sum = 0;
    run_pairs(produce, consume, production_end);
    test_check(buffer.in > 0);
    test_equal(buffer.out, buffer.in);
    test_equal(buffer.sum, produced_sum);
    test_equal(semaphore_tokens(&slots), BUFFER);
    test_equal(semaphore_tokens(&items), 0);
}

static void down_and_note(void *argument)
{
    semaphore_down(&items);
    uint32_t place = __atomic_fetch_add(&order_count, 1, __ATOMIC_SEQ_CST);
    order[place] = (uint8_t)(uintptr_t)argument;
}

TEST(SYN0011,
     "a semaphore holds the tokens it was given, and hands them out in the order of waiting",
     ALWAYS)
{
    semaphore_init(&items, 2);
    test_check(semaphore_try_down(&items));
    semaphore_down(&items);
    test_check(!semaphore_try_down(&items));
    test_equal(semaphore_down_timed(&items, 3000000), ERROR_TIMEOUT);
    order_count = 0;
    for (uintptr_t i = 0; i < QUEUE; i++) {
        threads[i] = test_thread_start(16, 0, down_and_note, (void *)i);
        test_wait_blocked(threads[i]);
    }
    for (unsigned i = 0; i < QUEUE; i++) {
        semaphore_up(&items);
        test_check(!semaphore_try_down(&items));
        test_equal(test_thread_join(threads[i]), 0);
        test_equal(order_count, i + 1);
        test_equal(order[i], i);
    }
}

static void up_from_interrupt(struct trap_frame *frame maybe_unused)
{
    semaphore_up(&items);
}

TEST(SYN0012, "an interrupt handler wakes a thread by a semaphore, hundreds of times", ALWAYS)
{
    unsigned vector;
    semaphore_init(&items, 0);
    test_equal(interrupt_vector_allocate(&vector), OK);
    test_equal(interrupt_register(vector, up_from_interrupt, "semaphore test"), OK);
    for (unsigned i = 0; i < INTERRUPTS; i++) {
        lapic_send(i % cpu_online_count(), vector);
        if (semaphore_down_timed(&items, TEST_EVENTUALLY_NS) != OK) {
            test_fail(__FILE__, __LINE__, "interrupt %u woke no thread", i);
            break;
        }
    }
    interrupt_unregister(vector);
    test_equal(semaphore_tokens(&items), 0);
}

static struct condition not_full = CONDITION(not_full), not_empty = CONDITION(not_empty);

static void produce_by_condition(void *argument maybe_unused)
{
    uint64_t end_ns = test_hammer_end();
    for (uint32_t i = 1; i <= ITEMS && test_hammer_goes_on(end_ns); i++) {
        mutex_lock(&mutex);
        while (buffer.in - buffer.out == BUFFER) {
            test_equal(condition_wait(&not_full, &mutex, WAIT_FOREVER), OK);
        }
        buffer.values[buffer.in++ % BUFFER] = i;
        produced_sum += i;
        condition_signal(&not_empty);
        mutex_unlock(&mutex);
    }
}

static void consume_by_condition(void *argument maybe_unused)
{
    for (bool more = true; more;) {
        mutex_lock(&mutex);
        while (buffer.in == buffer.out && !buffer.closed) {
            test_equal(condition_wait(&not_empty, &mutex, WAIT_FOREVER), OK);
        }
        more = buffer.in != buffer.out;
        if (more) {
            buffer.sum += buffer.values[buffer.out++ % BUFFER];
        }
        mutex_unlock(&mutex);
        condition_signal(&not_full); /* this needs no mutex */
    }
}

static void production_close(void)
{
    mutex_lock(&mutex);
    buffer.closed = true;
    condition_broadcast(&not_empty);
    mutex_unlock(&mutex);
}

TEST(SYN0020, "producers and consumers on all CPUs lose no item and no wake-up: conditions", ALWAYS)
{
    memset(&buffer, 0, sizeof(buffer));
    produced_sum = 0;
    run_pairs(produce_by_condition, consume_by_condition, production_close);
    test_check(buffer.in > 0);
    test_equal(buffer.out, buffer.in);
    test_equal(buffer.sum, produced_sum);
}

static bool broadcast_seen;

static void await_broadcast(void *argument maybe_unused)
{
    mutex_lock(&mutex);
    test_count(&done);
    while (!broadcast_seen) {
        test_equal(condition_wait(&not_empty, &mutex, WAIT_FOREVER), OK);
    }
    test_check(mutex_is_held(&mutex));
    mutex_unlock(&mutex);
}

TEST(SYN0021, "a broadcast wakes all threads that wait for the condition", ALWAYS)
{
    done = 0;
    broadcast_seen = false;
    for (unsigned i = 0; i < 2 * QUEUE; i++) {
        threads[i] = test_thread_start(16, 0, await_broadcast, NULL);
        done += threads[i] == NULL;
    }
    test_wait_until(&done, 2 * QUEUE, "threads that wait for the broadcast");
    mutex_lock(&mutex); /* all threads have released it: they wait, or will test the condition */
    broadcast_seen = true;
    condition_broadcast(&not_empty);
    mutex_unlock(&mutex);
    for (unsigned i = 0; i < 2 * QUEUE; i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
    test_check(wait_queue_empty(&not_empty.queue));
}

static void await_in_vain(void *argument)
{
    mutex_lock(&mutex);
    int error = condition_wait(&not_empty, &mutex, argument != NULL ? WAIT_FOREVER : 3000000);
    bool held = mutex_is_held(&mutex);
    mutex_unlock(&mutex);
    thread_exit(held ? error : 1);
}

TEST(SYN0022, "a wait for a condition ends by timeout and by kill, with the mutex held again",
     ALWAYS)
{
    struct thread *late = test_thread_start(16, 0, await_in_vain, NULL);
    test_equal(test_thread_join(late), late != NULL ? ERROR_TIMEOUT : 0);
    struct thread *killed = test_thread_start(16, 0, await_in_vain, &mutex);
    test_wait_blocked(killed);
    if (killed != NULL) {
        thread_kill(killed);
    }
    test_equal(test_thread_join(killed), killed != NULL ? ERROR_KILLED : 0);
    test_check(wait_queue_empty(&not_empty.queue));
}

#define AGAINS 40 /* more than are woken at once */

/* Guarded by `again.lock`. */
static struct {
    struct spinlock lock;
    struct wait_queue queue;
    struct thread *last;
    uint32_t waiting, wakes, most;
    bool stop;
} again;

/* Waits again each time that it is woken. The first one that is woken kills the last that waits. */
static void wait_again(void *argument maybe_unused)
{
    uint64_t flags = spin_lock_irq_save(&again.lock);
    int error = OK;
    again.waiting++;
    while (!again.stop && error == OK) {
        error = wait_queue_sleep(&again.queue, &again.lock, WAIT_FOREVER);
        again.wakes += error == OK;
        if (again.wakes == 1) {
            thread_kill(again.last);
        }
        again.stop |= again.wakes > 2 * again.most;
    }
    spin_unlock_irq_restore(&again.lock, flags);
}

TEST(SYN0023, "waking all ends though the last thread leaves and those that are woken wait again",
     ALWAYS)
{
    static struct thread *waiters[AGAINS];
    spinlock_init(&again.lock, "again");
    wait_queue_init(&again.queue);
    again.waiting = again.wakes = 0;
    again.stop = false;
    test_thread_bind(0, 10);
    for (unsigned i = 0; i < AGAINS; i++) {
        waiters[i] = test_thread_start(20, test_cpu_bit(0), wait_again, NULL);
        test_wait_blocked(waiters[i]);
    }
    again.last = waiters[AGAINS - 1];
    uint64_t flags = spin_lock_irq_save(&again.lock);
    again.most = thread_count();
    if (again.last != NULL) {
        wait_queue_wake_all_in_steps(&again.queue, &again.lock, flags);
    }
    bool endless = again.stop;
    uint32_t wakes = again.wakes, waiting = again.waiting;
    again.stop = true;
    wait_queue_wake_all_in_steps(&again.queue, &again.lock, flags);
    spin_unlock_irq_restore(&again.lock, flags);
    for (unsigned i = 0; i < AGAINS; i++) {
        test_thread_join(waiters[i]);
    }
    test_thread_unbind();
    test_check(!endless);
    test_check(wakes >= waiting - 16); /* the last 16 that were woken had no time to count */
}
