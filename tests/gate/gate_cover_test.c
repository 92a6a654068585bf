/*
 * The dispatch gate's arithmetic, case by case. The threads never run; their stacks miss from zero
 * to four pages. The magazine is made to hold any number of rounds, and refills are made to fail.
 * The last tests check how a thread leaves the queue of threads that wait for memory.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/core/direct_switch.h"
#include "sched/stack/gate.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/magazine_take.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static struct thread threads[STACK_PAGES + 1]; /* thread i misses i pages; none of them ever runs */
static unsigned made;
#define THREAD_SWAPPED STACK_PAGES /* the last one misses all, as a swapped-out thread does */

static bool threads_make(void)
{
    threads[THREAD_SWAPPED].slot = STACK_SLOT_NONE;
    for (made = 0; made < STACK_PAGES; made++) {
        struct thread *thread = &threads[made];
        memset(thread, 0, sizeof(*thread));
        if (!scratch_stack_create(&thread->slot)) {
            return false;
        }
        scratch_stack_use(thread->slot);
        *(volatile char *)(stack_floor(thread->slot) + made * PAGE_BYTES) = 1;
        scratch_stack_unuse();
        test_equal(stack_missing(thread->slot), made);
    }
    *(volatile char *)stack_floor(thread_current()->slot) = 1; /* this thread then needs no cover */
    return stack_slot_allocate(0, &threads[THREAD_SWAPPED].slot) == OK;
}

static void threads_unmake(void)
{
    if (made == STACK_PAGES && threads[THREAD_SWAPPED].slot != STACK_SLOT_NONE) {
        stack_slot_free(threads[THREAD_SWAPPED].slot);
    }
    while (made-- > 0) {
        scratch_stack_empty(threads[made].slot);
        scratch_stack_destroy(threads[made].slot);
    }
}

/* Asks whether a direct switch is possible, as far as the gate is concerned. Interrupts are off. */
static bool direct_asked(unsigned from, unsigned to)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    uint32_t wanted = this_cpu(reschedule_wanted);
    threads[to].state = THREAD_BLOCKED;
    threads[to].cpu = (uint8_t)cpu_number();
    this_cpu(reschedule_wanted) = 0;
    enum direct_refusal refusal =
        direct_switch_begin(queue, &threads[from], &threads[to], THREAD_PRIORITIES - 1);
    if (refusal == DIRECT_POSSIBLE) {
        spinlock_pass(&queue->lock);
    }
    this_cpu(reschedule_wanted) = wanted;
    test_check(refusal == DIRECT_POSSIBLE || refusal == DIRECT_GATE);
    return refusal == DIRECT_POSSIBLE;
}

static bool gate_passed(unsigned from, unsigned to)
{
    return gate_pass(&threads[from], &threads[to]);
}

/*
 * Asks the gate with `rounds` in the magazine and restores the magazine afterwards. If the gate
 * took frames, they are lost, and the test fails as a leak. Interrupts are off.
 */
static bool asked_with(bool (*ask)(unsigned from, unsigned to), uint32_t rounds, unsigned from,
                       unsigned to, uint32_t *rounds_after)
{
    struct magazine *own = this_cpu_pointer(magazine);
    uint32_t taken = own->taken, charged = own->charged, low_water = own->low_water;
    own->taken = own->charged = own->capacity - rounds;
    bool passed = ask(from, to);
    *rounds_after = own->capacity - own->taken;
    own->taken = taken;
    own->charged = charged;
    own->low_water = low_water;
    return passed;
}

static bool gate_asked(uint32_t rounds, unsigned from, unsigned to, uint32_t *rounds_after)
{
    return asked_with(gate_passed, rounds, from, to, rounds_after);
}

/* Asks with each number of rounds, of pages missing on one side, and of pages missing on the other. */
static void every_case(bool (*ask)(unsigned from, unsigned to), const char *what)
{
    unsigned wrong = 0, asked = 0;
    if (threads_make()) {
        uint64_t flags = interrupts_save();
        stack_lend_keep(); /* keeps the magazine full meanwhile */
        fault_inject_arm(FAULT_INJECT_RESERVE_ONLY, 0, 0);
        fault_inject_arm(FAULT_INJECT_REFILL, 1, 0); /* no frame comes from elsewhere */
        for (uint32_t rounds = 0; rounds <= this_cpu(magazine).capacity; rounds++) {
            for (unsigned pair = 0; pair < STACK_PAGES * (STACK_PAGES + 1); pair++) {
                unsigned from = pair % STACK_PAGES, to = pair / STACK_PAGES;
                uint32_t after;
                bool passed = asked_with(ask, rounds, from, to, &after);
                asked++;
                if (passed != (rounds >= from + to) || after != rounds) {
                    wrong++;
                    test_note("%u rounds, from %u missing to %u missing: %s %s, %u rounds after",
                              rounds, from, to, what, passed ? "passed" : "refused", after);
                }
            }
        }
        fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL],
                         options.seed);
        fault_inject_arm(FAULT_INJECT_RESERVE_ONLY, options.inject_every[FAULT_INJECT_RESERVE_ONLY],
                         options.seed);
        interrupts_restore(flags);
    }
    threads_unmake();
    test_check(asked > 0);
    test_equal(wrong, 0);
}

