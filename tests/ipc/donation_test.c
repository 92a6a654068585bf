/* Priorities in IPC and mutexes: order of queues, and what a thread inherits and for how long. */
#include "kernel/ipc/donation.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "sched/sync/mutex.h"
#include "sched/sync/semaphore.h"
#include "tests/ipc/ipc_fixture.h"
#include "tests/support/call_chain.h"
#include "tests/test.h"

#define LOW    5
#define MIDDLE 7
#define HIGH   9
#define CALLS  6

#define SPIN_NS 5000000000UL /* the end of the spinning if the mutex is never given up */

static struct mutex first = MUTEX(first, "test 1"), second = MUTEX(second, "test 2");
static uint32_t held, spins, done;
static bool spun_out; /* the thread that keeps the CPU has given up */

static void low_holds(void *argument maybe_unused)
{
    mutex_lock(&first);
    test_count(&held);
    while (test_counted(&spins) == 0) {
        thread_yield();
    }
    mutex_unlock(&first);
    test_equal(thread_current()->priority, LOW);
}

static void middle_spins(void *argument maybe_unused)
{
    uint64_t end_ns = clock_now_ns() + SPIN_NS;
    test_count(&spins);
    while (test_counted(&done) == 0 && !spun_out) {
        __asm__ volatile("pause");
        spun_out = clock_now_ns() > end_ns;
    }
}

static void high_takes(void *argument maybe_unused)
{
    mutex_lock(&first);
    mutex_unlock(&first);
    test_count(&done);
}

TEST(PRI0001, "a thread that holds a mutex runs before others that keep its waiter from running",
     ALWAYS)
{
    uint64_t cpu = test_cpu_bit(0);
    held = spins = done = 0;
    spun_out = false;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    struct thread *low = test_thread_start(LOW, cpu, low_holds, NULL);
    test_wait_until(&held, 1, "the holder");
    struct thread *middle = test_thread_start(MIDDLE, cpu, middle_spins, NULL);
    test_wait_until(&spins, 1, "the thread that keeps the CPU");
    struct thread *high = test_thread_start(HIGH, cpu, high_takes, NULL);
    bool bounded = test_wait_until(&done, 1, "the thread that waits for the mutex") && !spun_out;
    test_check(bounded);
    test_equal(test_thread_join(low), 0);
    test_equal(test_thread_join(middle), 0);
    test_equal(test_thread_join(high), 0);
    test_thread_unbind();
}

static struct semaphore holder_go;

static void second_holds(void *argument maybe_unused)
{
    mutex_lock(&second);
    test_count(&held);
    semaphore_down(&holder_go);
    mutex_unlock(&second);
    test_equal(thread_current()->priority, LOW);
}

static void both_takes(void *argument maybe_unused)
{
    mutex_lock(&first);
    test_count(&held);
    mutex_lock(&second);
    mutex_unlock(&second);
    test_equal(thread_current()->priority, HIGH); /* until it gives the other one up */
    mutex_unlock(&first);
    test_equal(thread_current()->priority, MIDDLE);
}

TEST(PRI0002, "a priority is inherited along mutexes, and ends with the last one", ALWAYS)
{
    held = done = 0;
    semaphore_init(&holder_go, 0);
    struct thread *holder = test_thread_start(LOW, 0, second_holds, NULL);
    test_wait_until(&held, 1, "the first holder");
    struct thread *between = test_thread_start(MIDDLE, 0, both_takes, NULL);
    test_wait_until(&held, 2, "the second holder");
    test_wait_blocked(between);
    test_equal(holder != NULL ? holder->priority : MIDDLE, MIDDLE);
    struct thread *high = test_thread_start(HIGH, 0, high_takes, NULL);
    test_wait_blocked(high);
    test_equal(between != NULL ? between->priority : HIGH, HIGH);
    test_equal(holder != NULL ? holder->priority : HIGH, HIGH);
    semaphore_up(&holder_go);
    test_equal(test_thread_join(holder), 0);
    test_equal(test_thread_join(between), 0);
    test_equal(test_thread_join(high), 0);
    test_equal(first.inherits | second.inherits, 0);
}

static struct ipc_thread callers[CALLS], waiters[CALLS];

static void call_once(void *argument)
{
    struct ipc_thread *caller = argument;
    ipc_test_fill(&caller->state.message, caller->value);
    caller->result = ipc_call(&caller->state, caller->endpoint, WAIT_FOREVER);
    ipc_state_end(&caller->state);
}

static void receive_once(void *argument)
{
    struct ipc_thread *waiter = argument;
    waiter->result = ipc_receive(&waiter->state, waiter->endpoint, WAIT_FOREVER);
    waiter->value = message_tag_label(waiter->state.message.tag);
    test_equal(ipc_reply(&waiter->state), OK);
    ipc_state_end(&waiter->state);
}

static void start(struct ipc_thread *thread, struct endpoint *endpoint, unsigned priority,
                  void (*entry)(void *))
{
    ipc_state_init(&thread->state, NULL);
    thread->endpoint = endpoint;
    thread->thread = test_thread_start(priority, 0, entry, thread);
    test_wait_blocked(thread->thread);
}

/* Priorities of threads that come one after the other, and the order in which they are served. */
static const uint8_t priorities[CALLS] = {LOW, HIGH, MIDDLE, HIGH, LOW, MIDDLE};
static const uint8_t order[CALLS] = {1, 3, 2, 5, 0, 4};

TEST(PRI0003,
     "callers and receivers are served by priority, and in the order of waiting within one", ALWAYS)
{
    struct endpoint *endpoint;
    struct ipc_state self;
    test_equal(endpoint_create(&endpoint), OK);
    ipc_state_init(&self, NULL);
    for (unsigned i = 0; i < CALLS; i++) {
        callers[i].value = i;
        start(&callers[i], endpoint, priorities[i], call_once);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        test_equal(ipc_receive(&self, endpoint, IPC_POLL), OK);
        test_equal(message_tag_label(self.message.tag), order[i]);
        test_equal(ipc_reply(&self), OK);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        test_equal(ipc_test_join(&callers[i]), OK);
        start(&waiters[i], endpoint, priorities[i], receive_once);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        ipc_test_fill(&self.message, 100 + i);
        test_equal(ipc_call(&self, endpoint, IPC_POLL), OK);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        test_equal(ipc_test_join(&waiters[order[i]]), OK);
        test_equal(waiters[order[i]].value, 100 + i);
    }
    ipc_state_end(&self);
    object_release(&endpoint->object);
}

TEST(PRI0004, "a caller that waits gives its priority to a chain of a hundred calls", ALWAYS)
{
    struct endpoint *endpoint = call_chain_begin(CALL_CHAIN_MOST, LOW);
    if (endpoint != NULL) {
        test_equal(call_chain_priority(), LOW);
        start(&callers[0], endpoint, HIGH, call_once);
        test_equal(call_chain_priority(), HIGH);
        call_chain_end();
        test_equal(ipc_test_join(&callers[0]), OK);
    }
}
