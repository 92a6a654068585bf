/* See user_thread.h. Lock order: the task's lock, a thread's lock, the scheduler's locks. */
#include "kernel/task/user_thread.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/fpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/ipc/ipc.h"
#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/heap/slab.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_size.h"
#include "sched/core/schedule.h"
#include "sched/core/thread_list.h"

static_assert(STACK_PAGES_MAX <= UINT16_MAX, "user_thread.stack_pages counts them");

static struct slab_cache user_thread_cache;
static struct slab_cache fpu_cache;
static struct slab_cache handoff_cache;

static void user_thread_free(struct user_thread *user)
{
    if (user->ipc.handoff != NULL) {
        slab_free(&handoff_cache, user->ipc.handoff);
    }
    slab_free(&user_thread_cache, user);
}

/* With ipc=handoff, gives a new thread what it needs to give its stack away. */
static must_check int handoff_make(struct user_thread *user)
{
    void *memory;
    if (!handoff_wanted) {
        return OK;
    }
    int error = slab_allocate(&handoff_cache, &memory);
    if (error == OK) {
        user->ipc.handoff = memory;
        *user->ipc.handoff = (struct ipc_handoff){.stack = {.stack_top = &user->context.stack_top,
                                                            .cs = SELECTOR_USER_CODE,
                                                            .ss = SELECTOR_USER_DATA}};
    }
    return error;
}

static void user_thread_destroy(struct object *object)
{
    struct user_thread *user = container_of(object, struct user_thread, object);
    if (!user->started) {
        task_unstarted_remove(user->task, &user->task_node);
    }
    object_release(&user->task->object);
    if (user->context.fpu != NULL) {
        slab_free(&fpu_cache, user->context.fpu);
    }
    user_thread_free(user);
}

/*
 * A thread that was never started can be started no more: notes its end, and wakes the threads that
 * wait for it. Does nothing for a thread that was started. The lock is held; it is released
 * meanwhile, with interrupts as in `flags`.
 */
static void unstarted_end(struct user_thread *user, uint64_t flags)
{
    if (!user->started && !user->ended) {
        user->status = ERROR_KILLED;
        user->ended = true;
        wait_queue_wake_all_in_steps(&user->waiters, &user->lock, flags);
    }
}

/* Without a handle, a thread that was never started cannot be started any more. */
static void user_thread_closed(struct object *object, unsigned rights maybe_unused, bool last)
{
    struct user_thread *user = container_of(object, struct user_thread, object);
    if (last) {
        uint64_t flags = spin_lock_irq_save(&user->lock);
        unstarted_end(user, flags);
        spin_unlock_irq_restore(&user->lock, flags);
    }
}

static const struct object_operations user_thread_operations = {.closed = user_thread_closed,
                                                                .destroy = user_thread_destroy};

void user_thread_init(void)
{
    task_init();
    slab_cache_init(&user_thread_cache, "user thread", sizeof(struct user_thread), 8);
    slab_cache_init(&handoff_cache, "stack handoff", sizeof(struct ipc_handoff), 8);
    slab_cache_init(&fpu_cache, "fpu state", fpu_area_bytes(), FPU_AREA_ALIGNMENT);
}

size_t user_thread_handoff_frames(void)
{
    return (size_t)__atomic_load_n(&handoff_cache.slabs, __ATOMIC_RELAXED) << handoff_cache.order;
}

int user_thread_create(struct task *task, unsigned priority, uint64_t affinity,
                       struct user_thread **out)
{
    void *memory;
    if (priority >= THREAD_PRIORITIES) {
        return ERROR_RANGE;
    }
    int error = slab_allocate(&user_thread_cache, &memory);
    if (error != OK) {
        return error;
    }
    struct user_thread *user = memory;
    *user = (struct user_thread){
        .context = {.special = USER_SPECIAL_NEW, .tables = &task->space.tables},
        .task = task,
        .ipc = {.handles = &task->handles},
        .affinity = affinity,
        .priority = (uint8_t)priority,
    };
    object_init(&user->object, OBJECT_THREAD, &user_thread_operations);
    ipc_state_init_zeroed(&user->ipc, &user->object);
    spinlock_init(&user->lock, "user thread");
    wait_queue_init(&user->waiters);
    wait_queue_init(&user->resumed);
    list_node_init(&user->task_node);
    error = handoff_make(user);
    if (error == OK) {
        error = task_unstarted_add(task, &user->task_node);
    }
    if (error != OK) {
        user_thread_free(user);
        return error;
    }
    object_acquire_checked(&task->object);
    *out = user;
    return OK;
}

