/*
 * The threads of the soak. Most have a record here, by which other threads may kill, move or
 * promote them: only under the record's lock, and only until they are joined. Others are detached.
 *
 * The main thread claims a record and publishes it when the thread exists; the thread marks it as
 * its last act; the reaper frees it.
 */
#include "kernel/console/console.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/vmalloc.h"
#include "mm/stack/stack.h"
#include "tests/soak/soak.h"
#include "tests/soak/soak_life.h"

/* frames of the machine for each thread, so that most can go deep at once */
#define FRAMES_A_LIFE 12
#define STEPS_MAX     24
#define FULL_NS_MAX   2000000000
#define LARGE_ODDS    8

enum life_state { LIFE_FREE, LIFE_CLAIMED, LIFE_PUBLISHED };

static struct soak_life *lives;
static uint32_t limit; /* the number of records: a quarter more than threads */
static uint32_t alive, alive_most;
static uint64_t next_serial;

uint32_t soak_alive(void)
{
    return __atomic_load_n(&alive, __ATOMIC_ACQUIRE);
}

uint32_t soak_alive_most(void)
{
    return alive_most;
}

struct soak_life *soak_life_any(struct random *random)
{
    return &lives[random_below(random, limit)];
}

uint32_t soak_lives_limit(void)
{
    return limit - limit / 5;
}

static uint32_t limit_choose(void)
{
    size_t fed = frame_total_count() / FRAMES_A_LIFE;
    if (options.soak_threads != 0) {
        return options.soak_threads;
    }
    return fed < SOAK_LIVES ? (uint32_t)fed : SOAK_LIVES;
}

bool soak_lives_init(void)
{
    void *memory;
    limit = limit_choose();
    limit += limit / 4; /* a search among records that are all taken would take long */
    if (vmalloc(limit * sizeof(lives[0]), 0, "soak lives", &memory) != OK) {
        return false;
    }
    lives = memory;
    for (unsigned i = 0; i < limit; i++) {
        lives[i] = (struct soak_life){.lock = SPINLOCK("soak life")};
    }
    alive = alive_most = 0;
    next_serial = 0;
    return true;
}

void soak_lives_end(void)
{
    vfree(lives);
    lives = NULL;
}

bool soak_has_been_full(void)
{
    return options.soak_threads == 0 ||
           __atomic_load_n(&alive_most, __ATOMIC_RELAXED) >= soak_lives_limit();
}

/* The thread's last act: from here on the reaper may wait for it. */
void soak_end(struct soak_self *self, int code)
{
    struct soak_life *life = self->life;
    if (life != NULL) {
        life->ended = true;
    } else {
        soak_count(code == OK ? &soak_counts.finished : &soak_counts.killed, 1);
        __atomic_sub_fetch(&alive, 1, __ATOMIC_ACQ_REL);
    }
    thread_exit(code);
}

