/*
 * A queue of nodes by priority: the highest priority comes first, and among equal ones the node
 * that was added first. There is one list for each priority, and a word with a bit for each list
 * that is not empty, so every operation takes constant time. The caller guards the queue, and
 * remembers the priority that it added a node with. Context of all functions: ANY.
 */
#pragma once

#include <stdint.h>

#include "lib/list.h"

#define PRIORITY_QUEUE_LEVELS 32

struct priority_queue {
    uint32_t bits;
    struct list lists[PRIORITY_QUEUE_LEVELS];
};

static inline void priority_queue_init(struct priority_queue *queue)
{
    queue->bits = 0;
    for (unsigned priority = 0; priority < PRIORITY_QUEUE_LEVELS; priority++) {
        list_init(&queue->lists[priority]);
    }
}

static inline bool priority_queue_empty(const struct priority_queue *queue)
{
    return queue->bits == 0;
}

static inline void priority_queue_add(struct priority_queue *queue, struct list_node *node,
                                      unsigned priority)
{
    list_add_last(&queue->lists[priority], node);
    queue->bits |= 1U << priority;
}

static inline void priority_queue_remove(struct priority_queue *queue, struct list_node *node,
                                         unsigned priority)
{
    list_remove(node);
    if (list_empty(&queue->lists[priority])) {
        queue->bits &= ~(1U << priority);
    }
}

/* Returns the highest priority of a node in the queue, which must not be empty. */
static inline unsigned priority_queue_highest(const struct priority_queue *queue)
{
    return 31 ^ (unsigned)__builtin_clz(queue->bits);
}

/* Returns the first node of a queue that is not empty, and leaves it in the queue. */
static inline struct list_node *priority_queue_head(const struct priority_queue *queue)
{
    return queue->lists[priority_queue_highest(queue)].head.next;
}

/* Returns the first node, or NULL, and leaves it in the queue. */
static inline struct list_node *priority_queue_first(const struct priority_queue *queue)
{
    return queue->bits != 0 ? priority_queue_head(queue) : NULL;
}
