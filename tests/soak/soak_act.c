/* The acts of the threads of the soak, anywhere in a dive. */
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "tests/soak/soak.h"
#include "tests/soak/soak_life.h"

#define SLEEP_NS_MAX      20000000
#define OVERFLOW_ODDS     3000
#define OVERFLOW_PAUSE_NS 2000000000 /* each prints a page */

static uint64_t next_overflow_ns;

/* Kills, moves or promotes another thread. */
static void meddle(struct random *random)
{
    struct soak_life *life = soak_life_any(random);
    uint64_t affinity = soak_affinity_choose(random);
    unsigned priority = random_between(random, 1, SOAK_PRIORITY_MAX);
    unsigned what = random_below(random, 4);
    int error = OK;

    uint64_t flags = spin_lock_irq_save(&life->lock);
    if (life->thread != NULL && life->thread != thread_current()) {
        if (what == 0) {
            life->kill_asked = true;
            thread_kill(life->thread);
            soak_count(&soak_counts.kill_requests, 1);
        } else if (what < 3) {
            error = thread_affinity_set(life->thread, affinity);
            soak_count(&soak_counts.moves, 1);
        } else {
            error = thread_priority_set(life->thread, priority);
            soak_count(&soak_counts.priorities, 1);
        }
    }
    spin_unlock_irq_restore(&life->lock, flags);
    if (error != OK) {
        soak_fail("a thread could not be changed: %s", error_name(error));
    }
}

/* Moves to another CPU in the middle of a stack. A detached thread must find itself there. */
static void move_oneself(struct soak_self *self)
{
    uint64_t affinity = 1UL << random_below(&self->random, cpu_online_count());
    if (thread_affinity_set(thread_current(), affinity) != OK) {
        soak_fail("a thread could not move itself");
    }
    if (self->life == NULL) {
        preempt_disable();
        unsigned cpu = cpu_number();
        preempt_enable();
        if (!(affinity >> cpu & 1)) {
            soak_fail("thread %u runs on CPU %u, and may not", thread_current()->id, cpu);
        }
    }
    soak_count(&soak_counts.moves, 1);
    if (thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL) != OK) {
        soak_fail("a thread could not remove its affinity");
    }
}

static void overflow_perhaps(struct soak_self *self)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t due_ns = __atomic_load_n(&next_overflow_ns, __ATOMIC_RELAXED);
    if (self->life == NULL || now_ns < due_ns ||
        !__atomic_compare_exchange_n(&next_overflow_ns, &due_ns, now_ns + OVERFLOW_PAUSE_NS, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return;
    }
    self->life->overflow = true;
    self->life->ended = true;
    soak_overflow();
}

void soak_act(struct soak_self *self)
{
    struct random *random = &self->random;
    unsigned act = random_below(random, 12);
    if (self->life != NULL) {
        self->life->doing = (uint8_t)act;
    }
    switch (act) {
    case 0:
    case 1:
        soak_count(&soak_counts.sleeps, 1);
        ignore_result(thread_sleep_ns(random_below(random, SLEEP_NS_MAX)));
        break;
    case 2:
    case 3:
    case 4:
        soak_meet(self);
        break;
    case 5:
        thread_yield();
        break;
    case 6:
        soak_event_send(random);
        break;
    case 7:
        meddle(random);
        break;
    case 8:
        move_oneself(self);
        break;
    case 9:
        if (soak_may_create()) {
            (void)soak_create(random);
        }
        break;
    case 10:
        if (thread_priority_set(thread_current(), random_between(random, 1, SOAK_PRIORITY_MAX)) !=
            OK) {
            soak_fail("a thread could not change its priority");
        }
        soak_count(&soak_counts.priorities, 1);
        break;
    default:
        if (random_once_in(random, 200)) {
            soak_end(self, OK); /* deep in its stack */
        }
        if (random_once_in(random, OVERFLOW_ODDS)) {
            overflow_perhaps(self);
        }
    }
    if (self->life != NULL) {
        self->life->doing = 0xff;
    }
}
