/* See task.h. Lock order: the list of all tasks, a task's lock. */
#include "kernel/task/task.h"

#include "kernel/task/abandoned.h"
#include "kernel/task/task_circle.h"
#include "kernel/task/task_handler.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/heap/slab.h"

/* Threads that one pass of task_kill() asks to end with interrupts off. */
#define KILLS_AT_ONCE 16
/* Tasks that task_for_each() visits with interrupts off. */
#define VISITS_AT_ONCE 16

static struct slab_cache task_cache;
static struct spinlock tasks_lock = SPINLOCK("all tasks");
static struct list tasks = LIST_INITIALIZER(tasks);
static uint32_t tasks_alive;
static uint32_t next_id;

static void quotas_release(struct task *task)
{
    frame_quota_release(task->quota);
    budget_release(task->budget);
}

static void task_destroy(struct object *object)
{
    struct task *task = container_of(object, struct task, object);
    budget_task_remove(task->budget);
    quotas_release(task);
    slab_free(&task_cache, task);
}

static void task_closed(struct object *object, unsigned rights maybe_unused, bool last maybe_unused)
{
    task_handle_closed(container_of(object, struct task, object));
}

static const struct object_operations task_operations = {.closed = task_closed,
                                                         .destroy = task_destroy};

void task_init(void)
{
    slab_cache_init(&task_cache, "task", sizeof(struct task), 8);
}

static void task_list_add(struct task *task)
{
    uint64_t flags = spin_lock_irq_save(&tasks_lock);
    task->id = ++next_id;
    list_add_last(&tasks, &task->all_node);
    tasks_alive++;
    spin_unlock_irq_restore(&tasks_lock, flags);
}

static void task_list_remove(struct task *task)
{
    uint64_t flags = spin_lock_irq_save(&tasks_lock);
    list_remove(&task->all_node);
    tasks_alive--;
    spin_unlock_irq_restore(&tasks_lock, flags);
}

/* A walk keeps its place in the list by a node that is no task. One walk is under way at a time. */
static struct mutex walk_mutex = MUTEX(walk_mutex, "walk over tasks");
static struct list_node bookmark;

void task_for_each(void (*visit)(struct task *task, void *context), void *context)
{
    mutex_lock(&walk_mutex);
    uint64_t flags = spin_lock_irq_save(&tasks_lock);
    struct list_node *node = tasks.head.next;
    for (unsigned visited = 1; node != &tasks.head; visited++) {
        visit(list_entry(node, struct task, all_node), context);
        node = node->next;
        if (visited % VISITS_AT_ONCE == 0) {
            list_insert_before(node, &bookmark);
            spin_unlock_irq_restore(&tasks_lock, flags);
            flags = spin_lock_irq_save(&tasks_lock);
            node = bookmark.next;
            list_remove(&bookmark);
        }
    }
    spin_unlock_irq_restore(&tasks_lock, flags);
    mutex_unlock(&walk_mutex);
}

/* Gives a new task its budget: the creator's, or one within that. */
static must_check int budget_choose(struct task *task, const struct task_options *options)
{
    struct budget *around = options->creator != NULL ? options->creator->budget : NULL;
    task->began_budget = options->begins_budget;
    if (options->begins_budget) {
        return budget_create(around, options->frames, &task->budget);
    }
    budget_acquire(around);
    task->budget = around;
    return OK;
}

/* Makes the quota, the budget and the address space of a new task. */
static must_check int quotas_make(struct task *task, const struct task_options *options)
{
    size_t frames = options->frames != 0 ? options->frames : TASK_FRAMES_DEFAULT;
    int error = frame_quota_create(frames, &task->quota);
    if (error != OK) {
        return error;
    }
    error = budget_choose(task, options);
    if (error == OK) {
        error = budget_task_add(task->budget);
    }
    if (error == OK) {
        if (task->budget != NULL) {
            frame_quota_nest(task->quota, task->budget->quota);
        }
        error = address_space_init(&task->space, task->quota);
        if (error != OK) {
            budget_task_remove(task->budget);
        }
    }
    if (error != OK) {
        quotas_release(task);
    }
    return error;
}