int user_thread_fpu_give(struct user_thread *user)
{
    void *area;
    int error = slab_allocate(&fpu_cache, &area);
    if (error == OK) {
        fpu_area_init(area);
        user->context.fpu = area;
        user->context.special |= USER_SPECIAL_FPU;
    }
    return error;
}

/*
 * Charges the pages of a stack beyond the first `charged` ones. A preemption in the middle of this
 * function may call it for the same thread. The compare-and-exchange makes sure that each page is
 * charged once.
 */
static never_inline void pages_charge(struct user_thread *user, uint32_t slot, uint16_t charged)
{
    uint16_t pages = (uint16_t)stack_pages_backed(slot);
    while (pages > charged) {
        if (__atomic_compare_exchange_n(&user->stack_pages, &charged, pages, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            __atomic_add_fetch(&user->task->stack_pages, pages - charged, __ATOMIC_RELAXED);
            return;
        }
    }
}

void user_thread_stack_charge(const struct thread *thread)
{
    struct user_thread *user = thread->user;
    if (user == NULL || user->task == NULL) {
        return;
    }
    uint16_t charged = __atomic_load_n(&user->stack_pages, __ATOMIC_RELAXED);
    /* Whether a large stack has more is found out there, so that the usual way has no call. */
    if (unlikely(stack_is_large(thread->slot) || stack_has_more_pages(thread->slot, charged))) {
        pages_charge(user, thread->slot, charged);
    }
}

/*
 * The first function of the kernel's thread. A kill since the start ends the thread before it
 * reaches user mode.
 */
static void user_thread_main(void *argument)
{
    struct user_thread *user = argument;
    uint64_t flags = spin_lock_irq_save(&user->lock);
    user->thread = thread_current(); /* a kill that came earlier is noted in the hazards */
    if (unlikely(user->priority != thread_current()->base_priority)) { /* set since the start */
        schedule_change(thread_current(), SCHEDULE_CHANGE_PRIORITY, user->priority);
    }
    spin_unlock_irq_restore(&user->lock, flags);
    pages_charge(user, thread_current()->slot, 0);
    int error = user_frame_init(user_frame(), user->rip, user->rsp, user->argument);
    if (error != OK) {
        panic("a thread starts at %p, which is no user address; user_thread_start() has checked it",
              (void *)user->rip);
    }
    user_thread_notes_begin(user);
    user_enter();
}

/*
 * Marks the thread as started. Errors: ERROR_PEER_DIED (it has ended), ERROR_EXISTS (it was started
 * before).
 */
static must_check int start_begin(struct user_thread *user)
{
    uint64_t flags = spin_lock_irq_save(&user->lock);
    int error = user->ended ? ERROR_PEER_DIED : user->started ? ERROR_EXISTS : OK;
    user->started = user->started || error == OK;
    spin_unlock_irq_restore(&user->lock, flags);
    return error;
}

/*
 * Undoes start_begin() after a failure, and releases the reference of the running thread. If the
 * thread is in no list of its task, the task ends and did not find it there: so the thread ends.
 */
static void start_undo(struct user_thread *user)
{
    uint64_t flags = spin_lock_irq_save(&user->lock);
    user->started = false;
    if (!list_node_linked(&user->task_node)) {
        unstarted_end(user, flags);
    } else {
        wait_queue_wake_all_in_steps(&user->waiters, &user->lock, flags);
    }
    spin_unlock_irq_restore(&user->lock, flags);
    object_release(&user->object);
}

int user_thread_start(struct user_thread *user, uintptr_t rip, uintptr_t rsp, uint64_t argument)
{
    if (rip < USER_BASE || rip >= USER_END) {
        return ERROR_RANGE;
    }
    int error = start_begin(user);
    if (error != OK) {
        return error;
    }
    user->rip = rip;
    user->rsp = rsp;
    user->argument = argument;
    object_acquire_checked(&user->object); /* released by user_thread_exit() */
    error = task_thread_add(user->task, &user->task_node);
    if (error == OK) {
        const struct thread_options options = {.name = user->task->name,
                                               .priority = user->priority,
                                               .affinity = user->affinity,
                                               .user = user};
        error = thread_create(&options, user_thread_main, user, NULL);
        if (error != OK) {
            task_thread_remove(user->task, &user->task_node, false, error);
        }
    }
    if (error != OK) {
        start_undo(user);
    }
    return error;
}

/*
 * Kills the kernel's thread, if there is one. user->lock is held, so that thread cannot end
 * meanwhile: its exit takes the lock.
 */
static void running_thread_kill(struct user_thread *user)
{
    if (user->thread != NULL) {
        thread_kill(user->thread);
        /* It may be in user mode on another CPU: an interrupt takes it out of there. */
        lapic_send(user->thread->cpu, VECTOR_RESCHEDULE);
    }
}

void user_thread_kill(struct user_thread *user)
{
    uint64_t flags = spin_lock_irq_save(&user->lock);
    __atomic_or_fetch(&user->context.hazards, USER_HAZARD_KILL, __ATOMIC_SEQ_CST);
    unstarted_end(user, flags);
    running_thread_kill(user);
    spin_unlock_irq_restore(&user->lock, flags);
}

int user_thread_priority_set(struct user_thread *user, unsigned priority)
{
    if (priority >= THREAD_PRIORITIES) {
        return ERROR_RANGE;
    }
    uint64_t flags = spin_lock_irq_save(&user->lock);
    user->priority = (uint8_t)priority;
    int error = user->thread != NULL ? thread_priority_set(user->thread, priority) : OK;
    spin_unlock_irq_restore(&user->lock, flags);
    return error;
}

int user_thread_wait(struct user_thread *user, uint64_t timeout_ns, int *status)
{
    int error = user == thread_user() ? ERROR_INVALID : OK;
    uint64_t deadline_ns = wait_deadline(timeout_ns); /* a stop of the thread wakes, too */
    uint64_t flags = spin_lock_irq_save(&user->lock);
    while (!user->ended && error == OK) {
        error = wait_queue_sleep_until(&user->waiters, &user->lock, deadline_ns);
    }
    bool ended = user->ended;
    *status = ended ? user->status : 0;
    spin_unlock_irq_restore(&user->lock, flags);
    return ended ? OK : error;
}

/*
 * The slow part of user_thread_load(): for the first switch to a thread, which notes its stack and
 * its id, and for each switch to a thread with FPU.
 */
static never_inline void user_thread_load_more(const struct thread *thread)
{
    struct user_thread *user = thread->user;
    if (user->context.stack_top == 0) {
        user->context.stack_top = stack_top(thread->slot);
        user->id = thread->id;
        user->ipc.thread = user->ipc.sleeper = (struct thread *)thread;
    }
    user->context.special &= ~USER_SPECIAL_NEW;
    if (user->context.fpu != NULL) {
        schedule_switch_fpu(user->context.fpu);
    }
    user_context_load(&user->context);
}

void user_thread_load(const struct thread *thread)
{
    struct user_context *context = &thread->user->context;
    if (unlikely(context->special & (USER_SPECIAL_NEW | USER_SPECIAL_FPU))) {
        user_thread_load_more(thread);
        return;
    }
    user_context_load(context);
}

void user_thread_work(struct trap_frame *frame, uint32_t hazards)
{
    if (hazards & USER_HAZARD_KILL) {
        thread_exit(ERROR_KILLED);
    }
    if (hazards & USER_HAZARD_END) {
        thread_exit(thread_user()->status);
    }
    if (hazards & USER_HAZARD_SUSPEND) {
        user_thread_stop(thread_user(), frame);
    }
}

void user_thread_notes_release_slowly(const struct user_thread *user)
{
    if (user->signals.object != NULL) {
        object_release(user->signals.object);
    }
    if (user->waits.object != NULL) {
        object_release(user->waits.object);
    }
}

void user_thread_exit(struct thread *thread, int status)
{
    struct user_thread *user = thread->user;
    struct task *task = user->task;

    ipc_state_end(&user->ipc);
    user_thread_notes_release(user);
    /*
     * After this no switch loads the thread's page tables, and no other thread finds it by `user`.
     */
    uint64_t flags = spin_lock_irq_save(&user->lock);
    thread->user = NULL;
    /* So no switch charges it any more. Who waits for the thread finds its pages given back. */
    __atomic_sub_fetch(&task->stack_pages, user->stack_pages, __ATOMIC_RELAXED);
    fpu_drop(user->context.fpu);
    thread->name = "user, ended"; /* the task, with the name, may be freed below */
    user->thread = NULL;
    user->status = status;
    user->ended = true;
    wait_queue_wake_all_in_steps(&user->waiters, &user->lock, flags);
    spin_unlock_irq_restore(&user->lock, flags);
    thread_list_settle(); /* a walk may still use the name and the task */
    task_thread_remove(task, &user->task_node, true, status);
    object_release(&user->object);
}

struct user_thread *user_thread_of(struct list_node *node)
{
    return list_entry(node, struct user_thread, task_node);
}
