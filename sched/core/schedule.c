/*
 * Choosing the next thread and switching to it. A CPU holds its run queue's lock from before the
 * choice until the next thread has finished the switch, so no other CPU runs, moves or reaps a
 * thread whose stack is still in use. Interrupts are off meanwhile. Wake-ups are in ready.c.
 *
 * Growing stacks add three things to a switch (docs/stack-fault.md counts their instructions):
 * gate_is_clear() before it, stack_use on both sides of it, and a check for pages that the switch
 * itself took.
 */
#include "sched/core/schedule.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/fpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/stack/stack_use.h"
#include "sched/core/balance.h"
#include "sched/core/dispatch.h"
#include "sched/core/services.h"
#include "sched/core/thread_internal.h"
#include "sched/core/timeout.h"
#include "sched/stack/gate.h"
#include "sched/stack/handoff.h"
#include "sched/stack/swap_candidate.h"

/* Threads that one call of schedule() puts into the memory queue: about 340 instructions each. */
#define GATE_REFUSALS_AT_ONCE 16

PER_CPU(struct thread *, thread_running);
PER_CPU(struct run_queue, run_queue);

static void user_load_nothing(const struct thread *thread maybe_unused)
{
}

void (*thread_user_load)(const struct thread *thread) = user_load_nothing;

PER_CPU(uintptr_t, switch_work);

void schedule_switch_fpu(struct fpu_area *area)
{
    fpu_want(area);
    this_cpu(switch_work) |= SWITCH_FPU;
}

/*
 * Switches the FPU, clears switch_work, and returns the thread in it: one that has exited or must
 * migrate. NULL: none.
 */
static struct thread *switch_work_take(void)
{
    uintptr_t work = this_cpu(switch_work);
    this_cpu(switch_work) = (work & SWITCH_FPU) != 0 && fpu_switch() ? SWITCH_FPU : 0;
    return (struct thread *)(work & ~(SWITCH_FPU | SWITCH_GIVES));
}

/* Reaps a thread that this CPU just left, or makes it ready elsewhere; NULL: there is none. */
static always_inline void thread_left(struct thread *left)
{
    if (left == NULL) {
        return;
    }
    if (left->state == THREAD_DEAD) {
        thread_reap(left); /* its stack is no longer in use */
    } else {
        schedule_ready(left, THREAD_MOVING);
    }
}

static inline_if_optimized struct thread *switch_work_do(void)
{
    struct thread *left = switch_work_take();
    magazine_charge_rest();
    return left;
}

never_inline void finish_unusual_switch(struct run_queue *queue)
{
    struct thread *left = switch_work_do();
    spinlock_pass(&queue->lock);
    thread_left(left);
}

/*
 * finish_unusual_switch() with ipc=handoff. The thread that gave its stack may run elsewhere as
 * soon as the lock is released, but then nobody owns the stack any more.
 */
static SITE_JUMP_FORM void finish_unusual_handoff(struct run_queue *queue)
{
    struct thread *left = switch_work_do();
    uint32_t given = handoff_given();
    spinlock_pass(&queue->lock);
    if (given != STACK_SLOT_NONE) {
        stack_destroy(given);
    }
    thread_left(left);
}
SITE_JUMP_FROM(finish_unusual_switch, SITE_KIND_HANDOFF, finish_unusual_handoff);

void schedule_finish_switch(struct switch_handover handover)
{
    finish_switch(handover);
}

/* Tries to steal a thread into this CPU's queue, which is empty. Returns whether it did. */
static never_inline bool thread_fetch(struct run_queue *queue, struct thread *from)
{
    if (balance_steal(queue) != NULL) {
        return true;
    }
    ignore_result(gate_pass(from, queue->idle)); /* charges and refills what `from` took */
    return false;
}

/* The slow path when gate_is_clear() is false: asks the gate and does the pending work. */
static never_inline bool thread_clear(struct thread *from, struct thread *to)
{
    if (!gate_pass(from, to) && to != from) {
        return false;
    }
    if (to->pending != 0) {
        swap_candidate_dispatch(to);
    }
    return true;
}

/* Says whether there is a thread to choose; if this CPU's queue is empty, tries to steal one. */
static always_inline bool queue_has_thread(struct run_queue *queue, struct thread *from)
{
    return likely(queue->ready_bits != 0) || thread_fetch(queue, from);
}

