/*
 * Wake-ups and changes of priority and affinity: which thread becomes ready, on which CPU's queue.
 * All of it happens under the lock of the run queue that the thread belongs to. A CPU holds that
 * lock throughout a switch, so a thread on a run queue is off its stack.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/entry/vectors.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate.h"
#include "sched/stack/swap_candidate.h"

static always_inline struct run_queue *queue_lock(const struct thread *thread)
{
    for (;;) {
        unsigned cpu = thread->cpu;
        struct run_queue *queue = &cpu_variable(run_queue, cpu);
        spin_lock_by(OFF_ALREADY, &queue->lock);
        if (likely(thread->cpu == cpu)) {
            return queue;
        }
        spin_unlock_quietly(&queue->lock);
    }
}

struct run_queue *schedule_queue_lock(struct thread *thread)
{
    return queue_lock(thread);
}

/* Makes a CPU call schedule() soon. */
static always_inline void cpu_poke(unsigned cpu)
{
    if (cpu == cpu_number()) {
        this_cpu(reschedule_wanted) = 1;
    } else {
        lapic_send(cpu, VECTOR_RESCHEDULE);
    }
}

/*
 * Makes a CPU reschedule that should run the thread, which was just put on the queue of `cpu`. The
 * queue's lock is held.
 */
static always_inline void thread_announce(const struct run_queue *queue,
                                          const struct thread *thread, unsigned cpu)
{
    /* LAB 8 BEGIN thread-announce: make a CPU reschedule that should run the thread */
    if (queue->current == queue->idle || thread->priority > queue->current->priority) {
        cpu_poke(cpu);
        return;
    }
    uint64_t idle = schedule_idle_cpus() & thread->affinity;
    if (idle != 0) {
        cpu_poke((unsigned)__builtin_ctzll(idle)); /* an idle CPU steals */
    }
    /* LAB 8 END thread-announce */
}

/* Puts a thread on the queue of its CPU, which its affinity allows, and releases the lock. */
static inline_if_optimized void enqueue_here(struct run_queue *queue, struct thread *thread)
{
    /* LAB 8 BEGIN enqueue-here: put the thread into the queue, and say so */
    thread->state = THREAD_READY;
    run_queue_append(queue, thread);
    queue->runnable++;
    thread_announce(queue, thread, thread->cpu);
    spin_unlock_quietly(&queue->lock);
    /* LAB 8 END enqueue-here */
}

/*
 * Puts a thread that is in no queue on its CPU's queue, or on that of a CPU that its affinity
 * allows. `queue` is the queue of its CPU; its lock is held, and released on return. The state
 * becomes THREAD_READY only under the lock of the queue that the thread is put on. Between the two
 * locks another CPU may change its affinity again, and must not take it for a thread in a queue:
 * hence THREAD_MOVING.
 */
static never_inline void thread_enqueue(struct run_queue *queue, struct thread *thread)
{
    /* LAB 8 BEGIN thread-enqueue: go to a CPU that the affinity allows, and into its queue */
    thread->state = THREAD_MOVING;
    while (unlikely(!(thread->affinity >> thread->cpu & 1))) {
        unsigned cpu = (unsigned)__builtin_ctzll(thread->affinity);
        thread->cpu = (uint8_t)cpu;
        spin_unlock_quietly(&queue->lock);
        queue = &cpu_variable(run_queue, cpu);
        spin_lock_by(OFF_ALREADY, &queue->lock);
    }
    enqueue_here(queue, thread);
    /* LAB 8 END thread-enqueue */
}

/*
 * schedule_ready() for a thread that is not in state `from`. A swap candidate counts as blocked.
 * Releases the queue's lock.
 */
static never_inline void ready_otherwise(struct run_queue *queue, struct thread *thread,
                                         enum thread_state from)
{
    if (from == THREAD_BLOCKED && thread->state == THREAD_SWAP_CANDIDATE) {
        swap_candidate_end(thread); /* maps again what the swapper took and still has */
        thread_enqueue(queue, thread);
    } else {
        spin_unlock_quietly(&queue->lock);
    }
}

