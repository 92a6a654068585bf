/*
 * Which locks were taken while which others were held, to find two that are ever taken in both
 * orders: a deadlock waiting to happen, though it may never have happened yet. Locks are known by
 * name, so that two of a kind (such as two run queues) count as one. Names are compared by address.
 *
 * Several CPUs may use a graph at once without a lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define LOCK_GRAPH_NAMES_MAX 64

/* An empty graph is all zeroes. */
struct lock_graph {
    const char *names[LOCK_GRAPH_NAMES_MAX];
    uint64_t taken_under[LOCK_GRAPH_NAMES_MAX]; /* bit a of [b]: b was taken while a was held */
};

enum lock_order { LOCK_ORDER_RIGHT, LOCK_ORDER_REVERSED, LOCK_ORDER_TOO_MANY_NAMES };

/* Notes that `taken` is taken while `held` is held. Two of one name are always right. */
must_check enum lock_order lock_graph_note(struct lock_graph *graph, const char *held,
                                           const char *taken);
