/*
 * Creates, ends and joins threads. The object comes from a slab cache, the stack from mm/stack. A
 * new stack is laid out so that the first switch to the thread returns into thread_trampoline.
 */
#include "sched/core/thread.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/schedule.h"
#include "sched/core/services.h"
#include "sched/core/thread_internal.h"
#include "sched/core/thread_list.h"
#include "sched/core/thread_object.h"

/*
 * A struct switch_frame that returns into thread_trampoline, and above it the two words that
 * thread_trampoline pops.
 */
struct first_frame {
    uint64_t rbp; /* 0: the end of backtraces */
    void (*return_address)(void);
    void (*entry)(void *argument);
    void *argument;
    uint64_t end_of_stack[2]; /* two: the ABI aligns stacks to 16 bytes */
};

void thread_trampoline(void); /* switch.asm */

const char *thread_state_name(unsigned state)
{
    static const char *const names[] = {"ready",  "running", "blocked", "memory",
                                        "moving", "dead",    "blocked"};
    return state < array_length(names) ? names[state] : "unknown";
}

static uint64_t cpus_running(void)
{
    unsigned count = cpu_online_count();
    return count >= 64 ? UINT64_MAX : (1UL << count) - 1;
}

/*
 * Gets a stack for a thread that may not run on this CPU, from the NUMA node of a CPU where it may
 * run.
 */
static must_check int stack_get_near(const struct thread_options *options, uint32_t *slot)
{
    unsigned node = frame_node_of_cpu((unsigned)__builtin_ctzl(options->affinity));
    return stack_create_in(node, options->backed, options->stack_bytes, slot);
}

/*
 * Gets a stack if affinity, size or backing differ from the default. Not inlined, so that the
 * default case stays short.
 */
static never_inline must_check int stack_get_special(const struct thread_options *options,
                                                     uint32_t *slot)
{
    if (options->affinity != 0 && numa_node_count > 1 &&
        (options->affinity >> cpu_number() & 1) == 0) {
        return stack_get_near(options, slot);
    }
    if (options->stack_bytes != 0) {
        return stack_create_sized(options->stack_bytes, options->backed, slot);
    }
    return options->backed ? stack_create_backed(slot) : stack_create(slot);
}

static always_inline must_check int stack_get(const struct thread_options *options, uint32_t *slot)
{
    bool special = options->affinity != 0 || options->stack_bytes != 0 || options->backed;
    return unlikely(special) ? stack_get_special(options, slot) : stack_create(slot);
}

/*
 * Frees the stacks of dead threads that wait in batches (stack-free=batched), if the caller may
 * wait for that. Returns false if there were none.
 */
static must_check bool batched_stacks_free(void)
{
    if (this_cpu(preempt_count) != 0 || !interrupts_enabled() || !stack_batch_flush()) {
        return false;
    }
    (void)stack_reclaim();
    return true;
}

/* After a failed allocation: frees batched stacks, and tries once more if there were any. */
static never_inline must_check int object_get_late(int error, struct thread **object)
{
    return error == ERROR_NO_MEMORY && batched_stacks_free() ? thread_object_get(object) : error;
}

static never_inline must_check int stack_get_late(int error, const struct thread_options *options,
                                                  uint32_t *slot)
{
    size_t bytes = options->stack_bytes != 0 ? options->stack_bytes : STACK_BYTES;
    return error == ERROR_NO_MEMORY && batched_stacks_free()
               ? stack_create_sized(bytes, options->backed, slot)
               : error;
}

/*
 * The words of an object that are cleared. thread_make() and thread_list_add() set each word before
 * `state` and from `all_node` on, and nothing reads them before that.
 */
#define CLEARED_BEGIN (offsetof(struct thread, state) / sizeof(uint64_t))
#define CLEARED_END   (offsetof(struct thread, all_node) / sizeof(uint64_t))

static_assert(offsetof(struct thread, state) % sizeof(uint64_t) == 0 &&
                  offsetof(struct thread, all_node) % sizeof(uint64_t) == 0,
              "whole words are cleared");

/* Clears an object by one store for each word. (memset() needs twice the instructions.) */
static always_inline void thread_clear_words(struct thread *thread)
{
    volatile uint64_t *words = (volatile uint64_t *)thread;
#pragma GCC unroll 64
    for (size_t i = CLEARED_BEGIN; i < CLEARED_END; i++) {
        words[i] = 0;
    }
}

/*
 * Creates the object and the stack of a new thread. The first switch to it calls entry(argument).
 */
