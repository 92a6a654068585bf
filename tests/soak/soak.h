/*
 * The soak: everything that the kernel does with stacks, threads and events, all at once and for as
 * long as one wants, while memory comes and goes and refills fail. What is chosen is chosen by
 * generators that begin with the seed of the command line: soak=SECONDS seed=S.
 *
 *   soak.c         the conductor: births, failures on demand, progress, the reckoning at the end
 *   soak_thread.c  the threads: what they do, and how they die
 *   soak_dive.c    going down a stack with a pattern in every byte
 *   soak_meet.c    mutexes, semaphores, a crowd that waits: blocking, with what must hold checked
 *   soak_event.c   interrupts and NMIs, each of them waited for by who sent it
 *   soak_wait.c    what those wait for that starve longest
 *   soak_memory.c  takes all memory away, and gives it back, in waves
 */
#pragma once

#include "arch/x86_64/cpu/types.h"
#include "lib/random.h"
#include "sched/core/thread.h"

/* Sums over all threads; every change is atomic. */
struct soak_counts {
    uint64_t born, creations_refused; /* threads */
    uint64_t finished, killed, overflowed;
    uint64_t dives, dive_levels, bytes_checked, trims, ensures, ensures_refused;
    uint64_t sleeps, locks, tokens, crowds, refused_waits; /* refused: timed out, or killed */
    uint64_t priorities, moves, kill_requests;
    uint64_t waves, frames_most; /* of the eater: how often, and how many frames it held */
    uint64_t longest_hold_ns;    /* of the eater: from the first frame until all are given back */
};

extern struct soak_counts soak_counts;

static always_inline void soak_count(uint64_t *counter, uint64_t more)
{
    __atomic_add_fetch(counter, more, __ATOMIC_RELAXED);
}

/* Notes a failure of the soak with the words that repeat it, and ends it early. Any thread. */
void soak_fail(const char *format, ...) printf_like(1, 2);

/* Is it over? Then every thread ends as soon as it can. */
bool soak_is_over(void);

/* What a thread of the soak knows of itself. Lies on its own stack: nobody else has business there.
 */
struct soak_life;
struct soak_self {
    struct random random;
    struct soak_life *life; /* NULL: detached, so nobody may name it */
};

/* soak_thread.c: the threads that there are. */
#define SOAK_LIVES 4000 /* records: at most so many at once, not counting the detached */
void soak_lives_init(void);
uint32_t soak_lives_limit(void); /* the same, but no more than this machine's memory is for */
bool soak_create(struct random *random); /* one more; false: no memory, or enough of them */
uint32_t soak_alive(void);
uint32_t soak_alive_most(void); /* at once so far */
void soak_reap(void);           /* joins those that have ended; the undertaker's */
void soak_lives_tell(void);     /* prints those that are still there */
/* Something that a thread does, anywhere in a dive; returns with nothing held. */
void soak_act(struct soak_self *self);
/* Ends the calling thread here and now. */
noreturn_function void soak_end(struct soak_self *self, int code);

/* soak_dive.c */
void soak_dive(struct soak_self *self);
noreturn_function void soak_overflow(void); /* recursion without an end */

/* soak_meet.c: initialised, used, and looked at in the end. */
void soak_meet_init(void);
void soak_meet(struct soak_self *self);
void soak_crowd_wake(unsigned most); /* lets so many go; any context but NMI */
void soak_meet_check(void);

/* soak_event.c */
void soak_event_init(void);
void soak_event_send(struct random *random);   /* one to some CPU; waits until it came */
void soak_event_master(void *argument);        /* the thread that asks devices and the outside */
void soak_event_tell(char *text, size_t size); /* how many of each, in words */
void soak_event_end(void);                     /* counts must agree; handlers go */

/* soak_memory.c: the thread that eats */
void soak_eater(void *argument);
bool soak_eater_holds_all(void); /* or nearly */

/* soak_wait.c: what the longest wait of the soak was for */
void soak_wait_begin(void);
void soak_wait_watch(void *argument); /* a thread, until nobody starves any more after the end */
void soak_wait_tell(void);
