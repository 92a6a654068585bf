/*
 * Threads: the unit that runs. A thread owns one stack slot; nothing of it that others touch lies
 * on that stack.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/list.h"
#include "sched/core/wait_queue.h"

#define THREAD_PRIORITIES       32 /* 31 is the most urgent */
#define THREAD_PRIORITY_DEFAULT 16
#define THREAD_PRIORITY_SYSTEM  28 /* reclaimer, monitor */
#define THREAD_AFFINITY_ALL     UINT64_MAX
#define THREAD_MUTEXES_MAX      8 /* held at once; checked in the invariant build */

enum thread_state {
    THREAD_READY,          /* on a run queue */
    THREAD_RUNNING,        /* on its CPU */
    THREAD_BLOCKED,        /* waits for a wake-up */
    THREAD_WAITS_MEMORY,   /* would run, but no magazine covers it: on the starved queue */
    THREAD_MOVING,         /* leaves a CPU on which it may no longer run */
    THREAD_DEAD,           /* leaves its stack for good */
    THREAD_SWAP_CANDIDATE, /* blocked, and the swapper has seen it: swap_candidate.h */
};

/* What the scheduler has to see to. When the thread is dispatched, before the switch:
 * swap_candidate_dispatch(). */
#define THREAD_PENDING_MEMORY  1
#define THREAD_PENDING_SWAPPED 2 /* its top page may be elsewhere, its live bytes are saved */
/* Its stack must have so many pages; 0: what is there will do. */
#define THREAD_PENDING_PAGES       0x70
#define THREAD_PENDING_PAGES_SHIFT 4
/* And when it leaves its CPU. */
#define THREAD_PENDING_MOVES 4 /* it may no longer run there */
#define THREAD_PENDING_IDLE  8 /* for ever: it is on no run queue */

/* What the swapper notes about a thread that is in no queue. */
struct thread_swap_note {
    uint32_t since_ms; /* seen first, in this wait */
    uint8_t claim;     /* 1 + its place in the batch under way; 0: in none */
    uint8_t pages;     /* that its stack had before any was taken; 0: none was */
};

struct thread {
    uintptr_t saved_rsp; /* first member: switch.asm */
    union {
        uint64_t stack_hole; /* what the holes of its stack look like: stack_fault.h */
        void *stack_saved;   /* with THREAD_PENDING_SWAPPED: its live bytes; stack_swap.h */
    };
    uint32_t slot;
    uint32_t id;

    /* Guarded by the lock of run queue `cpu`; `cpu` itself changes only under both queues' locks.
     */
    volatile uint8_t state;
    uint8_t priority;
    volatile uint8_t cpu;
    bool expendable; /* by itself while it runs: thread_expendable_set() */
    uint8_t pending; /* THREAD_PENDING_... */
    /* How the last shrinking went: swapper.c. */
    bool shrunk;            /* shrunk, and not judged yet */
    uint8_t shrunk_to;      /* pages that were left */
    uint8_t shrink_backoff; /* it went deep again too soon: it is left alone 2^n times as long */
    uint32_t shrunk_ms;     /* when */
    uint32_t mutexes_held;  /* written by the thread itself */
    union {
        struct list_node
            run_node; /* in a run queue, or under memory_queue_lock in the starved queue */
        struct thread_swap_note rest; /* THREAD_SWAP_CANDIDATE */
    };
    uint64_t affinity;             /* CPUs it may run on, by bit */
    uint64_t memory_wait_since_ns; /* when it began to starve; 0 if it does not */

    /* See wait_queue.c. */
    struct wait_node wait;
    uint8_t timeout_cpu; /* in whose tree of deadlines wait.timeout is */

    /* Written by the thread itself, or by its CPU while it runs. */
#ifdef INVARIANT
    const struct mutex *mutexes[THREAD_MUTEXES_MAX]; /* those held: mutex_order.c */
#endif
    uint8_t slice_ticks;        /* ticks left of its turn */
    uint8_t promised_frames;    /* while it is let go and has not passed the gate; see gate.c */
    uint8_t stack_reservations; /* times stack_ensure() less stack_release(): stack_reservation.h */
    uint8_t stack_pins;         /* reasons not to swap its stack out: thread_stack_pin() */
    uint16_t pages_most;        /* most pages its stack had backed when it left a CPU */