/*
 * The rest of thread_choose() when `refused` did not pass the gate: puts it into the memory queue
 * and tries the next ones. After GATE_REFUSALS_AT_ONCE it returns the idle thread, which turns
 * interrupts on and calls schedule() again.
 */
static never_inline struct thread *
thread_choose_further(struct run_queue *queue, struct thread *from, struct thread *refused)
{
    for (unsigned refusals = 1;; refusals++) {
        queue->runnable--;
        gate_wait(refused);
        if (!queue_has_thread(queue, from)) {
            return queue->idle;
        }
        if (refusals == GATE_REFUSALS_AT_ONCE) {
            this_cpu(reschedule_wanted) = 1;
            return queue->idle;
        }
        struct thread *to = run_queue_take_first(queue);
        if (thread_clear(from, to)) {
            return to;
        }
        refused = to;
    }
}

/*
 * Removes the thread to run next from the queue and returns it; `ready` says that the queue is not
 * empty. Threads that the magazine does not cover go to the memory queue. The idle thread always
 * passes, since it is fully backed and the magazine covers `from`. `from` itself always passes,
 * since there is no switch.
 */
static always_inline struct thread *thread_choose(struct run_queue *queue, struct thread *from,
                                                  bool ready)
{
    if (!ready && !queue_has_thread(queue, from)) {
        return queue->idle;
    }
    struct thread *to = run_queue_take_first(queue);
    if (gate_is_clear(to) || thread_clear(from, to)) {
        return to;
    }
    return thread_choose_further(queue, from, to);
}

/*
 * Puts the current thread, which is still ready, back into the queue: ahead of its priority's
 * others if its time slice is not used up. Returns false if it must migrate or is the idle thread.
 */
static always_inline bool thread_requeue(struct run_queue *queue, struct thread *thread)
{
    if (unlikely(thread->pending != 0)) {
        if (thread != queue->idle) {
            thread->state = THREAD_MOVING; /* finish_switch() makes it ready elsewhere */
            queue->runnable--;
            this_cpu(switch_work) |= (uintptr_t)thread;
        }
        return false;
    }
    /* LAB 8 BEGIN thread-requeue: back into the queue, ahead of the others or behind them */
    thread->state = THREAD_READY;
    if (thread->slice_ticks > 0) {
        run_queue_prepend(queue, thread);
    } else {
        thread->slice_ticks = SCHEDULE_SLICE_TICKS;
        run_queue_append(queue, thread);
    }
    return true;
    /* LAB 8 END thread-requeue */
}

/*
 * The body of schedule(). If `yields`, the current thread gives up the rest of its time slice
 * first.
 */
static always_inline void schedule_inline(bool yields)
{
    invariant(!interrupts_enabled() && this_cpu(preempt_count) == 0);
    struct run_queue *queue = this_cpu_pointer(run_queue);

    spinlock_take(&queue->lock); /* not counted: interrupts stay off until it is released */
    this_cpu(reschedule_wanted) = 0;
    struct thread *from = queue->current;
    if (yields) {
        from->slice_ticks = 0;
    }
    unsigned state = from->state;
    bool ready = false;
    if (state == THREAD_RUNNING) {
        ready = thread_requeue(queue, from);
    } else {
        queue->runnable--;
        if (state == THREAD_DEAD) {
            this_cpu(switch_work) |= (uintptr_t)from;
        }
    }
    struct thread *to = thread_choose(queue, from, ready);
    to->state = THREAD_RUNNING;
    if (likely(to != from)) {
        thread_load(to);
        switch_to(queue, from, to);
    } else {
        spinlock_pass(&queue->lock);
    }
}

void schedule(void)
{
    schedule_inline(false);
}

/*
 * Locks this CPU's run queue and chooses the thread to switch to from `from`, which blocks and does
 * not come back to where it is. Returns NULL, with nothing locked, if `from` goes on.
 */
static always_inline struct thread *leave_begin(struct run_queue *queue, struct thread *from)
{
    spinlock_take(&queue->lock); /* not counted: interrupts stay off until it is released */
    /* Woken before it left, or killed: thread_kill() notes that before it takes the lock. */
    if (from->state != THREAD_BLOCKED || from->kill_wanted) {
        from->state = THREAD_RUNNING;
        spinlock_pass(&queue->lock);
        return NULL;
    }
    this_cpu(reschedule_wanted) = 0;
    queue->runnable--;
    struct thread *to = thread_choose(queue, from, false);
    to->state = THREAD_RUNNING;
    return to;
}

