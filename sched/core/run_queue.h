/*
 * A CPU's run queue: one list for each priority and a word with a bit for each list that is not
 * empty. Everything but the search for a thief takes constant time. Pure data structure; the caller
 * holds the queue's lock, and counts in `runnable` who comes and goes: a thread that only runs for
 * a while and comes back does not change that.
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
};

DECLARE_PER_CPU(struct run_queue, run_queue);

void run_queue_init(struct run_queue *queue);

static always_inline unsigned run_queue_most_urgent(uint32_t bits)
{
    return 31 ^ (unsigned)__builtin_clz(bits); /* one BSR */
}

/* At the end of its priority's list. */
static always_inline void run_queue_append(struct run_queue *queue, struct thread *thread)
{
    unsigned priority = thread->priority;
    list_add_last(&queue->lists[priority], &thread->run_node);
    queue->ready_bits |= 1U << priority;
}

/* At the head of its priority's list: its turn was cut short. */
static always_inline void run_queue_prepend(struct run_queue *queue, struct thread *thread)
{
    unsigned priority = thread->priority;
    list_add_first(&queue->lists[priority], &thread->run_node);
    queue->ready_bits |= 1U << priority;
}

/* Takes a thread out that is in. */
static always_inline void run_queue_remove(struct run_queue *queue, struct thread *thread)
{
    list_remove(&thread->run_node);
    if (list_empty(&queue->lists[thread->priority])) {
        queue->ready_bits &= ~(1U << thread->priority);
    }
}

/* Takes out the first of the highest priority; the queue is not empty. */
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

/* The first of the highest priority, or NULL; it stays in. */
static always_inline struct thread *run_queue_first(const struct run_queue *queue)
{
    if (unlikely(queue->ready_bits == 0)) {
        return NULL;
    }
    const struct list *list = &queue->lists[run_queue_most_urgent(queue->ready_bits)];
    return list_entry(list->head.next, struct thread, run_node);
}

/* The most urgent thread that may run on `cpu`, or NULL; it stays in. */
struct thread *run_queue_find_for(const struct run_queue *queue, unsigned cpu);
