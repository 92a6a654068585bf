/* See run_queue.h. The host unit tests compile this file, too. */
#include "sched/core/run_queue.h"

void run_queue_init(struct run_queue *queue)
{
    *queue = (struct run_queue){0};
    spinlock_init(&queue->lock, "run queue");
    for (unsigned priority = 0; priority < THREAD_PRIORITIES; priority++) {
        list_init(&queue->lists[priority]);
    }
}

struct thread *run_queue_find_for(const struct run_queue *queue, unsigned cpu)
{
    for (uint32_t bits = queue->ready_bits; bits != 0;
         bits &= ~(1U << run_queue_most_urgent(bits))) {
        const struct list *list = &queue->lists[run_queue_most_urgent(bits)];
        list_for_each (node, list) {
            struct thread *thread = list_entry(node, struct thread, run_node);
            if (thread->affinity >> cpu & 1) {
                return thread;
            }
        }
    }
    return NULL;
}
