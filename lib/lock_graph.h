/*
 * A graph that notes which lock was taken while which other lock was held. A circle in the graph
 * means a possible deadlock, even if none has happened: A was taken while B was held, and B while A
 * was held, directly or by way of others. Locks are known by name, so that two of a kind (such as
 * two run queues) count as one. Names are compared by address.
 *
 * Several CPUs may use a graph at once without a lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define LOCK_GRAPH_NAMES_MAX 128

/* A set of locks, by their numbers. */
struct lock_set {
    uint64_t bits[LOCK_GRAPH_NAMES_MAX / 64];
};

/* An empty graph is all zeroes. */
struct lock_graph {
    const char *names[LOCK_GRAPH_NAMES_MAX];
    struct lock_set taken_under[LOCK_GRAPH_NAMES_MAX]; /* of [b]: the locks held when b was taken */
};

enum lock_order {
    LOCK_ORDER_RIGHT,
    LOCK_ORDER_CIRCLE,
    LOCK_ORDER_TOO_MANY_NAMES,
    LOCK_ORDER_NAMELESS, /* one of the two has no name: it was never initialised */
};

/*
 * Notes that `taken` is taken while `held` is held. Returns LOCK_ORDER_CIRCLE if this pair is new
 * and closes a circle, of any length; a pair that was noted before is not checked again. Two locks
 * of one name are always in order. A lock without a name (NULL) is refused, and nothing is noted.
 * Context: ANY.
 */
must_check enum lock_order lock_graph_note(struct lock_graph *graph, const char *held,
                                           const char *taken);

/*
 * Writes the other pairs of the circle that lock_graph_note() found, as the names of the locks in
 * the order in which they were taken: "'taken', 'b', 'held'". Context: ANY.
 */
void lock_graph_circle(const struct lock_graph *graph, const char *held, const char *taken,
                       char *text, size_t bytes);