TEST(GAT0010,
     "the gate passes a thread exactly if both sides of the switch are covered, in every case",
     GATE)
{
    every_case(gate_passed, "the gate");
}

TEST(GAT0024, "a direct switch is refused exactly if its two sides are not covered, in every case",
     GATE)
{
    every_case(direct_asked, "the direct switch");
}

/* A count of waiting threads that makes memory look short. Interrupts are off meanwhile. */
#define MANY_WAITERS 100000000

TEST(GAT0011,
     "while memory is short a newcomer gets no frame, and a thread that waited gets what it needs",
     GATE)
{
    bool newcomer = true, waited = false;
    uint32_t after_newcomer = 0, after_waited = 0;
    if (threads_make()) {
        uint64_t flags = interrupts_save();
        stack_lend_keep(); /* keeps the magazine full meanwhile */
        fault_inject_arm(FAULT_INJECT_REFILL, 0, 0);
        struct magazine *own = this_cpu_pointer(magazine);
        test_check(own->taken == 0 || magazine_refill(own->capacity));
        memory_waiters_add(MANY_WAITERS);
        newcomer = gate_asked(5, 3, 3, &after_newcomer);
        threads[3].memory_wait_since_ns = 1;
        uint32_t taken = own->taken;
        waited = gate_asked(6, 3, 3, &after_waited);
        test_equal(own->taken, taken);
        memory_waiters_add(-MANY_WAITERS);
        fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL],
                         options.seed);
        interrupts_restore(flags);
    }
    threads_unmake();
    test_check(!newcomer);
    test_equal(after_newcomer, 5);
    test_check(waited);
    test_equal(after_waited, 6);
}

/* The thread that waits for memory. */
static struct {
    struct semaphore go;
    uint32_t waits, done;
} memory_waiter;

static void memory_waiter_run(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    test_count(&memory_waiter.waits);
    semaphore_down(&memory_waiter.go);
    *(volatile char *)stack_floor(slot) = 1;
    test_count(&memory_waiter.done);
}

/* With stack=lend, waits until a batch has taken back the pages that the thread did not touch. */
static void lent_pages_wait(const struct thread *thread)
{
    test_eventually(stack_mode_get() != STACK_MODE_LEND ||
                        stack_missing(thread->slot) == STACK_PAGES - 1,
                    "a sleeping thread misses only %u pages: it keeps pages that it did not touch",
                    stack_missing(thread->slot));
}

TEST(GAT0012, "a thread that waited for memory runs again once there are frames, without a wake-up",
     MEMORY_WAITS)
{
    bool takers = magazine_takers_begin();
    test_check(takers);
    *(volatile char *)stack_floor(thread_current()->slot) = 1;
    semaphore_init(&memory_waiter.go, 0);
    memory_waiter.waits = memory_waiter.done = 0;
    unsigned cpu = cpu_number();
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(cpu), memory_waiter_run, NULL);
    if (takers && thread != NULL &&
        test_wait_until(&memory_waiter.waits, 1, "the thread that is to wait for memory") &&
        test_wait_blocked(thread)) {
        lent_pages_wait(thread);
        /* The swapper would take pages from sleeping threads and so give this thread memory. */
        swapper_quiet_set(true);
        uint64_t flags = interrupts_save();
        fault_inject_arm(FAULT_INJECT_REFILL, 1, 0);
        magazine_leave(STACK_PAGES - 2);
        semaphore_up(&memory_waiter.go);
        interrupts_restore(flags);
        test_eventually(memory_waiters() != 0, "the woken thread does not wait for memory");
        test_equal(memory_waiter.done, 0);
        fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL],
                         options.seed);
        swapper_quiet_set(false);
        /* A thread that has not ended cannot be joined; then this test has failed already. */
        thread = test_wait_until(&memory_waiter.done, 1, "the thread that waited for memory")
                     ? thread
                     : NULL;
    }
    test_thread_join(thread);
    magazine_takers_end();
}

TEST(GAT0013, "while a thread waits for memory no stack comes from a cache, and none goes into one",
     ALWAYS)
{
    uint32_t slot, other, cached, cached_after;
    if (stack_create(&slot) != OK || stack_create(&other) != OK) {
        test_fail(__FILE__, __LINE__, "no stacks");
        return;
    }
    uint64_t flags = interrupts_save();
    stack_cache_drain();
    stack_destroy(slot); /* into the cache */
    cached = this_cpu(stack_cache).count;
    memory_queued_add(1);
    int error = stack_create(&slot);
    cached_after = this_cpu(stack_cache).count;
    stack_destroy(other);
    uint32_t cached_at_last = this_cpu(stack_cache).count;
    memory_queued_add(-1);
    if (error == OK) {
        stack_destroy(slot);
    }
    interrupts_restore(flags);
    test_equal(error, ERROR_NO_MEMORY);
    test_equal(cached_after, cached);
    test_equal(cached_at_last, cached);
}
