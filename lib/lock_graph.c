/*
 * A matrix of bits: see lock_graph.h. Only a pair that is new can close a circle, so only then is
 * one looked for. Each CPU sets the bit of its pair before it looks: the last one sees all the
 * others.
 */
#include "lib/lock_graph.h"

/*
 * Returns the number of a name, which it gets at its first use, or LOCK_GRAPH_NAMES_MAX if there is
 * no room.
 */
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

/*
 * Returns the locks, by bit, under which lock number `self` was taken, directly or through others.
 */
static uint64_t all_above(const struct lock_graph *graph, unsigned self)
{
    uint64_t found = __atomic_load_n(&graph->taken_under[self], __ATOMIC_SEQ_CST), done = 0;
    while (found != done) {
        unsigned next = (unsigned)__builtin_ctzl(found & ~done);
        done |= 1UL << next;
        found |= __atomic_load_n(&graph->taken_under[next], __ATOMIC_SEQ_CST);
    }
    return found;
}

enum lock_order lock_graph_note(struct lock_graph *graph, const char *held, const char *taken)
{
    unsigned under = name_number(graph, held), self = name_number(graph, taken);

    if (under == LOCK_GRAPH_NAMES_MAX || self == LOCK_GRAPH_NAMES_MAX) {
        return LOCK_ORDER_TOO_MANY_NAMES;
    }
    uint64_t bit = 1UL << under;
    if (under == self || (__atomic_load_n(&graph->taken_under[self], __ATOMIC_RELAXED) & bit)) {
        return LOCK_ORDER_RIGHT;
    }
    __atomic_or_fetch(&graph->taken_under[self], bit, __ATOMIC_SEQ_CST);
    return all_above(graph, under) >> self & 1 ? LOCK_ORDER_CIRCLE : LOCK_ORDER_RIGHT;
}

/* Appends a name in quotes as far as it fits. Without format_string(), to use little stack. */
static size_t name_append(char *text, size_t bytes, size_t length, const char *before,
                          const char *name)
{
    const char *const parts[] = {before, name, "'"};
    for (unsigned i = 0; i < array_length(parts); i++) {
        for (const char *from = parts[i]; *from != '\0' && length + 1 < bytes; from++) {
            text[length++] = *from;
        }
    }
    text[length] = '\0';
    return length;
}

void lock_graph_circle(const struct lock_graph *graph, const char *held, const char *taken,
                       char *text, size_t bytes)
{
    unsigned from = 0, to = 0;
    for (unsigned i = 0; i < LOCK_GRAPH_NAMES_MAX; i++) {
        from = graph->names[i] == taken ? i : from;
        to = graph->names[i] == held ? i : to;
    }
    size_t length = name_append(text, bytes, 0, "'", taken);
    uint64_t on_the_way = all_above(graph, to) | 1UL << to, seen = 1UL << from;
    for (unsigned i = 0; i < LOCK_GRAPH_NAMES_MAX && from != to; i++) {
        bool next = (graph->taken_under[i] >> from & 1) && (on_the_way >> i & 1) &&
                    !(seen >> i & 1) && (i == to || !(graph->taken_under[to] >> from & 1));
        if (next) {
            length = name_append(text, bytes, length, ", '", graph->names[i]);
            seen |= 1UL << i;
            from = i;
            i = UINT32_MAX; /* from the first name again */
        }
    }
}
