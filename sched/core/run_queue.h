/*
 * A CPU's run queue: one list for each priority, and a word with a bit for each list that is not
 * empty. Every operation takes constant time. This is a pure data structure: the caller holds the
 * queue's lock and keeps the count in `runnable`, which changes when a thread joins or leaves the
 * queue for good, not when the current thread is taken out to run and put back. Context of all
 * functions: IRQ, interrupts off, the queue's lock held.
 */
#pragma once

#include "sched/core/thread.h"

struct run_queue {
    struct list lists[THREAD_PRIORITIES];
    struct spinlock lock;
    uint32_t ready_bits;    /* bit p: lists[p] is not empty */
    uint32_t runnable;      /* threads in the lists, and the one that runs if it is not idle */
    struct thread *current; /* the thread that this CPU runs */
    struct thread *idle;
    uint64_t switches;
    uint64_t steals;
    /*
     * The value of four bytes of struct thread, from `state` on, in a thread that is blocked on
     * this CPU, has no pending work and has inherited no priority by a call. So the fast path of
     * messages compares once.
     */
    uint32_t sleeper_word;
};

static_assert(offsetof(struct thread, cpu) == offsetof(struct thread, state) + 1 &&
                  offsetof(struct thread, pending) == offsetof(struct thread, state) + 2 &&
                  offsetof(struct thread, inherited) == offsetof(struct thread, state) + 3 &&
                  THREAD_INHERIT_CALL == 0,
              "run_queue.sleeper_word compares these bytes");

DECLARE_PER_CPU(struct run_queue, run_queue);

/* Makes the queue empty. Before its first use. */
void run_queue_init(struct run_queue *queue);

/* Returns the highest priority among these bits, which must not be 0. */
static always_inline unsigned run_queue_most_urgent(uint32_t bits)
{
    return 31 ^ (unsigned)__builtin_clz(bits); /* one BSR */
}

/* Inserts a thread at the end of its priority's list. */
static always_inline void run_queue_append(struct run_queue *queue, struct thread *thread)
{
    unsigned priority = thread->priority;
    list_add_last(&queue->lists[priority], &thread->run_node);
    queue->ready_bits |= 1U << priority;
}

/* Inserts a thread at the head of its priority's list: it was preempted within its time slice. */
static always_inline void run_queue_prepend(struct run_queue *queue, struct thread *thread)
{
    unsigned priority = thread->priority;
    list_add_first(&queue->lists[priority], &thread->run_node);
    queue->ready_bits |= 1U << priority;
}

/* Removes a thread that is in the queue. */
static always_inline void run_queue_remove(struct run_queue *queue, struct thread *thread)
{
    list_remove(&thread->run_node);
    if (list_empty(&queue->lists[thread->priority])) {
        queue->ready_bits &= ~(1U << thread->priority);
    }
}

/* Removes and returns the first thread of the highest priority. The queue must not be empty. */
static always_inline struct thread *run_queue_take_first(struct run_queue *queue)
{
    unsigned priority = run_queue_most_urgent(queue->ready_bits);
    struct list_node *head = &queue->lists[priority].head;
    struct list_node *first = head->next, *second = first->next;
    head->next = second;
    second->previous = head;
    if (unlikely(second == head)) {
        queue->ready_bits &= ~(1U << priority);
    }
    return list_entry(first, struct thread, run_node);
}

/* Returns the first thread of the highest priority, or NULL, and leaves it in the queue. */
static always_inline struct thread *run_queue_first(const struct run_queue *queue)
{
    if (unlikely(queue->ready_bits == 0)) {
        return NULL;
    }
    const struct list *list = &queue->lists[run_queue_most_urgent(queue->ready_bits)];
    return list_entry(list->head.next, struct thread, run_node);
}

/*
 * The most pairs of threads that run_queue_find_for() looks at: one thread of a pair from either
 * end of a list.
 */
#define RUN_QUEUE_FIND_MOST 64

/*
 * Returns the first thread of the highest priority that may run on `cpu`, or NULL; it stays in the
 * queue. Looks at RUN_QUEUE_FIND_MOST pairs of threads at most, so it may miss a thread that has
 * more threads before and behind it that may not run on `cpu`.
 */
struct thread *run_queue_find_for(const struct run_queue *queue, unsigned cpu);
