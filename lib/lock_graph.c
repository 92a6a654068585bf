/* See lock_graph.h. A matrix of bits: noting a pair and seeing the reverse takes two steps. */
#include "lib/lock_graph.h"

#include <stddef.h>

/* The number of a name, which it gets on first sight; LOCK_GRAPH_NAMES_MAX if there is no room. */
static unsigned name_number(struct lock_graph *graph, const char *name)
{
    for (unsigned i = 0; i < LOCK_GRAPH_NAMES_MAX; i++) {
        const char *known = __atomic_load_n(&graph->names[i], __ATOMIC_ACQUIRE);
        if (known == NULL && __atomic_compare_exchange_n(&graph->names[i], &known, name, false,
                                                         __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return i;
        }
        if (known == name) {
            return i;
        }
    }
    return LOCK_GRAPH_NAMES_MAX;
}

enum lock_order lock_graph_note(struct lock_graph *graph, const char *held, const char *taken)
{
    unsigned under = name_number(graph, held), self = name_number(graph, taken);

    if (under == LOCK_GRAPH_NAMES_MAX || self == LOCK_GRAPH_NAMES_MAX) {
        return LOCK_ORDER_TOO_MANY_NAMES;
    }
    if (under == self) {
        return LOCK_ORDER_RIGHT;
    }
    __atomic_or_fetch(&graph->taken_under[self], 1UL << under, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&graph->taken_under[under], __ATOMIC_SEQ_CST) >> self & 1
               ? LOCK_ORDER_REVERSED
               : LOCK_ORDER_RIGHT;
}
