/*
 * A CPU's run queue: one list for each priority and a word with a bit for each list that is not
 * empty. Everything but the search for a thief takes constant time. Pure data structure; the caller
 * holds the queue's lock.
 */
#pragma once

#include "sched/thread.h"

struct run_queue {
    struct spinlock lock;
    uint32_t ready_bits; /* bit p: lists[p] is not empty */
    uint32_t count;      /* threads in the lists */
    struct list lists[THREAD_PRIORITIES];
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
    list_add_last(&queue->lists[thread->priority], &thread->run_node);
    queue->ready_bits |= 1U << thread->priority;
    queue->count++;
}

/* At the head of its priority's list: its turn was cut short. */
static always_inline void run_queue_prepend(struct run_queue *queue, struct thread *thread)
{
    list_add_first(&queue->lists[thread->priority], &thread->run_node);
    queue->ready_bits |= 1U << thread->priority;
    queue->count++;
}

/* Takes a thread out that is in. */
static always_inline void run_queue_remove(struct run_queue *queue, struct thread *thread)
{
    list_remove(&thread->run_node);
    queue->count--;
    if (list_empty(&queue->lists[thread->priority])) {
        queue->ready_bits &= ~(1U << thread->priority);
    }
}

/* Takes out the first of the highest priority; the queue is not empty. */
static always_inline struct thread *run_queue_take_first(struct run_queue *queue)
{
    unsigned priority = run_queue_most_urgent(queue->ready_bits);
    struct list *list = &queue->lists[priority];
    struct list_node *first = list->head.next, *second = first->next;
    list->head.next = second;
    second->previous = &list->head;
    if (unlikely(second == &list->head)) {
        queue->ready_bits &= ~(1U << priority);
    }
    queue->count--;
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
