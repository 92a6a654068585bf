/*
 * Intrusive doubly linked list: the nodes lie inside the objects that are listed.
 *
 * A list is a ring through its head. A node that is on no list points at itself, by which
 * list_node_linked() recognises it; so a node must be initialised once before that call.
 * Every operation takes constant time. The caller guards the list. Context of all functions: ANY.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

struct list {
    struct list_node head;
};

/* Initialiser for a list with static storage: struct list ready = LIST_INITIALIZER(ready); */
#define LIST_INITIALIZER(name)                                                                     \
    {                                                                                              \
        .head = {.next = &(name).head, .previous = &(name).head }                                  \
    }

/* The object of type `type` whose member `member` is the node. */
#define list_entry(node, type, member) container_of(node, type, member)

/* Walks the nodes first to last; the body must not remove `node` (use the safe form for that). */
#define list_for_each(node, list)                                                                  \
    for (struct list_node *node = (list)->head.next; node != &(list)->head; node = node->next)

/* Walks the nodes first to last; the body may remove `node`, but not `following`. */
#define list_for_each_safe(node, following, list)                                                  \
    for (struct list_node *node = (list)->head.next, *following = node->next;                      \
         node != &(list)->head; node = following, following = node->next)

static inline void list_node_init(struct list_node *node)
{
    node->next = node;
    node->previous = node;
}

static inline void list_init(struct list *list)
{
    list_node_init(&list->head);
}

static inline bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

/* Returns whether the node is on a list. list_node_init() must have been called once. */
static inline bool list_node_linked(const struct list_node *node)
{
    return node->next != node;
}

static inline void list_insert_between(struct list_node *node, struct list_node *previous,
                                       struct list_node *next)
{
    node->previous = previous;
    node->next = next;
    previous->next = node;
    next->previous = node;
}

static inline void list_insert_before(struct list_node *place, struct list_node *node)
{
    list_insert_between(node, place->previous, place);
}

static inline void list_insert_after(struct list_node *place, struct list_node *node)
{
    list_insert_between(node, place, place->next);
}

static inline void list_add_first(struct list *list, struct list_node *node)
{
    list_insert_after(&list->head, node);
}

static inline void list_add_last(struct list *list, struct list_node *node)
{
    list_insert_before(&list->head, node);
}

/* Removes the node from its list. Does nothing to an initialised node that is on no list. */
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_node_init(node);
}

/* Returns the first node, or NULL if the list is empty. */
static inline struct list_node *list_first(const struct list *list)
{
    return list_empty(list) ? NULL : list->head.next;
}

/* Returns the last node, or NULL if the list is empty. */
static inline struct list_node *list_last(const struct list *list)
{
    return list_empty(list) ? NULL : list->head.previous;
}

/* Returns the node that follows a node of the list, or NULL if there is none. */
static inline struct list_node *list_next(const struct list *list, const struct list_node *node)
{
    return node->next == &list->head ? NULL : node->next;
}

/* Removes and returns the first node; returns NULL if the list is empty. */
static inline struct list_node *list_take_first(struct list *list)
{
    struct list_node *node = list_first(list);

    if (node != NULL) {
        list_remove(node);
    }
    return node;
}

/* Removes and returns the last node; returns NULL if the list is empty. */
static inline struct list_node *list_take_last(struct list *list)
{
    struct list_node *node = list_last(list);

    if (node != NULL) {
        list_remove(node);
    }
    return node;
}

/* Moves all nodes of `from` behind those of `to`, in order; `from` is empty afterwards. */
static inline void list_append(struct list *to, struct list *from)
{
    if (list_empty(from)) {
        return;
    }
    from->head.next->previous = to->head.previous;
    from->head.previous->next = &to->head;
    to->head.previous->next = from->head.next;
    to->head.previous = from->head.previous;
    list_init(from);
}

/* Counts the nodes, one by one. For tests and listings. */
static inline size_t list_length(const struct list *list)
{
    size_t length = 0;

    list_for_each (node, list) {
        length++;
    }
    return length;
}
