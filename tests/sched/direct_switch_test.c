/* Direct switches between threads of the kernel, and each reason for which there is none. */
#include "sched/core/direct_switch.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "sched/core/schedule.h"
#include "sched/stack/swapper_test_hooks.h"
#include "sched/sync/semaphore.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS 300

static struct {
    struct thread *sides[2];
    uint32_t turns[2];
    uint32_t refused[DIRECT_GATE + 1];
    uint32_t wrong; /* a side ran out of its turn, or its stack lost a byte */
    volatile uint32_t turn;
    bool deep;
} match;

/* Gives the other side its turn, by the way that a wake-up takes if there is no direct one. */
static void turn_pass(unsigned own)
{
    struct thread *other = match.sides[1 - own];
    match.turn = 1 - own;
    interrupts_disable();
    enum direct_refusal refusal = schedule_switch_to(other);
    if (refusal != DIRECT_POSSIBLE) {
        match.refused[refusal]++;
        thread_current()->state = THREAD_BLOCKED;
        schedule_ready(other, THREAD_BLOCKED);
        schedule();
    }
    interrupts_enable();
}

/* Passes the turn from far down its stack, so that each side leaves and enters a stack that grows. */
static never_inline void turn_pass_deep(unsigned own, uint32_t round, unsigned levels)
{
    volatile uint8_t bytes[800];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(round + i + own + levels);
    }
    if (levels > 0) {
        turn_pass_deep(own, round, levels - 1);
    } else {
        turn_pass(own);
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        match.wrong += bytes[i] != (uint8_t)(round + i + own + levels);
    }
}

static void side_run(void *argument)
{
    unsigned own = (unsigned)(uintptr_t)argument;
    interrupts_disable();
    while (match.turn != own) { /* sleeps until its first turn */
        thread_current()->state = THREAD_BLOCKED;
        schedule();
    }
    interrupts_enable();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        match.wrong += match.turn != own;
        match.turns[own]++;
        if (match.deep && round % 7 == 0) {
            turn_pass_deep(own, round, 1 + round % 10);
        } else {
            turn_pass(own);
        }
    }
    if (own == 0) { /* side 1 sleeps in its last turn; when it wakes, this side may be gone */
        match.turn = 1;
        schedule_ready(match.sides[1], THREAD_BLOCKED);
    }
}

static void match_play(bool deep)
{
    unsigned cpu = cpu_number();
    match = (typeof(match)){.turn = 2, .deep = deep};
    for (uintptr_t i = 0; i < 2; i++) {
        match.sides[i] =
            test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(cpu), side_run, (void *)i);
    }
    if (match.sides[0] != NULL && match.sides[1] != NULL && test_wait_blocked(match.sides[0]) &&
        test_wait_blocked(match.sides[1])) {
        match.turn = 0;
        schedule_ready(match.sides[0], THREAD_BLOCKED);
    }
    for (unsigned i = 0; i < 2; i++) {
        test_equal(test_thread_join(match.sides[i]), 0);
        test_equal(match.turns[i], ROUNDS);
    }
    test_equal(match.wrong, 0);
}

TEST(THR0023, "two threads of one CPU pass turns by direct switches, and none is lost", ALWAYS)
{
    match_play(false);
    uint32_t refused = 0;
    for (unsigned i = 0; i <= DIRECT_GATE; i++) {
        refused += match.refused[i];
    }
    test_check(refused < ROUNDS); /* others of this CPU may be in the way now and then */
}

TEST(THR0024, "direct switches between growing stacks lose no byte", ALWAYS)
{
    match_play(true);
}

static struct semaphore sleeper_go;

static void sleeper_run(void *argument maybe_unused)
{
    semaphore_down(&sleeper_go);
}

/* Asks for a direct switch to a thread with a priority, and does not make it. */
static enum direct_refusal asked(struct thread *to, unsigned priority)
{
    uint64_t flags = interrupts_save();
    struct run_queue *queue = this_cpu_pointer(run_queue);
    uint32_t wanted = this_cpu(reschedule_wanted);
    this_cpu(reschedule_wanted) = 0;
    enum direct_refusal refusal = direct_switch_begin(queue, thread_current(), to, priority);
    if (refusal == DIRECT_POSSIBLE) {
        spinlock_pass(&queue->lock);
    }
    this_cpu(reschedule_wanted) = wanted;
    interrupts_restore(flags);
    return refusal;
}

TEST(THR0025,
     "no direct switch to a thread that moves, is on another CPU or not asleep, nor past a more "
     "urgent one",
     ALWAYS)
{
    const unsigned most = THREAD_PRIORITIES - 1;
    unsigned cpu = cpu_online_count() - 1;
    semaphore_init(&sleeper_go, 0);
    swapper_quiet_set(true); /* a thread whose stack it has chosen has pending work */
    test_thread_bind(cpu, most);
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(cpu), sleeper_run, NULL);
    if (thread == NULL) {
        swapper_quiet_set(false);
        test_thread_unbind();
        return;
    }
    test_equal(asked(thread, most), DIRECT_ELSEWHERE); /* it is ready */
    test_equal(asked(thread_current(), most), DIRECT_ELSEWHERE);
    test_wait_blocked(thread);
    test_equal(asked(thread, most), DIRECT_POSSIBLE);

    struct thread *ready =
        test_thread_start(THREAD_PRIORITY_DEFAULT + 1, test_cpu_bit(cpu), sleeper_run, NULL);
    uint64_t flags = interrupts_save();
    test_equal(asked(thread, THREAD_PRIORITY_DEFAULT), DIRECT_PRIORITY);
    test_equal(asked(thread, most), DIRECT_POSSIBLE);
    this_cpu(reschedule_wanted) = 1;
    test_equal(schedule_switch_to(thread), DIRECT_PRIORITY);
    interrupts_restore(flags);

    thread_current()->kill_wanted = true;
    test_equal(asked(thread, most), DIRECT_KILLED);
    thread_current()->kill_wanted = false;

    if (cpu_online_count() > 1) {
        test_equal(thread_affinity_set(thread, test_cpu_bit(0)), OK);
        test_equal(asked(thread, most), DIRECT_PENDING); /* it sleeps here and wakes there */
        test_equal(thread_affinity_set(thread, test_cpu_bit(0) | test_cpu_bit(cpu)), OK);
        test_equal(asked(thread, most), DIRECT_POSSIBLE);
        test_thread_bind(0, most);
        test_equal(asked(thread, most), DIRECT_ELSEWHERE);
    }
    semaphore_up(&sleeper_go);
    semaphore_up(&sleeper_go);
    test_thread_unbind();
    swapper_quiet_set(false);
    test_equal(test_thread_join(thread), 0);
    test_equal(test_thread_join(ready), 0);
}