int task_create(const struct task_options *options, struct task **out)
{
    void *memory;
    int error = slab_allocate(&task_cache, &memory);
    if (error != OK) {
        return error;
    }
    struct task *task = memory;
    memset(task, 0, sizeof(*task));
    error = quotas_make(task, options);
    if (error != OK) {
        slab_free(&task_cache, task);
        return error;
    }
    object_init(&task->object, OBJECT_TASK, &task_operations);
    handle_table_init_zeroed(&task->handles,
                             options->handles != 0 ? options->handles : TASK_HANDLES_DEFAULT);
    mutex_init(&task->changes, "changes of a task");
    spinlock_init(&task->lock, "task");
    list_init(&task->threads);
    list_init(&task->unstarted);
    wait_queue_init(&task->ended);
    task->thread_limit = options->threads != 0 ? options->threads : TASK_THREADS_DEFAULT;
    task->stack_page_limit =
        options->stack_pages != 0 ? options->stack_pages : TASK_STACK_PAGES_DEFAULT;
    (void)string_copy(task->name, sizeof(task->name), options->name);
    task_list_add(task);
    object_acquire(&task->object);        /* released by task_reclaim() */
    if (budget_has_ended(task->budget)) { /* task_family_kill() may not have seen it */
        task_kill(task, ERROR_KILLED);
        object_release(&task->object);
        return ERROR_PEER_DIED;
    }
    *out = task;
    return OK;
}

/* Wakes the threads that wait for the end of the task. */
static void reclaimed_tell(struct task *task)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    task->reclaimed = true;
    wait_queue_wake_all_in_steps(&task->ended, &task->lock, flags);
    spin_unlock_irq_restore(&task->lock, flags);
}

/* Frees what the task owns. No thread of it is left, and none can be added. */
static void task_reclaim(struct task *task)
{
    task_circle_change_begin();
    mutex_lock(&task->changes);
    task->closed = true;
    mutex_unlock(&task->changes);
    task_handler_drop(task);
    handle_table_destroy(&task->handles);
    task_circle_change_end();
    address_space_destroy(&task->space);
    task_list_remove(task);
    reclaimed_tell(task);
    object_release(&task->object);
}

/*
 * Marks the task as dying: no thread can be added any more. Returns false if it was dying already.
 * The lock is held.
 */
static must_check bool dying_begin(struct task *task, int status)
{
    if (task->dying) {
        return false;
    }
    task->dying = true;
    task->status = status;
    return true;
}

/*
 * Asks the next KILLS_AT_ONCE threads to end, at most *left. A thread that was asked goes to the
 * end of the list, so each is asked once. Returns false when none is left to ask.
 */
static must_check bool threads_kill_some(struct task *task, uint32_t *left)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    for (unsigned i = 0; *left > 0 && i < KILLS_AT_ONCE; i++) {
        struct list_node *node = list_take_first(&task->threads);
        if (node == NULL) {
            *left = 0;
            break;
        }
        list_add_last(&task->threads, node);
        user_thread_kill(user_thread_of(node));
        --*left;
    }
    spin_unlock_irq_restore(&task->lock, flags);
    return *left > 0;
}

/*
 * Ends the threads that were not started: nobody can start them any more. No thread is added,
 * because the task is dying.
 */
static void unstarted_end(struct task *task)
{
    for (bool more = true; more;) {
        uint64_t flags = spin_lock_irq_save(&task->lock);
        struct list_node *node = list_take_first(&task->unstarted);
        struct user_thread *user = node != NULL ? user_thread_of(node) : NULL;
        /* If its last reference is gone, it waits for this lock to leave the list. */
        bool exists = user != NULL && object_try_acquire(&user->object);
        more = node != NULL;
        spin_unlock_irq_restore(&task->lock, flags);
        if (exists) {
            user_thread_kill(user);
            object_release(&user->object);
        }
    }
}

