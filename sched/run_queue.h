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

/* At the end of its priority's list, or at its head (a turn cut short). */
void run_queue_append(struct run_queue *queue, struct thread *thread);
void run_queue_prepend(struct run_queue *queue, struct thread *thread);

/* Takes a thread out that is in. */
void run_queue_remove(struct run_queue *queue, struct thread *thread);

/* The first of the highest priority, or NULL; it stays in. */
struct thread *run_queue_first(const struct run_queue *queue);

/* The most urgent thread that may run on `cpu`, or NULL; it stays in. */
struct thread *run_queue_find_for(const struct run_queue *queue, unsigned cpu);
