/*
 * Threads that run in user mode. Handles name the object struct user_thread. Its kernel thread, a
 * struct thread, exists only while it runs.
 *
 *   created ---user_thread_start()---> running ---it ends---> ended
 */
#pragma once

#include "arch/x86_64/entry/user_context.h"
#include "kernel/ipc/ipc_state.h"
#include "kernel/object/handle_note.h"
#include "kernel/task/task.h"
#include "sched/core/thread.h"

struct user_thread {
    struct user_context context;
    struct object object;
    struct task *task; /* a reference */
    struct ipc_state ipc;
    union {
        struct {           /* until user_thread_notes_begin() */
            uintptr_t rip; /* where it starts in user mode */
            uint64_t affinity;
            uintptr_t rsp;
            uint64_t argument; /* in RDI */
        };
        struct {                        /* from then on, written by the thread itself */
            struct handle_note signals; /* the notification that it signalled last: RIGHT_SEND */
            struct handle_note waits;   /* and the one that it waited for last: RIGHT_RECEIVE */
        };
    };
    uint32_t id; /* of the kernel's thread, for messages; 0 before it was started */
    uint8_t priority;
    /* Written by the thread itself: a pager did not supply a page. It is to end with `status`. */
    bool pager_failed;

    uint16_t stack_pages;       /* pages of its kernel stack that are charged to the task; atomic */
    struct list_node task_node; /* under the task's lock */

    struct spinlock lock;  /* guards the rest */
    struct thread *thread; /* NULL: not started yet, or ended */
    bool started;
    bool ended;
    bool suspended;
    int status;                       /* when it has ended; before, see pager_failed */
    struct trap_frame *stopped_frame; /* its registers while it is stopped; else NULL */
    struct wait_queue waiters;        /* threads that wait for its end or its stop */
    struct wait_queue resumed;        /* the thread itself while it is stopped */
};

/* Prepares the caches of tasks and threads. Context: boot, before the first task. */
void user_thread_init(void);

/*
 * Creates a thread that has not started, with this priority and affinity (0: any CPU). The caller
 * gets a reference. Context: THREAD.
 * Errors: ERROR_NO_MEMORY, ERROR_RANGE (priority above 31), ERROR_PEER_DIED (the task ends).
 */
must_check int user_thread_create(struct task *task, unsigned priority, uint64_t affinity,
                                  struct user_thread **out);

/*
 * Lets a thread use the FPU that has not started and may not use it yet. Context: THREAD. Errors:
 * ERROR_NO_MEMORY.
 */
must_check int user_thread_fpu_give(struct user_thread *user);

/*
 * Starts a thread in user mode at `rip` with stack pointer `rsp` and `argument` in RDI.
 * Context: THREAD. Errors: ERROR_RANGE (`rip` is no user address), ERROR_EXISTS (it was started
 * before), ERROR_NO_MEMORY, ERROR_INVALID (affinity names no online CPU), ERROR_PEER_DIED.
 */
must_check int user_thread_start(struct user_thread *user, uintptr_t rip, uintptr_t rsp,
                                 uint64_t argument);

/*
 * Ends a thread. A thread that runs ends on its way to user mode, and its waits return ERROR_KILLED
 * until then. A thread that was never started ends at once, with the status ERROR_KILLED.
 * Context: IRQ.
 */
void user_thread_kill(struct user_thread *user);

/*
 * Sets the priority of a thread, which may not have started yet. Context: THREAD.
 * Errors: ERROR_RANGE (above 31).
 */
must_check int user_thread_priority_set(struct user_thread *user, unsigned priority);

/*
 * Returns how many frames have what threads need to wait without a stack (ipc=handoff).
 * Context: ANY. Not exact while it changes.
 */
size_t user_thread_handoff_frames(void);

/*
 * Waits until a thread has ended, and stores its status. Context: THREAD.
 * Errors: ERROR_KILLED (the caller is to end), ERROR_TIMEOUT, ERROR_INVALID (it is the caller).
 */
must_check int user_thread_wait(struct user_thread *user, uint64_t timeout_ns, int *status);

/*
 * Loads what the thread needs to run in user mode on the calling CPU. For kernel/hooks.c: the hook
 * thread_user_load. Context: ATOMIC, interrupts off, run-queue lock held.
 */
void user_thread_load(const struct thread *thread);

/* The part of user_thread_notes_release() for a thread that has noted a handle. */
void user_thread_notes_release_slowly(const struct user_thread *user);

/* user_thread_load() in line, for system calls that switch by themselves. Context: as there. */
static always_inline void user_thread_load_inline(const struct thread *thread)
{
    struct user_context *context = &thread->user->context;
    if (unlikely(context->special & (USER_SPECIAL_NEW | USER_SPECIAL_FPU))) {
        user_thread_load(thread);
    } else {
        user_context_load_inline(context);
    }
}

/*
 * thread_load() in line, for a switch from a thread with a user mode, not with FRED. If neither
 * thread has an FPU or an FS base, the base is 0, and is not written. Context: as there.
 */
static always_inline void user_thread_load_from(const struct thread *thread,
                                                const struct user_thread *from)
{
    struct user_thread *user = thread->user;
    if (unlikely(user == NULL)) {
        return;
    }
    if (unlikely((user->context.special | from->context.special) != 0)) {
        user_thread_load(thread);
    } else {
        user_context_load_without_fs(&user->context);
    }
}

/*
 * Does what the hazards of the calling thread ask for: ends it or stops it. For kernel/hooks.c: the
 * hook user_return_work. Context: THREAD, on the way to ring 3.
 */
void user_thread_work(struct trap_frame *frame, uint32_t hazards);

/*
 * Charges the pages of the thread's kernel stack, as far as they were not charged before, to its
 * task. They stay charged until the thread ends, even if they are taken away. For kernel/hooks.c:
 * the hook thread_stack_grew. Context: ATOMIC; or THREAD, for the calling thread.
 */
void user_thread_stack_charge(const struct thread *thread);

/*
 * Makes the notes of handles empty. The first function of the kernel's thread calls it when it has
 * read where the thread starts. Context: THREAD.
 */
static always_inline void user_thread_notes_begin(struct user_thread *user)
{
    handle_note_init(&user->signals);
    handle_note_init(&user->waits);
}

/*
 * Releases what the thread has noted of handles. Called once, by a thread that uses no handle any
 * more. Context: THREAD.
 */
static always_inline void user_thread_notes_release(const struct user_thread *user)
{
    if (unlikely(((uintptr_t)user->signals.object | (uintptr_t)user->waits.object) != 0)) {
        user_thread_notes_release_slowly(user);
    }
}

/*
 * Ends the user side of the calling thread, which is about to end with `status`: wakes the threads
 * that wait for it and leaves its task. For kernel/hooks.c: the hook thread_user_exit.
 * Context: THREAD.
 */
void user_thread_exit(struct thread *thread, int status);

/* Returns the thread whose task_node this is. Context: ANY. */
struct user_thread *user_thread_of(struct list_node *node);

/*
 * Returns the calling thread's struct user_thread, or NULL if it has no user mode. Context: THREAD.
 */
static always_inline struct user_thread *thread_user(void)
{
    return thread_current()->user;
}
