/*
 * Threads: the units that the scheduler runs. A thread owns one stack slot. Everything that other
 * threads touch lies in struct thread, never on the thread's stack, because pages of the stack may
 * be absent.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/list.h"
#include "sched/core/wait_queue.h"

struct mutex;
struct user_thread;

#define THREAD_PRIORITIES       32 /* 31 is the most urgent */
#define THREAD_PRIORITY_DEFAULT 16
#define THREAD_PRIORITY_SYSTEM  28 /* services, monitor */
#define THREAD_AFFINITY_ALL     UINT64_MAX
#define THREAD_MUTEXES_MAX      8 /* held at once; checked in the invariant build */

/* The picture in docs/threads.md shows the transitions. */
enum thread_state {
    THREAD_READY,          /* on a run queue */
    THREAD_RUNNING,        /* current on its CPU */
    THREAD_BLOCKED,        /* waits for a wake-up */
    THREAD_WAITS_MEMORY,   /* ready, but no magazine covers it: in the memory queue of gate.c */
    THREAD_MOVING,         /* between two run queues */
    THREAD_DEAD,           /* has run its last instruction; its stack is or will be destroyed */
    THREAD_SWAP_CANDIDATE, /* blocked, and noted by the swapper: swap_candidate.h */
};

/* How a thread inherits a priority: schedule_inherit(). */
enum thread_inherit {
    THREAD_INHERIT_CALL,  /* it answers a call of IPC, or others wait to call it */
    THREAD_INHERIT_MUTEX, /* others wait for a mutex that it holds */
    THREAD_INHERIT_WAYS
};

/* Bits of thread->pending: work that the scheduler does for the thread. */
/* Before the switch to it, by swap_candidate_dispatch(): */
#define THREAD_PENDING_MEMORY  1 /* it is counted in memory_waiters(): take it out */
#define THREAD_PENDING_SWAPPED 2 /* its stack is swapped out: map a top page, copy the bytes back */
/* Three bits: the number of pages that its stack must have before it runs; 0: it has enough. */
#define THREAD_PENDING_PAGES       0x70
#define THREAD_PENDING_PAGES_SHIFT 4
/* When it leaves its CPU: */
#define THREAD_PENDING_MOVES 4 /* its affinity no longer allows this CPU */
#define THREAD_PENDING_IDLE  8 /* an idle thread, which is on no run queue; never cleared */
/* With THREAD_PENDING_SWAPPED: it has no stack, because it gave its own away (handoff.h). */
#define THREAD_PENDING_HANDED 0x80

/* The swapper's notes about a THREAD_SWAP_CANDIDATE. */
struct thread_swap_note {
    uint32_t since_ms; /* when the swapper first saw it in this wait */
    uint8_t claim;     /* 1 + its index in the batch under way; 0: in no batch */
    uint8_t pages;     /* pages of its stack before the first was taken; 0: none was taken */
};

struct thread {
    uintptr_t saved_rsp; /* first member: switch.asm */
    union {
        uint64_t stack_hole; /* the page-table entry of this stack's holes: stack_fault.h */
        void *stack_saved;   /* with THREAD_PENDING_SWAPPED: its live bytes (stack_swap.h), or
                                with THREAD_PENDING_HANDED its struct stack_handoff */
    };
    uint32_t slot;
    uint32_t id;

    /*
     * Guarded by the lock of run queue `cpu`. `cpu` changes only under the lock of the queue that
     * it names before the change.
     */
    volatile uint8_t state; /* it and the next three bytes: see run_queue.sleeper_word */
    volatile uint8_t cpu;
    uint8_t pending; /* THREAD_PENDING_... */
    /*
     * `priority` is the highest of `base_priority`, which is its own, and the entries of
     * `inherited`. An entry is the highest priority that it has inherited by that way; 0: none.
     */
    uint8_t inherited[THREAD_INHERIT_WAYS];
    uint8_t priority;
    uint8_t base_priority;
    bool expendable; /* written by the thread itself: thread_expendable_set() */
    /* The result of the last shrink, for the swapper's hysteresis: swapper_pass.c. */
    bool shrunk;            /* it was shrunk, and the result is not known yet */
    uint8_t shrunk_to;      /* pages that the shrink left */
    uint8_t shrink_backoff; /* it must sleep 2^shrink_backoff times as long before the next */
    uint8_t mutexes_held;   /* written by the thread itself; the invariant build bounds it */
    uint32_t shrunk_ms;     /* time of the shrink */
    union {
        struct list_node run_node; /* in a run queue; or in the memory queue, under its lock */
        struct thread_swap_note swap_note; /* THREAD_SWAP_CANDIDATE */
    };
    uint64_t affinity;             /* CPUs it may run on, by bit */
    uint64_t memory_wait_since_ns; /* when its wait for memory began; 0: it does not wait */