static always_inline must_check int thread_make(const struct thread_options *options,
                                                void (*entry)(void *argument), void *argument,
                                                struct thread **made)
{
    struct thread *thread;
    int error = thread_object_get(&thread);
    if (unlikely(error != OK)) {
        error = object_get_late(error, &thread);
        if (error != OK) {
            return error;
        }
    }
    thread_clear_words(thread);
    thread->state = THREAD_BLOCKED;
    thread->priority = thread->base_priority = options->priority;
    thread->affinity = options->affinity != 0 ? options->affinity : THREAD_AFFINITY_ALL;
    thread->cpu = (uint8_t)cpu_number();
    thread->slice_ticks = SCHEDULE_SLICE_TICKS;
    thread->backed = options->backed;
    thread->may_not_die = options->may_not_die;
    thread->exit_lock.name = "thread exit"; /* all other fields of a free spinlock are 0 */
    wait_queue_init(&thread->exit_queue);
    list_node_init(&thread->wait.node);
    tree_node_init(&thread->wait.timeout);
    thread->name = options->name;

    error = stack_get(options, &thread->slot);
    if (unlikely(error != OK)) {
        error = stack_get_late(error, options, &thread->slot);
    }
    if (error != OK) {
        thread_object_put_slowly(thread);
        return error;
    }
    thread->stack_hole = stack_hole_of(thread->slot);
    thread->user = options->user;
    uintptr_t top = stack_top(thread->slot) - (options->user != NULL ? USER_FRAME_ROOM : 0);
    struct first_frame *frame = (struct first_frame *)top - 1;
    frame->rbp = 0; /* word by word: fewer instructions than to clear it first */
    frame->return_address = thread_trampoline;
    frame->entry = entry;
    frame->argument = argument;
    frame->end_of_stack[0] = 0;
    frame->end_of_stack[1] = 0;
    thread->saved_rsp = (uintptr_t)frame;
    *made = thread;
    return OK;
}

int thread_create(const struct thread_options *options, void (*entry)(void *argument),
                  void *argument, struct thread **out)
{
    depth_section(THREAD_CREATE_DEPTH);
    if (options->priority >= THREAD_PRIORITIES) {
        return ERROR_RANGE;
    }
    if (options->affinity != 0 && (options->affinity & cpus_running()) == 0) {
        return ERROR_INVALID;
    }
    struct thread *thread;
    int error = thread_make(options, entry, argument, &thread);
    if (error != OK) {
        if (error == ERROR_NO_MEMORY) {
            services_memory_wanted();
        }
        return error;
    }
    if (out != NULL) {
        *out = thread;
    } else {
        thread->detached = true;
    }
    thread_list_add(thread);
    schedule_ready(thread, THREAD_BLOCKED);
    return OK;
}

int thread_start(const char *name, void (*entry)(void *argument), void *argument,
                 struct thread **thread)
{
    const struct thread_options options = {.name = name, .priority = THREAD_PRIORITY_DEFAULT};
    return thread_create(&options, entry, argument, thread);
}

void thread_begin(void (*entry)(void *argument), void *argument, uint64_t hole,
                  struct run_queue *queue)
{
    schedule_finish_switch((struct switch_handover){hole, queue});
    preempt_interrupts_restore(FLAGS_INTERRUPT);
    entry(argument);
    thread_exit(0);
}

int thread_create_idle(unsigned cpu, struct thread **out)
{
    const struct thread_options options = {
        .name = "idle", .backed = true, .may_not_die = true, .affinity = 1UL << cpu};
    int error = thread_make(&options, idle_entry, NULL, out);
    if (error == OK) {
        (*out)->cpu = (uint8_t)cpu;
        (*out)->detached = true;
        thread_list_add(*out);
    }
    return error;
}

/*
 * Makes a joiner that last ran on this CPU ready before the last switch of `self`, so that this
 * switch can go to it. `exited` is still false here. It is true when the joiner runs on this CPU,
 * because the next thread that this CPU switches to, the joiner or another one, reaps `self` first.
 * (If another CPU steals the joiner it may sleep again; thread_reap() wakes it.)
 */
static void joiner_wake_early(struct thread *self)
{
    spin_lock_by(OFF_ALREADY, &self->exit_lock);
    struct thread *joiner = wait_queue_first(&self->exit_queue);
    if (joiner != NULL && joiner->cpu == cpu_number()) {
        list_remove(&joiner->wait.node);
        schedule_ready(joiner, THREAD_BLOCKED);
    }
    spin_unlock_quietly(&self->exit_lock);
}

static void user_exit_nothing(struct thread *thread, int code maybe_unused)
{
    thread->user = NULL;
}

