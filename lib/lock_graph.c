/*
 * A matrix of bits: see lock_graph.h. Only a new pair can close a circle, so the search is made for
 * new pairs only. Each CPU sets the bit of its pair before it searches. So if several CPUs add the
 * pairs of one circle at the same time, the CPU that sets its bit last finds the circle.
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

static bool set_has(const struct lock_set *set, unsigned number)
{
    return __atomic_load_n(&set->bits[number / 64], __ATOMIC_SEQ_CST) >> number % 64 & 1;
}

static void set_add(struct lock_set *set, unsigned number)
{
    __atomic_or_fetch(&set->bits[number / 64], 1UL << number % 64, __ATOMIC_SEQ_CST);
}

/* Stores the set of locks under which lock `self` was taken, directly or by way of others. */
static void all_above(const struct lock_graph *graph, unsigned self, struct lock_set *found)
{
    struct lock_set done = {{0}};
    unsigned next = self;
    *found = done;
    do {
        for (unsigned i = 0; i < array_length(found->bits); i++) {
            found->bits[i] |= __atomic_load_n(&graph->taken_under[next].bits[i], __ATOMIC_SEQ_CST);
        }
        for (next = 0; next < LOCK_GRAPH_NAMES_MAX; next++) {
            if (set_has(found, next) && !set_has(&done, next)) {
                set_add(&done, next);
                break;
            }
        }
    } while (next < LOCK_GRAPH_NAMES_MAX);
}

enum lock_order lock_graph_note(struct lock_graph *graph, const char *held, const char *taken)
{
    if (held == NULL || taken == NULL) {
        return LOCK_ORDER_NAMELESS;
    }
    unsigned under = name_number(graph, held), self = name_number(graph, taken);

    if (under == LOCK_GRAPH_NAMES_MAX || self == LOCK_GRAPH_NAMES_MAX) {
        return LOCK_ORDER_TOO_MANY_NAMES;
    }
    if (under == self || set_has(&graph->taken_under[self], under)) {
        return LOCK_ORDER_RIGHT;
    }
    struct lock_set above;
    set_add(&graph->taken_under[self], under);
    all_above(graph, under, &above);
    return set_has(&above, self) ? LOCK_ORDER_CIRCLE : LOCK_ORDER_RIGHT;
}

/* Appends a name in quotes as far as it fits. Does not use format_string(), to save stack. */
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
    struct lock_set on_the_way, seen = {{0}};
    all_above(graph, to, &on_the_way);
    set_add(&on_the_way, to);
    set_add(&seen, from);
    for (unsigned i = 0; i < LOCK_GRAPH_NAMES_MAX && from != to; i++) {
        bool next = set_has(&graph->taken_under[i], from) && set_has(&on_the_way, i) &&
                    !set_has(&seen, i) && (i == to || !set_has(&graph->taken_under[to], from));
        if (next) {
            length = name_append(text, bytes, length, ", '", graph->names[i]);
            set_add(&seen, i);
            from = i;
            i = UINT32_MAX; /* from the first name again */
        }
    }
}
