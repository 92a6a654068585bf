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

/*
 * Looks for a thread that may run on `cpu` in one list, from both ends at once, at most *left pairs
 * of threads. A thread in the middle of a long list may be missed; it is near the head, and found,
 * once the list's own CPU has run the threads before it.
 */
static struct thread *list_find_for(const struct list *list, unsigned cpu, unsigned *left)
{
    const struct list_node *first = list->head.next, *last = list->head.previous;
    struct thread *from_last = NULL;
    for (; *left > 0 && first != &list->head; *left -= 1) {
        struct thread *thread = list_entry(first, struct thread, run_node);
        if (thread->affinity >> cpu & 1) {
            return thread;
        }
        if (first == last) {
            break;
        }
        first = first->next;
        thread = list_entry(last, struct thread, run_node);
        if (thread->affinity >> cpu & 1) {
            from_last = thread; /* the last one stored is nearest to the head */
        }
        if (first == last) {
            break;
        }
        last = last->previous;
    }
    return from_last;
}

struct thread *run_queue_find_for(const struct run_queue *queue, unsigned cpu)
{
    unsigned left = RUN_QUEUE_FIND_MOST;
    struct thread *found = NULL;
    for (uint32_t bits = queue->ready_bits; bits != 0 && found == NULL && left > 0;
         bits &= ~(1U << run_queue_most_urgent(bits))) {
        found = list_find_for(&queue->lists[run_queue_most_urgent(bits)], cpu, &left);
    }
    return found;
}
