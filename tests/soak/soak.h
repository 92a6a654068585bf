/*
 * The soak: everything that the kernel does with stacks, threads and events, at once and for as
 * long as asked, while memory comes and goes and refills fail. All choices are made by generators
 * that begin with the seed of the command line: soak=SECONDS seed=S.
 *
 *   soak.c         the main thread: creations, injected failures, progress, the final checks
 *   soak_thread.c  the threads: how they begin and end
 *   soak_act.c     what they do
 *   soak_dive.c    going down a stack with a pattern in every byte
 *   soak_meet.c    mutexes, semaphores, a crowd that waits; each checks its own invariant
 *   soak_event.c   interrupts and NMIs, each awaited by its sender
 *   soak_wait.c    the reasons for the longest waits for memory
 *   soak_memory.c  takes all memory away, and gives it back, in waves
 */
#pragma once

#include "arch/x86_64/cpu/types.h"
#include "lib/random.h"
#include "sched/core/thread.h"

/* Sums over all threads; every change is atomic. */
struct soak_counts {
    uint64_t created, creations_refused; /* threads */
    uint64_t finished, killed, overflowed;
    uint64_t dives, dive_levels, bytes_checked, trims, ensures, ensures_refused;
    uint64_t sleeps, locks, tokens, crowds, refused_waits; /* refused: ended by timeout or kill */
    uint64_t priorities, moves, kill_requests;
    uint64_t waves, frames_most; /* of the eater: how often, and how many frames it held */
    uint64_t longest_hold_ns;    /* of the eater: from the first frame until all are given back */
};

extern struct soak_counts soak_counts;

static always_inline void soak_count(uint64_t *counter, uint64_t more)
{
    __atomic_add_fetch(counter, more, __ATOMIC_RELAXED);
}

/*
 * Notes a failure of the soak with the command that repeats it, and ends the soak. Context: THREAD.
 */
void soak_fail(const char *format, ...) printf_like(1, 2);

/* Whether the soak is over; then every thread ends as soon as it can. */
bool soak_is_over(void);

/* A thread's own data. It lies on the thread's stack, and no other thread uses it. */
struct soak_life;
struct soak_self {
    struct random random;
    struct soak_life *life; /* NULL: detached, so no other thread may use it */
};

/* soak_thread.c: the threads of the soak. */
#define SOAK_LIVES 4000                /* the most at once, unless soak-threads= says how many */
must_check bool soak_lives_init(void); /* false: no memory for the records */
void soak_lives_end(void);
uint32_t soak_lives_limit(void);         /* SOAK_LIVES, or less on a machine with less memory */
bool soak_has_been_full(void);           /* all threads of soak-threads= were there at once */
bool soak_create(struct random *random); /* creates one more; false: no memory, or enough */
uint32_t soak_alive(void);
uint32_t soak_alive_most(void); /* the most at once so far */
void soak_reap(void);           /* joins threads that have ended; called by the reaper */
void soak_lives_tell(void);     /* prints the threads that are still there */
/* Ends the calling thread here and now. */
noreturn_function void soak_end(struct soak_self *self, int code);

/* soak_act.c: something that a thread does, anywhere in a dive; it returns with nothing held. */
void soak_act(struct soak_self *self);

/* soak_dive.c */
void soak_dive(struct soak_self *self);
noreturn_function void soak_overflow(void); /* endless recursion */
/* Says whether the stack below has the room that thread_create() touches in advance. */
bool soak_may_create(void);

/* soak_meet.c: initialized, used, and checked in the end. */
void soak_meet_init(void);
void soak_meet(struct soak_self *self);
void soak_crowd_wake(unsigned most); /* wakes up to `most` members; context: ANY but NMI */
void soak_meet_check(void);

/* soak_event.c */
void soak_event_init(void);
void soak_event_send(struct random *random); /* sends one to some CPU; waits until it came */
/* the thread that starts events of devices and asks the host for NMIs */
void soak_event_master(void *argument);
void soak_event_tell(char *text, size_t size); /* the number of each kind, in words */
/* checks that the counts agree; removes the handlers */
void soak_event_end(void);

/* soak_memory.c: the thread that takes all memory */
void soak_eater(void *argument);
bool soak_eater_holds_all(void); /* or nearly all */

/* soak_wait.c: the reasons for the longest wait of the soak */
void soak_wait_begin(void);
/* a thread; runs until no thread waits for memory after the end */
void soak_wait_watch(void *argument);
void soak_wait_tell(void);
