/*
 * Places where threads of the soak meet: mutexes, each with two numbers that are equal whenever it
 * is free; semaphores that admit a number of threads; and a crowd, whose members wait without a
 * timeout until an interrupt or another thread wakes them.
 */
#include "lib/error.h"
#include "sched/sync/mutex.h"
#include "sched/sync/semaphore.h"
#include "tests/soak/soak.h"

#define PLACES      6
#define TOKENS      3
#define WAIT_NS_MAX 50000000 /* of waits with a timeout, whose timeouts are counted */

struct place {
    struct mutex mutex;
    volatile uint64_t first, second; /* under the mutex; equal outside */
    struct semaphore semaphore;
    uint32_t inside; /* threads that have a token */
};

static struct place places[PLACES];

static struct {
    struct spinlock lock;
    struct wait_queue queue;
} crowd;

void soak_meet_init(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        mutex_init(&places[i].mutex, "soak");
        places[i].first = places[i].second = 0;
        semaphore_init(&places[i].semaphore, TOKENS);
        places[i].inside = 0;
    }
    spinlock_init(&crowd.lock, "soak crowd");
    wait_queue_init(&crowd.queue);
}

/* Waits while something is held, so that other threads come and want it. */
static void settle(struct random *random)
{
    switch (random_below(random, 6)) {
    case 0:
        ignore_result(thread_sleep_ns(random_below(random, 2000000)));
        break;
    case 1:
    case 2:
        thread_yield();
        break;
    default:
        for (unsigned i = random_below(random, 2000); i > 0; i--) {
            compiler_barrier();
        }
    }
}

static void use_mutex(struct place *place, struct random *random)
{
    int error = OK;
    if (random_once_in(random, 3)) {
        mutex_lock(&place->mutex);
    } else {
        error = mutex_lock_timed(&place->mutex, random_below(random, WAIT_NS_MAX));
    }
    if (error != OK) {
        soak_count(&soak_counts.refused_waits, 1);
        return;
    }
    uint64_t number = place->first + 1;
    if (place->second != number - 1) {
        soak_fail("a mutex let two in: %llu and %llu", (unsigned long long)place->first,
                  (unsigned long long)place->second);
    }
    place->first = number;
    settle(random);
    place->second = number;
    mutex_unlock(&place->mutex);
    soak_count(&soak_counts.locks, 1);
}

static void use_semaphore(struct place *place, struct random *random)
{
    int error = OK;
    if (random_once_in(random, 3)) {
        semaphore_down(&place->semaphore);
    } else {
        error = semaphore_down_timed(&place->semaphore, random_below(random, WAIT_NS_MAX));
    }
    if (error != OK) {
        soak_count(&soak_counts.refused_waits, 1);
        return;
    }
    if (__atomic_add_fetch(&place->inside, 1, __ATOMIC_ACQ_REL) > TOKENS) {
        soak_fail("a semaphore of %u tokens let more in", TOKENS);
    }
    settle(random);
    __atomic_sub_fetch(&place->inside, 1, __ATOMIC_ACQ_REL);
    semaphore_up(&place->semaphore);
    soak_count(&soak_counts.tokens, 1);
}

/* Waits without a timeout for a wake-up by an interrupt or by the reaper. */
static void join_crowd(void)
{
    uint64_t flags = spin_lock_irq_save(&crowd.lock);
    int error = soak_is_over() ? OK : wait_queue_sleep(&crowd.queue, &crowd.lock, WAIT_FOREVER);
    spin_unlock_irq_restore(&crowd.lock, flags);
    soak_count(error == OK ? &soak_counts.crowds : &soak_counts.refused_waits, 1);
}

void soak_crowd_wake(unsigned most)
{
    uint64_t flags = spin_lock_irq_save(&crowd.lock);
    while (most-- > 0 && wait_queue_wake_one(&crowd.queue)) {
    }
    spin_unlock_irq_restore(&crowd.lock, flags);
}

void soak_meet(struct soak_self *self)
{
    struct place *place = &places[random_below(&self->random, PLACES)];
    switch (random_below(&self->random, 3)) {
    case 0:
        use_mutex(place, &self->random);
        break;
    case 1:
        use_semaphore(place, &self->random);
        break;
    default:
        join_crowd();
    }
}

void soak_meet_check(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        struct place *place = &places[i];
        if (semaphore_tokens(&place->semaphore) != TOKENS || place->inside != 0 ||
            place->first != place->second || place->mutex.owner != NULL) {
            soak_fail("in the end a semaphore has %u of %u tokens, its mutex is %s",
                      semaphore_tokens(&place->semaphore), TOKENS,
                      place->mutex.owner != NULL ? "held" : "free");
        }
    }
}