void schedule_give(struct stack_handoff *own)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct thread *from = queue->current;
    struct thread *to = leave_begin(queue, from);
    if (to == NULL) {
        return;
    }
    handoff_give(own);
    this_cpu(switch_work) |= SWITCH_GIVES;
    thread_load(to);
    switch_to(queue, from, to);
    panic("thread %u (%s) was switched to on a stack that it gave away", from->id, from->name);
}

void schedule_dropping(struct trap_frame *frame, void (*continuation)(void))
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct thread *from = queue->current;
    struct thread *to = leave_begin(queue, from);
    if (to == NULL) {
        return;
    }
    thread_load(to);
    struct switch_handover handover = switch_begin(queue, from, to);
#ifdef INVARIANT
    from->depth_sections = 0; /* those that are open are given up */
#endif
    thread_switch_dropping(&from->saved_rsp, to->saved_rsp, handover, frame, continuation);
}

/* Inlines schedule(): a call would save all registers a second time. */
void thread_yield(void)
{
    uint64_t flags = interrupts_save();
    schedule_inline(true);
    preempt_interrupts_restore(flags);
}

void schedule_tick(void)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    struct thread *current = thread_current();

    current->run_ticks++;
    timeout_expire();
    services_tick(current, current == queue->idle);
    /* LAB 8 BEGIN schedule-tick: count the time slice down, and ask for a reschedule at its end */
    if (current == queue->idle) {
        this_cpu(reschedule_wanted) |= balance_worth_stealing(cpu_number());
    } else if (current->slice_ticks <= 1) {
        /* slice_ticks is 0 already if the slice ended just as the thread blocked or migrated. */
        current->slice_ticks = 0;
        this_cpu(reschedule_wanted) = 1;
    } else {
        current->slice_ticks--;
    }
    /* LAB 8 END schedule-tick */
    balance_tick(queue);
}

static void reschedule_interrupt(struct trap_frame *frame maybe_unused)
{
    if (unlikely(timeout_expire_wanted())) {
        timeout_expire();
    }
    this_cpu(reschedule_wanted) = 1;
}

/*
 * When the thread is dispatched again, another reschedule may be due. The idle thread leaves that
 * to its own loop, which calls schedule() again and has interrupts on in between.
 */
void schedule_while_wanted(void)
{
    do {
        schedule();
    } while (unlikely(this_cpu(reschedule_wanted)) && thread_current() != this_cpu(run_queue).idle);
}

void schedule_late(void)
{
    if (interrupts_enabled() && thread_current() != NULL) {
        interrupts_disable_by(BOTH_ON);
        schedule_while_wanted();
        interrupts_enable();
    }
}

void schedule_init(void)
{
    interrupt_register_own(VECTOR_RESCHEDULE, reschedule_interrupt, "reschedule");
}

int schedule_cpu_create(unsigned cpu)
{
    struct run_queue *queue = &cpu_variable(run_queue, cpu);
    run_queue_init(queue);
    queue->sleeper_word = THREAD_BLOCKED | cpu << 8;
    timeout_cpu_init(cpu);
    struct thread *idle;
    int error = thread_create_idle(cpu, &idle);
    if (error == OK) {
        idle->pending = THREAD_PENDING_IDLE;
        queue->idle = idle;
        queue->current = idle;
    }
    return error;
}

void schedule_cpu_run(void)
{
    struct run_queue *queue = this_cpu_pointer(run_queue);
    uintptr_t abandoned;

    this_cpu(thread_running) = queue->idle;
    uint64_t hole = queue->idle->stack_hole;
    this_cpu(stack_use) = (struct stack_use){hole, hole};
    queue->idle->state = THREAD_RUNNING;
    spinlock_take(&queue->lock); /* thread_begin() of the idle thread passes it on */
    (void)stack_switch(&abandoned, queue->idle->saved_rsp, (struct switch_handover){hole, queue});
    panic("something switched back to the boot stack, which no thread has: look at who was given"
          " `abandoned`");
}

uint32_t schedule_running_id(unsigned cpu)
{
    struct run_queue *queue = &cpu_variable(run_queue, cpu);
    uint64_t flags = spin_lock_irq_save(&queue->lock);
    uint32_t id = queue->current->id; /* a thread is not freed while it is current */
    spin_unlock_irq_restore(&queue->lock, flags);
    return id;
}