static always_inline void ready_make(struct thread *thread, enum thread_state from)
{
    /* LAB 8 BEGIN schedule-ready: make the thread ready, if it is in that state */
    uint64_t flags = interrupts_save();
    struct run_queue *queue = queue_lock(thread);
    if (unlikely(thread->state != from)) {
        ready_otherwise(queue, thread, from);
    } else if (unlikely(thread == queue->current)) {
        thread->state = THREAD_RUNNING; /* woken before it left: it stays running */
        spin_unlock_quietly(&queue->lock);
    } else if (likely(thread->affinity >> thread->cpu & 1)) {
        enqueue_here(queue, thread);
    } else {
        thread_enqueue(queue, thread);
    }
    preempt_interrupts_restore(flags);
    /* LAB 8 END schedule-ready */
}

void schedule_ready(struct thread *thread, enum thread_state from)
{
    ready_make(thread, from);
}

static TRACED_FORM void schedule_ready_traced(struct thread *thread, enum thread_state from)
{
    trace_record(TRACE_WAKE, 0, thread->id, from, 0);
    ready_make(thread, from);
}
TRACED(schedule_ready, schedule_ready_traced);

/*
 * Notes that the affinity of a thread in no run queue excludes its CPU. A running thread moves when
 * it leaves its CPU. A sleeping thread moves when it is woken; until then THREAD_PENDING_MOVES
 * keeps others from a direct switch to it (direct_switch.h).
 */
static void moves_note(struct thread *thread)
{
    if (thread->affinity >> thread->cpu & 1) {
        thread->pending &= (uint8_t)~THREAD_PENDING_MOVES;
    } else {
        thread->pending |= THREAD_PENDING_MOVES;
    }
}

/*
 * Computes the priority anew, and moves a thread that waits for memory to its new place in the
 * memory queue. The lock of the thread's run queue is held.
 */
static void priority_compute(struct thread *thread)
{
    unsigned priority = thread->base_priority;
    for (unsigned way = 0; way < THREAD_INHERIT_WAYS; way++) {
        priority = thread->inherited[way] > priority ? thread->inherited[way] : priority;
    }
    if (thread->state == THREAD_WAITS_MEMORY) {
        gate_priority_change(thread, (uint8_t)priority);
    } else {
        thread->priority = (uint8_t)priority;
    }
}

static void change_apply(struct thread *thread, unsigned what, uint64_t value, bool queued)
{
    if (what == SCHEDULE_CHANGE_AFFINITY) {
        thread->affinity = value;
        if (!queued) {
            moves_note(thread);
        }
        return;
    }
    if (what == SCHEDULE_CHANGE_PRIORITY) {
        thread->base_priority = (uint8_t)value;
    } else {
        thread->inherited[what - SCHEDULE_CHANGE_INHERITED] = (uint8_t)value;
    }
    priority_compute(thread);
}

void schedule_change(struct thread *thread, unsigned what, uint64_t value)
{
    /* LAB 8 BEGIN schedule-change: take the thread out of the queue, change it, put it in again */
    uint64_t flags = interrupts_save();
    struct run_queue *queue = schedule_queue_lock(thread);
    bool queued = thread->state == THREAD_READY;
    if (queued) {
        run_queue_remove(queue, thread);
        queue->runnable--;
    }
    change_apply(thread, what, value, queued);
    if (queued) {
        thread_enqueue(queue, thread);
    } else {
        if (thread == queue->current) {
            cpu_poke(thread->cpu);
        }
        spin_unlock_quietly(&queue->lock);
    }
    preempt_interrupts_restore(flags);
    /* LAB 8 END schedule-change */
}

bool schedule_inherit(struct thread *thread, enum thread_inherit way, unsigned priority)
{
    bool grows = priority > thread->priority;
    if (priority > thread->inherited[way]) {
        schedule_change(thread, SCHEDULE_CHANGE_INHERITED + way, priority);
    }
    return grows;
}

void schedule_inherit_end(struct thread *thread, enum thread_inherit way)
{
    if (thread->inherited[way] != 0) {
        schedule_change(thread, SCHEDULE_CHANGE_INHERITED + way, 0);
    }
}