    /* See wait_queue.c. */
    struct wait_node wait;

    /* Written by the thread itself, or by its CPU while it runs. */
#ifdef INVARIANT
    const struct mutex *mutexes[THREAD_MUTEXES_MAX]; /* mutexes that it holds: mutex_order.c */
    uint32_t depth_sections;                         /* its depth sections, while it does not run */
#endif
    uint64_t run_ticks;         /* ticks of the timer that found it running */
    uint8_t timeout_cpu;        /* the CPU whose tree of timeouts holds wait.timeout */
    uint8_t slice_ticks;        /* ticks left of its time slice */
    uint8_t promised_frames;    /* granted to it by gate.c until it passes the gate */
    uint8_t stack_reservations; /* stack_ensure() calls minus stack_release() calls */
    uint8_t stack_pins;         /* reasons not to swap its stack out: thread_stack_pin() */
    bool exited;                /* guarded by exit_lock */
    uint16_t pages_most;        /* most pages that its stack had when it left a CPU */

    /* Set by thread_create(). */
    bool backed;      /* its whole stack is backed: it never waits for memory */
    bool may_not_die; /* idle, services: an overflow here is a panic */
    bool detached;    /* no thread will join it */

    volatile bool kill_wanted;

    int exit_code; /* guarded by exit_lock */
    struct spinlock exit_lock;
    struct wait_queue exit_queue;

    struct mutex *blocked_on; /* under the lock of mutex_donation.c */

    struct list_node all_node; /* under the list's lock: thread_list.c */

    const char *name; /* never NULL; outlives the thread */

    struct user_thread *user; /* kernel/task/user_thread.h; NULL: it never runs in user mode */
};

DECLARE_PER_CPU(struct thread *, thread_running);

/*
 * Hook: loads what a thread with `user` set needs to run in user mode or to copy from there: page
 * tables, kernel stack for entries from ring 3, FS base. Called in the switch to the thread.
 * Context: ATOMIC, interrupts off, this CPU's run-queue lock held.
 */
extern void (*thread_user_load)(const struct thread *thread);

/*
 * Hook: called when a thread with `user` set leaves its CPU and its stack has more pages than at
 * any earlier switch. Context: ATOMIC, interrupts off, this CPU's run-queue lock held.
 */
extern void (*thread_stack_grew)(const struct thread *thread);

/*
 * Hook: ends the user side of the calling thread, which is about to end with `code`, and sets
 * thread->user to NULL. Context: THREAD.
 */
extern void (*thread_user_exit)(struct thread *thread, int code);

/* Returns the thread that runs on this CPU; NULL until the scheduler started. Context: ANY. */
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
    /* If set, USER_FRAME_ROOM bytes at the top of the stack are left for the user's registers. */
    struct user_thread *user;
};

/* Prepares the slab cache of struct thread. Context: boot, before the first thread_create(). */
void thread_init(void);

/* Bytes of the caller's stack that thread_create() needs as a depth section (depth_section.h). */
#define THREAD_CREATE_DEPTH 2700

/*
 * Creates a thread that runs entry(argument), and makes it ready. With `thread` NULL the thread is
 * detached and frees itself; otherwise *thread is set and the caller must join it.
 * Context: THREAD. Errors: ERROR_NO_MEMORY; ERROR_RANGE (priority or stack_bytes);
 * ERROR_INVALID (affinity names no online CPU, stack_bytes is no power of two).
 */
must_check int thread_create(const struct thread_options *options, void (*entry)(void *argument),
                             void *argument, struct thread **thread);

