/* See task.h. Lock order: the list of all tasks is a leaf, and so is a task's lock. */
#include "kernel/task/task.h"

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

static void task_destroy(struct object *object)
{
    struct task *task = container_of(object, struct task, object);
    frame_quota_release(task->quota);
    slab_free(&task_cache, task);
}

/*
 * Tasks whose last handle was closed while they had no thread. Nothing can start a thread in them
 * any more, so a thread of the kernel ends them. The code that closes a handle must not do it: the
 * end of a task closes the task's own handles, which may be the last ones of further tasks, and so
 * on, and the stack could overflow.
 * A handle to the task in its own table does not count: without a thread nobody can use it.
 */
static struct spinlock abandoned_lock = SPINLOCK("abandoned tasks");
static struct list abandoned = LIST_INITIALIZER(abandoned);
static struct wait_queue abandoned_wanted = {LIST_INITIALIZER(abandoned_wanted.waiters)};

static void task_closed(struct object *object, unsigned rights maybe_unused, bool last maybe_unused)
{
    struct task *task = container_of(object, struct task, object);
    if (object_handle_count(object) > __atomic_load_n(&task->own_handles, __ATOMIC_ACQUIRE)) {
        return;
    }
    uint64_t flags = spin_lock_irq_save(&task->lock);
    bool over = task->thread_count == 0 && !task->dying && !task->abandoned;
    task->abandoned = task->abandoned || over;
    spin_unlock_irq_restore(&task->lock, flags);
    if (over) {
        object_acquire(&task->object);
        flags = spin_lock_irq_save(&abandoned_lock);
        list_add_last(&abandoned, &task->abandoned_node);
        ignore_result(wait_queue_wake_one(&abandoned_wanted));
        spin_unlock_irq_restore(&abandoned_lock, flags);
    }
}

static struct task *abandoned_take(void)
{
    struct list_node *node;
    uint64_t flags = spin_lock_irq_save(&abandoned_lock);
    while ((node = list_take_first(&abandoned)) == NULL) {
        wait_queue_sleep_unkillable(&abandoned_wanted, &abandoned_lock);
    }
    spin_unlock_irq_restore(&abandoned_lock, flags);
    return list_entry(node, struct task, abandoned_node);
}

static void abandoned_run(void *argument maybe_unused)
{
    for (;;) {
        struct task *task = abandoned_take();
        task_kill(task, ERROR_PEER_DIED);
        object_release(&task->object);
    }
}

int task_start_service(void)
{
    const struct thread_options options = {
        .name = "tasks", .priority = THREAD_PRIORITY_DEFAULT, .may_not_die = true};
    return thread_create(&options, abandoned_run, NULL, NULL);
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

int task_create(const struct task_options *options, struct task **out)
{
    void *memory;
    int error = slab_allocate(&task_cache, &memory);
    if (error != OK) {
        return error;
    }
    struct task *task = memory;
    memset(task, 0, sizeof(*task));
    size_t frames = options->frames != 0 ? options->frames : TASK_FRAMES_DEFAULT;
    error = frame_quota_create(frames, &task->quota);
    if (error == OK) {
        error = address_space_init(&task->space, task->quota);
        if (error != OK) {
            frame_quota_release(task->quota);
        }
    }
    if (error != OK) {
        slab_free(&task_cache, task);
        return error;
    }
    object_init(&task->object, OBJECT_TASK, &task_operations);
    handle_table_init(&task->handles,
                      options->handles != 0 ? options->handles : TASK_HANDLES_DEFAULT);
    mutex_init(&task->changes, "changes of a task");
    spinlock_init(&task->lock, "task");
    list_init(&task->threads);
    wait_queue_init(&task->ended);
    task->thread_limit = options->threads != 0 ? options->threads : TASK_THREADS_DEFAULT;
    task->stack_page_limit =
        options->stack_pages != 0 ? options->stack_pages : TASK_STACK_PAGES_DEFAULT;
    (void)string_copy(task->name, sizeof(task->name), options->name);
    task_list_add(task);
    object_acquire(&task->object); /* released by task_reclaim() */
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
    mutex_lock(&task->changes);
    task->closed = true;
    mutex_unlock(&task->changes);
    task_handler_drop(task);
    handle_table_destroy(&task->handles);
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
    for (unsigned i = 0; i<KILLS_AT_ONCE && * left> 0; i++) {
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

void task_kill(struct task *task, int status)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    bool first = dying_begin(task, status);
    uint32_t left = task->thread_count;
    spin_unlock_irq_restore(&task->lock, flags);
    if (!first) {
        return;
    }
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
        error = handle_open(&task->handles, object, rights, badge, handle);
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
    int error = OK;
    uint64_t flags = spin_lock_irq_save(&task->lock);
    if (task->dying) {
        error = ERROR_PEER_DIED;
    } else if (task->thread_count >= task->thread_limit) {
        error = ERROR_QUOTA;
    } else {
        list_add_last(&task->threads, node);
        task->thread_count++;
    }
    spin_unlock_irq_restore(&task->lock, flags);
    return error;
}

void task_thread_remove(struct task *task, struct list_node *node, bool ended, int status)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    list_remove(node);
    bool last = --task->thread_count == 0;
    if (last && ended) {
        ignore_result(dying_begin(task, status));
    }
    bool over = last && task->dying;
    spin_unlock_irq_restore(&task->lock, flags);
    if (over) {
        task_reclaim(task);
    }
}