static struct soak_life *life_claim(struct random *random)
{
    uint32_t at = random_below(random, limit);
    for (unsigned probe = 0; probe < 16; probe++) {
        struct soak_life *life = &lives[(at + probe) % limit];
        uint32_t expected = LIFE_FREE;
        if (__atomic_compare_exchange_n(&life->state, &expected, LIFE_CLAIMED, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            return life;
        }
    }
    return NULL;
}

/* With soak-threads= all threads are created before the first one begins. */
static void crowd_await(struct random *random)
{
    while (!soak_has_been_full() && !soak_is_over() && !thread_current()->kill_wanted) {
        ignore_result(thread_sleep_ns(random_below(random, FULL_NS_MAX)));
    }
}

static void live(struct soak_self *self)
{
    crowd_await(&self->random);
    unsigned steps = random_between(&self->random, 1, STEPS_MAX);
    while (steps-- > 0 && !soak_is_over() && !thread_current()->kill_wanted) {
        if (random_once_in(&self->random, 3)) {
            soak_act(self);
        } else {
            soak_dive(self);
        }
    }
    soak_end(self, thread_current()->kill_wanted ? ERROR_KILLED : OK);
}

static void live_recorded(void *argument)
{
    struct soak_self self = {.life = argument};
    random_begin(&self.random, options.seed, self.life->serial);
    live(&self);
}

static void live_detached(void *argument)
{
    struct soak_self self = {.life = NULL};
    random_begin(&self.random, options.seed, (uint64_t)(uintptr_t)argument);
    live(&self);
}

uint64_t soak_affinity_choose(struct random *random)
{
    unsigned cpus = cpu_online_count();
    uint64_t all = cpus >= 64 ? UINT64_MAX : (1UL << cpus) - 1;
    uint64_t wanted = random_next(random) & all;
    return wanted == 0 || random_once_in(random, 2) ? all : wanted;
}

/* Most stacks have 16 KiB; the larger a size, the fewer threads have it. */
static size_t stack_choose(struct random *random)
{
    unsigned size = 0;
    if (random_once_in(random, LARGE_ODDS)) {
        while (size + 1 < STACK_SIZES && random_once_in(random, 2)) {
            size++;
        }
    }
    return STACK_BYTES << size;
}

bool soak_create(struct random *random)
{
    const struct thread_options wanted = {
        .name = "soak",
        .priority = (uint8_t)random_between(random, 1, SOAK_PRIORITY_MAX),
        .affinity = soak_affinity_choose(random),
        .stack_bytes = stack_choose(random),
    };
    uint64_t serial = __atomic_add_fetch(&next_serial, 1, __ATOMIC_RELAXED);
    bool detached = random_once_in(random, 8);
    struct soak_life *life = detached ? NULL : life_claim(random);
    if (!detached && life == NULL) {
        return false;
    }
    uint32_t now = __atomic_add_fetch(&alive, 1, __ATOMIC_ACQ_REL);
    struct thread *thread;
    int error;
    if (detached) {
        error = thread_create(&wanted, live_detached, (void *)serial, NULL);
    } else {
        life->serial = serial;
        life->ended = life->overflow = life->kill_asked = false;
        error = thread_create(&wanted, live_recorded, life, &thread);
    }
    if (error != OK) {
        if (error != ERROR_NO_MEMORY) {
            soak_fail("a creation failed: %s", error_name(error));
        }
        soak_count(&soak_counts.creations_refused, 1);
        __atomic_sub_fetch(&alive, 1, __ATOMIC_ACQ_REL);
        if (!detached) {
            __atomic_store_n(&life->state, LIFE_FREE, __ATOMIC_RELEASE);
        }
        return false;
    }
    soak_count(&soak_counts.created, 1);
    uint32_t most = __atomic_load_n(&alive_most, __ATOMIC_RELAXED);
    while (now > most && !__atomic_compare_exchange_n(&alive_most, &most, now, false,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    if (!detached) {
        uint64_t flags = spin_lock_irq_save(&life->lock);
        life->thread = thread;
        life->state = LIFE_PUBLISHED;
        spin_unlock_irq_restore(&life->lock, flags);
    }
    return true;
}

static void reap(struct soak_life *life)
{
    uint64_t flags = spin_lock_irq_save(&life->lock);
    struct thread *thread = life->thread;
    bool kill_asked = life->kill_asked;
    life->thread = NULL; /* no other thread may use it any more */
    spin_unlock_irq_restore(&life->lock, flags);

    int code = thread_join(thread);
    if (code == OK) {
        soak_count(&soak_counts.finished, 1);
    } else if (code == ERROR_KILLED && kill_asked) {
        soak_count(&soak_counts.killed, 1);
    } else if (code == ERROR_RANGE && life->overflow) {
        soak_count(&soak_counts.overflowed, 1);
    } else {
        soak_fail("thread %llu of the soak ended with %d (%s)", (unsigned long long)life->serial,
                  code, error_name(code));
    }
    __atomic_store_n(&life->state, LIFE_FREE, __ATOMIC_RELEASE);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_ACQ_REL);
}

void soak_reap(void)
{
    for (unsigned i = 0; i < limit; i++) {
        if (__atomic_load_n(&lives[i].state, __ATOMIC_ACQUIRE) == LIFE_PUBLISHED &&
            lives[i].ended) {
            reap(&lives[i]);
        }
    }
}

void soak_lives_tell(void)
{
    unsigned told = 0;
    for (unsigned i = 0; i < limit && told < 10; i++) {
        uint64_t flags = spin_lock_irq_save(&lives[i].lock);
        const struct thread *thread = lives[i].thread;
        if (lives[i].state == LIFE_PUBLISHED && thread != NULL) {
            console_print("# soak: thread %u (number %llu) is %s on CPU %u, priority %u, in act "
                          "%u%s%s\n",
                          thread->id, (unsigned long long)lives[i].serial,
                          thread_state_name(thread->state), thread->cpu, thread->priority,
                          lives[i].doing, lives[i].ended ? ", ended" : "",
                          thread->kill_wanted ? ", to be killed" : "");
            told++;
        }
        spin_unlock_irq_restore(&lives[i].lock, flags);
    }
}