    /* Set at creation. */
    bool backed;      /* fully backed: never starves */
    bool may_not_die; /* idle, reclaimer: an overflow here is a panic */
    bool detached;    /* nobody will join */

    volatile bool kill_wanted;

    /* Guarded by exit_lock. */
    bool exited;
    int exit_code;
    struct spinlock exit_lock;
    struct wait_queue exit_queue;

    struct list_node all_node; /* under the list's lock */

    const char *name; /* never NULL; outlives the thread */
};

DECLARE_PER_CPU(struct thread *, thread_running);

/* The thread that runs on this CPU; NULL until the scheduler started. Any context. */
static always_inline struct thread *thread_current(void)
{
    return this_cpu(thread_running);
}

struct thread_options {
    const char *name; /* kept, not copied */
    uint8_t priority; /* 0 to 31 */
    bool backed;      /* all stack pages at creation */
    bool may_not_die;
    uint64_t affinity;  /* by bit; 0: all CPUs */
    size_t stack_bytes; /* 0: 16 KiB; else a power of two, 16 KiB to 1 MiB */
};

/* Before the first thread. Once. */
void thread_init(void);

/*
 * A new thread that will run entry(argument), ready at once. With `thread` NULL it is detached,
 * else the caller must join it. Thread context, no lock held. ERROR_NO_MEMORY, ERROR_RANGE
 * (priority, size of the stack), ERROR_INVALID (affinity names no CPU that runs; the size is no
 * power of two).
 */
must_check int thread_create(const struct thread_options *options, void (*entry)(void *argument),
                             void *argument, struct thread **thread);

/* The same with the default options and a name. */
must_check int thread_start(const char *name, void (*entry)(void *argument), void *argument,
                            struct thread **thread);

/*
 * Waits until the thread has exited, frees it, and returns its exit code. Thread context; sleeps,
 * and is not ended by a kill: a joiner that is killed still has to free the thread.
 */
int thread_join(struct thread *thread);

/* Ends the calling thread, which must hold no lock. */
noreturn_function void thread_exit(int code);

/* Gives others of the same priority their turn. Thread context. */
void thread_yield(void);

/*
 * Asks a thread to die: waits of its end with ERROR_KILLED, and it dies at its next safe point,
 * which is thread_exit_if_killed(). Any context but NMI, #MC, #DF.
 */
void thread_kill(struct thread *thread);
void thread_exit_if_killed(void);

/*
 * Says that the calling thread may vanish from now on, or not any more. While it may, it holds
 * nothing that others miss, takes no mutex, and must expect to end at any instruction: the last
 * resort (oom.h) picks such threads, and only such. Thread context.
 */
void thread_expendable_set(bool expendable);

/* Of a thread that has not been joined. ERROR_RANGE, ERROR_INVALID (no such CPU runs). */
must_check int thread_priority_set(struct thread *thread, unsigned priority);
must_check int thread_affinity_set(struct thread *thread, uint64_t affinity);

/*
 * While a thread has lent out a pointer to something on its stack its live bytes must stay where
 * they are when it sleeps: it says so before it sleeps, and takes that back later. They nest. The
 * calling thread. (A wait by itself lends nothing: all that wakers touch is in the thread object.
 * Only thread_join() pins by itself: what a thread works on often lies on its joiner's stack.)
 */
void thread_stack_pin(void);
void thread_stack_unpin(void);

/* Does it wait for a wake-up? May be old when it is looked at. */
static always_inline bool thread_is_blocked(const struct thread *thread)
{
    unsigned state = thread->state;
    return state == THREAD_BLOCKED || state == THREAD_SWAP_CANDIDATE;
}

/* Sleeps for so many nanoseconds or a little longer. ERROR_KILLED if killed meanwhile. */
int thread_sleep_ns(uint64_t duration_ns);

/* Calls visit for every thread, under the list's lock, interrupts off: it must not wait. */
void thread_for_each(void (*visit)(struct thread *thread, void *context), void *context);

/* The thread that owns this slot, or has this id; NULL if none. May be gone by the time of use. */
struct thread *thread_of_slot(uint32_t slot);
struct thread *thread_find(uint32_t id);

uint32_t thread_count(void);
const char *thread_state_name(unsigned state);
