/*
 * Tasks: a task is what the threads of one program share: an address space, a table of handles, and
 * quotas. It runs as long as one of its threads does. user_thread.h describes its threads.
 *
 * A task ends when it is killed, or when its last thread ends. Then its other threads are killed, a
 * few at a time with interrupts off. The last thread to end frees the address space and the
 * handles, also in short steps. The object, with the exit status, remains until its last handle is
 * closed.
 */
#pragma once

#include "kernel/object/handle_table.h"
#include "kernel/task/budget.h"
#include "mm/space/address_space.h"
#include "sched/sync/mutex.h"

#define TASK_HANDLES_DEFAULT     1024
#define TASK_THREADS_DEFAULT     16384
#define TASK_STACK_PAGES_DEFAULT (4 * TASK_THREADS_DEFAULT)
#define TASK_FRAMES_DEFAULT      (1UL << 36) /* 256 TiB: more than a machine has */
#define TASK_THREAD_PRIORITY     THREAD_PRIORITY_DEFAULT

struct task_options {
    const char *name; /* copied, cut to TASK_NAME_BYTES - 1 bytes */
    size_t frames;    /* quotas; 0: the defaults above */
    uint32_t threads;
    uint32_t handles;
    uint32_t stack_pages;
    struct task *creator; /* in whose budget it is created; NULL: of the kernel, without a budget */
    bool begins_budget;   /* of `frames`, within the creator's */
};

struct task {
    struct object object;
    uint32_t id;
    char name[TASK_NAME_BYTES];

    struct address_space space;
    struct mutex changes; /* held for changes of the address space, and of the handles by others */
    struct handle_table handles;
    struct frame_quota *quota; /* part of the budget's, if there is one */
    struct budget *budget;     /* a reference; NULL: none */
    bool began_budget;         /* the budget is its own, and its children's */

    struct spinlock lock;  /* guards the rest */
    struct list threads;   /* threads that were started and have not ended */
    struct list unstarted; /* threads that were not started */
    uint32_t thread_count;
    uint32_t thread_limit;
    /*
     * The sum, over its threads, of the most pages that each thread's kernel stack has had. Pages
     * are counted after they were filled, because a stack fault never fails. Beyond the limit,
     * system calls that allocate are refused.
     */
    uint32_t stack_pages; /* atomic */
    uint32_t stack_page_limit;
    bool dying;     /* no thread can be added any more */
    bool closed;    /* under `changes`: address space and handles are being freed, or are gone */
    bool reclaimed; /* address space and handles are gone */
    int status;     /* valid once `dying` */
    struct handle_value handler; /* the endpoint that is told of exceptions; object NULL: none */
    struct wait_queue ended;     /* threads that wait for `reclaimed` */

    bool
        is_for_programs; /* atomic: the kernel has done its part, and only a program can start it */
    bool abandoned;      /* it is, or was, in the list of abandoned tasks (abandoned.c) */
    uint32_t own_handles; /* to itself, that were opened in its table from outside; atomic */
    struct list_node abandoned_node;
    /* For the search for circles (task_circle.c): */
    bool circle_candidate;
    uint32_t circle_handles; /* to this task, in tables of candidates */
    struct list_node circle_node;
    struct list_node all_node; /* under the lock of the list of all tasks */
};

/*
 * Creates a task without threads, mappings and handles. The caller gets a reference. Context:
 * THREAD. Errors: ERROR_NO_MEMORY, ERROR_QUOTA, ERROR_PEER_DIED (the budget has ended).
 */
must_check int task_create(const struct task_options *options, struct task **task);

/*
 * Ends a task: kills its threads, and reclaims what it owns when the last of them has ended. Only
 * the first call's status counts. Returns at once; the caller may be a thread of the task, which
 * then ends on its way to user mode. Context: THREAD.
 */
void task_kill(struct task *task, int status);

/*
 * Waits until a task has ended and everything that it owned is reclaimed, and stores its status.
 * Context: THREAD. Errors: ERROR_KILLED (the caller is to end), ERROR_TIMEOUT.
 */
must_check int task_wait(struct task *task, uint64_t timeout_ns, int *status);

/*
 * Sets quotas of a task; 0 leaves one as it is. The task keeps what it has beyond a new quota, but
 * gets no more. `handles` is at most HANDLES_MAX. A task that has ended has no quota of handles any
 * more. Context: THREAD.
 */
void task_limits_set(struct task *task, uint32_t threads, uint32_t handles, uint32_t stack_pages);

/*
 * Begins a change of a task's address space, or a change of its handles by another task. Other such
 * changes wait until task_change_end(). Context: THREAD. Errors: ERROR_PEER_DIED (the task has
 * ended); then no change has begun.
 */
must_check int task_change_begin(struct task *task);

/* Ends a change that task_change_begin() began. Context: THREAD. */
void task_change_end(struct task *task);

/*
 * Opens a handle in the table of a task, which may be another task than the caller's.
 * Context: THREAD. Errors: ERROR_PEER_DIED, ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int task_handle_open(struct task *task, struct object *object, unsigned rights,
                                uint64_t badge, uint32_t *handle);

/*
 * Returns the task of the calling thread, or NULL if it is a thread of the kernel. Context: THREAD.
 */
struct task *task_current(void);

/*
 * Calls visit for every task that exists during the whole call, by id, with the list's lock held
 * and interrupts off: visit must not wait. The lock is released every few tasks. Context: THREAD;
 * waits for another walk.
 */
void task_for_each(void (*visit)(struct task *task, void *context), void *context);

/*
 * Returns the number of tasks whose address space and handles have not been freed yet. Context:
 * ANY.
 */
uint32_t task_count(void);

/*
 * Adds a thread that is about to start to the task's threads. For user_thread.c. Context: THREAD.
 * Errors: ERROR_QUOTA (too many threads), ERROR_PEER_DIED (the task ends).
 */
must_check int task_thread_add(struct task *task, struct list_node *node);

/*
 * Removes a thread that has ended, or that could not be started. The last thread that has ended
 * ends the task with `status`. For user_thread.c. Context: THREAD.
 */
void task_thread_remove(struct task *task, struct list_node *node, bool ended, int status);

/*
 * Adds a thread that was created to the threads that were not started. For user_thread.c. Context:
 * THREAD. Errors: ERROR_PEER_DIED (the task ends).
 */
must_check int task_unstarted_add(struct task *task, struct list_node *node);

/*
 * Removes a thread that was never started and is being freed. For user_thread.c. Context: THREAD.
 */
void task_unstarted_remove(struct task *task, struct list_node *node);

/*
 * Starts the thread that ends tasks which nobody can start any more (abandoned.h).
 * Context: boot, in the first thread. Errors: ERROR_NO_MEMORY.
 */
must_check int task_start_service(void);

/* Prepares the cache of tasks. For user_thread_init(). Context: boot. */
void task_init(void);