void task_kill(struct task *task, int status)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    bool first = dying_begin(task, status);
    uint32_t left = task->thread_count;
    spin_unlock_irq_restore(&task->lock, flags);
    if (!first) {
        return;
    }
    unstarted_end(task);
    if (left == 0) {
        task_reclaim(task);
        return;
    }
    while (threads_kill_some(task, &left)) {
    }
}

int task_wait(struct task *task, uint64_t timeout_ns, int *status)
{
    int error = OK;
    uint64_t flags = spin_lock_irq_save(&task->lock);
    while (!task->reclaimed && error == OK) {
        error = wait_queue_sleep(&task->ended, &task->lock, timeout_ns);
    }
    spin_unlock_irq_restore(&task->lock, flags);
    *status = task->status;
    return task->reclaimed ? OK : error;
}

void task_limits_set(struct task *task, uint32_t threads, uint32_t handles, uint32_t stack_pages)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    task->thread_limit = threads != 0 ? threads : task->thread_limit;
    if (stack_pages != 0) {
        __atomic_store_n(&task->stack_page_limit, stack_pages, __ATOMIC_RELAXED);
    }
    spin_unlock_irq_restore(&task->lock, flags);
    /* The table of a task that has ended is gone, and its lock with it. */
    if (handles != 0 && task_change_begin(task) == OK) {
        spin_lock(&task->handles.lock);
        task->handles.limit = handles;
        spin_unlock(&task->handles.lock);
        task_change_end(task);
    }
}

int task_change_begin(struct task *task)
{
    mutex_lock(&task->changes);
    if (task->closed) {
        mutex_unlock(&task->changes);
        return ERROR_PEER_DIED;
    }
    return OK;
}

void task_change_end(struct task *task)
{
    mutex_unlock(&task->changes);
}

int task_handle_open(struct task *task, struct object *object, unsigned rights, uint64_t badge,
                     uint32_t *handle)
{
    int error = task_change_begin(task);
    if (error == OK) {
        task_circle_change_begin();
        error = handle_open(&task->handles, object, rights, badge, handle);
        task_circle_change_end();
        if (error == OK && object == &task->object) {
            __atomic_add_fetch(&task->own_handles, 1, __ATOMIC_RELEASE);
        }
        task_change_end(task);
    }
    return error;
}

struct task *task_current(void)
{
    const struct user_thread *user = thread_user();
    return user != NULL ? user->task : NULL;
}

uint32_t task_count(void)
{
    return __atomic_load_n(&tasks_alive, __ATOMIC_RELAXED);
}

int task_thread_add(struct task *task, struct list_node *node)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    int error = task->dying                                ? ERROR_PEER_DIED
                : task->thread_count >= task->thread_limit ? ERROR_QUOTA
                                                           : budget_thread_add(task->budget);
    if (error == OK) {
        if (task->thread_count++ == 0) {
            task_circle_change_begin();
            task_circle_change_end();
        }
        list_remove(node); /* from the threads that were not started */
        list_add_last(&task->threads, node);
    }
    spin_unlock_irq_restore(&task->lock, flags);
    return error;
}

int task_unstarted_add(struct task *task, struct list_node *node)
{
    int error = OK;
    uint64_t flags = spin_lock_irq_save(&task->lock);
    if (task->dying) {
        error = ERROR_PEER_DIED;
    } else {
        list_add_last(&task->unstarted, node);
    }
    spin_unlock_irq_restore(&task->lock, flags);
    return error;
}

void task_unstarted_remove(struct task *task, struct list_node *node)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    list_remove(node);
    spin_unlock_irq_restore(&task->lock, flags);
}

void task_thread_remove(struct task *task, struct list_node *node, bool ended, int status)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    list_remove(node);
    if (!ended && !task->dying) {
        list_add_last(&task->unstarted, node); /* it may be tried again */
    }
    budget_thread_remove(task->budget);
    bool last = --task->thread_count == 0;
    if (last && ended) {
        ignore_result(dying_begin(task, status));
    }
    bool over = last && task->dying;
    spin_unlock_irq_restore(&task->lock, flags);
    if (over) {
        unstarted_end(task);
        task_reclaim(task);
    }
}