void (*thread_user_exit)(struct thread *thread, int code) = user_exit_nothing;

static void grew_nothing(const struct thread *thread maybe_unused)
{
}

void (*thread_stack_grew)(const struct thread *thread) = grew_nothing;

void thread_exit(int code)
{
    struct thread *self = thread_current();
    if (self->mutexes_held != 0 || this_cpu(preempt_count) != 0) {
        panic("thread %u (%s) exits while it holds %u mutexes and %u spinlocks", self->id,
              self->name, self->mutexes_held, this_cpu(preempt_count));
    }
    if (unlikely(self->user != NULL)) {
        thread_user_exit(self, code);
    }
    self->exit_code = code;
    interrupts_disable_by(BOTH_ON);
    joiner_wake_early(self);
    self->state = THREAD_DEAD;
    schedule();
    panic("thread %u (%s) has ended and was switched to: look for who made it ready after that",
          self->id, self->name);
}

/* Takes a thread out of the list of threads and frees it. Interrupts are off. */
static void thread_free(struct thread *thread)
{
    thread_list_remove(thread);
    thread_object_put(thread);
}

void thread_reap(struct thread *thread)
{
    stack_destroy(thread->slot);
    if (thread->detached) {
        thread_free(thread);
        return;
    }
    spin_lock_by(OFF_ALREADY, &thread->exit_lock);
    thread->exited = true;
    /* The joiner is mostly awake: joiner_wake_early(). */
    if (unlikely(!list_empty(&thread->exit_queue.waiters))) {
        wait_queue_wake_all(&thread->exit_queue);
    }
    spin_unlock_quietly(&thread->exit_lock);
}

int thread_join(struct thread *thread)
{
    depth_section(2000);
    uint64_t flags = spin_lock_irq_save_by(BOTH_ON, &thread->exit_lock);
    thread_stack_pin();
    while (!thread->exited) {
        wait_queue_sleep_unkillable(&thread->exit_queue, &thread->exit_lock);
    }
    thread_stack_unpin();
    spin_unlock_quietly(&thread->exit_lock);
    int code = thread->exit_code;
    thread_free(thread);
    preempt_interrupts_restore(flags);
    return code;
}

void thread_stack_pin(void)
{
    thread_current()->stack_pins++;
}

void thread_stack_unpin(void)
{
    thread_current()->stack_pins--;
}

void thread_kill(struct thread *thread)
{
    thread->kill_wanted = true;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* see wait_queue.c */
    schedule_ready(thread, THREAD_BLOCKED);
}

void thread_expendable_set(bool expendable)
{
    struct thread *self = thread_current();
    if (expendable && (self->mutexes_held != 0 || self->may_not_die)) {
        panic("thread %u (%s) holds %u mutexes%s: it cannot be expendable", self->id, self->name,
              self->mutexes_held, self->may_not_die ? " and may not die" : "");
    }
    self->expendable = expendable;
}

void thread_exit_if_killed(void)
{
    if (thread_current()->kill_wanted) {
        thread_exit(ERROR_KILLED);
    }
}

/*
 * The queue in which threads wait in thread_sleep_ns(). Only timeouts and kills end these waits.
 * One for each CPU, so that CPUs do not contend for the lock.
 */
struct sleepers {
    struct spinlock lock;
    struct wait_queue queue;
};

static PER_CPU(struct sleepers, sleepers);

int thread_sleep_ns(uint64_t duration_ns)
{
    uint64_t flags = interrupts_save();
    struct sleepers *own = this_cpu_pointer(sleepers);
    if (own->queue.waiters.head.next == NULL) {
        wait_queue_init(&own->queue);
        spinlock_init(&own->lock, "sleepers");
    }
    spin_lock_by(OFF_ALREADY, &own->lock);
    int error = wait_queue_sleep(&own->queue, &own->lock, duration_ns);
    spin_unlock_irq_restore(&own->lock, flags);
    return error == ERROR_TIMEOUT ? OK : error;
}

int thread_priority_set(struct thread *thread, unsigned priority)
{
    if (priority >= THREAD_PRIORITIES) {
        return ERROR_RANGE;
    }
    schedule_change(thread, SCHEDULE_CHANGE_PRIORITY, priority);
    return OK;
}

int thread_affinity_set(struct thread *thread, uint64_t affinity)
{
    if ((affinity & cpus_running()) == 0) {
        return ERROR_INVALID;
    }
    schedule_change(thread, SCHEDULE_CHANGE_AFFINITY, affinity);
    if (thread == thread_current()) {
        thread_yield();
    }
    return OK;
}
