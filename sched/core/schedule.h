/*
 * The core of the scheduler: which thread a CPU runs. Other rooms use thread.h and wait_queue.h,
 * which are built on this.
 */
#pragma once

#include "sched/core/switch.h"

struct fpu_area;
struct stack_handoff;

#define SCHEDULE_TICK_HZ     250
#define SCHEDULE_SLICE_TICKS 3

/*
 * Switches to the ready thread of highest priority. Returns when the caller is dispatched again, or
 * at once if the caller itself is that thread. The caller's state says whether it is still ready
 * (THREAD_RUNNING) or blocks. Context: ATOMIC, interrupts off, preemption on, no spinlock held.
 */
void schedule(void);

/*
 * Switches to the ready thread of highest priority, as schedule() does, and lets the calling
 * thread, which blocks, give its stack away: it goes on at own->continuation. Returns only if it
 * was woken before it left the CPU. Context: as for schedule(), after handoff_prepare().
 */
void schedule_give(struct stack_handoff *own);

/*
 * schedule_give() for a thread that keeps its stack with the user's frame at the top, and gives up
 * what lies below. It goes on at `continuation`, as thread_switch_dropping() says. Returns only if
 * it was woken before it left the CPU. Context: as for schedule().
 */
void schedule_dropping(struct trap_frame *frame, void (*continuation)(void));

/*
 * Makes a thread ready if its state is `from` (THREAD_BLOCKED or THREAD_WAITS_MEMORY); otherwise
 * does nothing. A thread that has not left its CPU yet stays running. Context: IRQ.
 */
void schedule_ready(struct thread *thread, enum thread_state from);

enum schedule_change {
    SCHEDULE_CHANGE_PRIORITY, /* the base priority: thread_priority_set() */
    SCHEDULE_CHANGE_AFFINITY,
    SCHEDULE_CHANGE_INHERITED, /* + enum thread_inherit: inherited by that way; 0: none */
};

/*
 * Changes a property of a thread that decides when and where it runs, and moves it in its queue
 * accordingly. Context: IRQ.
 */
void schedule_change(struct thread *thread, unsigned what, uint64_t value);

/*
 * Lets a thread inherit a priority by one way. Does nothing if it has inherited as high a priority
 * by that way already. Returns whether the new priority is higher than the one that the thread had.
 * Context: IRQ.
 */
bool schedule_inherit(struct thread *thread, enum thread_inherit way, unsigned priority);

/* Ends what the thread inherits by one way. Context: IRQ. */
void schedule_inherit_end(struct thread *thread, enum thread_inherit way);

/*
 * Locks the run queue that a thread belongs to and returns it. While the lock is held no CPU
 * dispatches the thread, and unless it is `current` of that queue no CPU uses its stack. The thread
 * must not end meanwhile. Unlock with spin_unlock_quietly(). Context: IRQ, interrupts off.
 */
struct run_queue *schedule_queue_lock(struct thread *thread);

/*
 * Completes a switch, on the stack of the thread that was switched to. Called once by a new thread;
 * schedule() does it for all others. Context: ATOMIC, interrupts off, run-queue lock held.
 */
void schedule_finish_switch(struct switch_handover handover);

/*
 * Says that the thread that is being switched to has the FPU, and where its registers are. For the
 * hook thread_user_load. Context: ATOMIC, interrupts off, run-queue lock held.
 */
void schedule_switch_fpu(struct fpu_area *area);

/*
 * Calls schedule() until no reschedule is due any more, since one may come due during the call.
 * Context: ATOMIC, interrupts off.
 */
void schedule_while_wanted(void);

/*
 * Calls schedule() if interrupts are on: for a reschedule that came due while preemption was off or
 * a lock was held. The hook preempt_reschedule. Context: ATOMIC.
 */
void schedule_late(void);

/*
 * The timer tick: expires timeouts and time slices, balances, calls the services.
 * Context: IRQ.
 */
void schedule_tick(void);

/*
 * Prepares a CPU's run queue and creates its idle thread. Context: THREAD, once for each CPU.
 * Errors: ERROR_NO_MEMORY.
 */
must_check int schedule_cpu_create(unsigned cpu);

/*
 * Begins to run threads on the calling CPU: switches from the boot stack to its idle thread.
 * Context: ATOMIC, interrupts off, once on each CPU.
 */
noreturn_function void schedule_cpu_run(void);

/*
 * Returns the id of the thread that a CPU runs. The id may be out of date when it is used. Context:
 * IRQ.
 */
uint32_t schedule_running_id(unsigned cpu);

/* Registers the handler of the reschedule interrupt. Context: boot. */
void schedule_init(void);

extern uint64_t schedule_idle_bits; /* for schedule_idle_cpus() */

/*
 * Returns the CPUs that are halted in their idle thread, by bit. The answer may be out of date when
 * it is used. Context: ANY.
 */
static always_inline uint64_t schedule_idle_cpus(void)
{
    return __atomic_load_n(&schedule_idle_bits, __ATOMIC_RELAXED);
}