/*
 * Creates a thread of default priority, affinity and stack size, as thread_create() does.
 * Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int thread_start(const char *name, void (*entry)(void *argument), void *argument,
                            struct thread **thread);

/*
 * Waits until the thread has exited, frees it, and returns its exit code. A kill of the caller does
 * not end the wait, because the caller must free the thread. Context: THREAD; sleeps.
 */
int thread_join(struct thread *thread);

/* Ends the calling thread, which must hold no lock. Context: THREAD. */
noreturn_function void thread_exit(int code);

/* Lets other ready threads of the caller's priority run first. Context: THREAD. */
void thread_yield(void);

/*
 * Asks a thread to end. From now on its killable waits return ERROR_KILLED, and it ends at its next
 * call of thread_exit_if_killed(). The caller makes sure that the thread is not freed during the
 * call. Context: IRQ.
 */
void thread_kill(struct thread *thread);

/* Ends the calling thread if it was asked to end. Context: THREAD, no lock held. */
void thread_exit_if_killed(void);

/*
 * Marks the calling thread as expendable, or as not expendable. An expendable thread holds nothing
 * that others need; it takes no mutex and enters no depth section (depth_section.h). It may end at
 * any instruction. The out-of-memory policy (oom.h) kills only such threads. Panics if the caller
 * holds a mutex or may not die. Context: THREAD.
 */
void thread_expendable_set(bool expendable);

/*
 * Sets the base priority of a thread that has not been joined. The thread still runs at a higher
 * priority that it has inherited. Context: IRQ. Errors: ERROR_RANGE (above 31).
 */
must_check int thread_priority_set(struct thread *thread, unsigned priority);

/*
 * Sets the CPUs, by bit, on which a thread that has not been joined may run. A thread that runs
 * elsewhere moves at its next dispatch; the caller itself has moved on return. Context: THREAD.
 * Errors: ERROR_INVALID (names no online CPU).
 */
must_check int thread_affinity_set(struct thread *thread, uint64_t affinity);

/*
 * Keeps the live bytes of the calling thread's stack mapped while it sleeps. Call it before a sleep
 * during which others use a pointer into this stack. Calls nest; each needs a thread_stack_unpin().
 * (Sleeping by itself needs no pin: what wakers touch is in struct thread. thread_join() pins,
 * since the thread that is joined often works on its joiner's stack.) Context: THREAD.
 */
void thread_stack_pin(void);

/* Ends the effect of one thread_stack_pin() of the calling thread. Context: THREAD. */
void thread_stack_unpin(void);

/*
 * Says whether the thread waits for a wake-up. Without the run queue's lock the answer may be out
 * of date when it is used. Context: ANY.
 */
static always_inline bool thread_is_blocked(const struct thread *thread)
{
    unsigned state = thread->state;
    return state == THREAD_BLOCKED || state == THREAD_SWAP_CANDIDATE;
}

/*
 * Sleeps for duration_ns nanoseconds, or up to a tick longer. Context: THREAD.
 * Errors: ERROR_KILLED, if it is killed meanwhile.
 */
int thread_sleep_ns(uint64_t duration_ns);

/*
 * Calls visit for every thread that exists during the whole call, with the list's lock held and
 * interrupts off: visit must not wait. The lock is released every few threads, so a thread pointer
 * is valid within one call of visit only. Context: THREAD; sleeps while too many walks are under
 * way.
 */
void thread_for_each(void (*visit)(struct thread *thread, void *context), void *context);

/*
 * Returns the thread that owns a stack slot, or NULL. The thread may be gone by the time the result
 * is used. Context: THREAD.
 */
struct thread *thread_of_slot(uint32_t slot);

/*
 * Returns the thread with this id, or NULL. The thread may be gone by the time the result is used.
 * Context: THREAD.
 */
struct thread *thread_find(uint32_t id);

#define THREAD_NAME_SHOWN_BYTES 24

/*
 * Copies the name of a thread, cut if it does not fit, for whoever shows it later: the name of a
 * user thread is freed with its task. The thread must not be freed meanwhile. Context: ANY.
 */
void thread_name_copy(char to[THREAD_NAME_SHOWN_BYTES], const struct thread *thread);

/* Returns the number of threads, the idle threads included. Context: ANY. */
uint32_t thread_count(void);

/* Returns the word for a thread_state, "unknown" for other values. Context: ANY. */
const char *thread_state_name(unsigned state);
