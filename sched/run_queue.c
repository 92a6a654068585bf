/* See run_queue.h. Portable: also compiled for the host's unit tests. */
#include "sched/run_queue.h"

void run_queue_init(struct run_queue *queue)
{
    *queue = (struct run_queue){0};
    spinlock_init(&queue->lock, "run queue");
    for (unsigned priority = 0; priority < THREAD_PRIORITIES; priority++) {
        list_init(&queue->lists[priority]);
    }
}

static always_inline void count_in(struct run_queue *queue, unsigned priority)
{
    queue->ready_bits |= 1U << priority;
    queue->count++;
}

void run_queue_append(struct run_queue *queue, struct thread *thread)
{
    list_add_last(&queue->lists[thread->priority], &thread->run_node);
    count_in(queue, thread->priority);
}

void run_queue_prepend(struct run_queue *queue, struct thread *thread)
{
    list_add_first(&queue->lists[thread->priority], &thread->run_node);
    count_in(queue, thread->priority);
}

void run_queue_remove(struct run_queue *queue, struct thread *thread)
{
    list_remove(&thread->run_node);
    queue->count--;
    if (list_empty(&queue->lists[thread->priority])) {
        queue->ready_bits &= ~(1U << thread->priority);
    }
}

static always_inline unsigned most_urgent(uint32_t bits)
{
    return 31 - (unsigned)__builtin_clz(bits);
}

struct thread *run_queue_first(const struct run_queue *queue)
{
    if (queue->ready_bits == 0) {
        return NULL;
    }
    const struct list *list = &queue->lists[most_urgent(queue->ready_bits)];
    return list_entry(list->head.next, struct thread, run_node);
}

struct thread *run_queue_find_for(const struct run_queue *queue, unsigned cpu)
{
    for (uint32_t bits = queue->ready_bits; bits != 0; bits &= ~(1U << most_urgent(bits))) {
        const struct list *list = &queue->lists[most_urgent(bits)];
        list_for_each (node, list) {
            struct thread *thread = list_entry(node, struct thread, run_node);
            if (thread->affinity >> cpu & 1) {
                return thread;
            }
        }
    }
    return NULL;
}
