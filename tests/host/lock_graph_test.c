/*
 * The graph of lock orders: circles, more names than there is room for, many CPUs at once.
 */
#include "lib/lock_graph.h"

#include <string.h>

#include "tests/host/host.h"

HOST_TEST(HLG0001,
          "locks taken in one order are right, and in the other order reversed, at any later time")
{
    static struct lock_graph graph;

    host_equal(lock_graph_note(&graph, "a", "b"), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, "a", "b"), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, "b", "c"), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, "a", "c"), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, "c", "b"), LOCK_ORDER_CIRCLE);
    host_equal(lock_graph_note(&graph, "b", "a"), LOCK_ORDER_CIRCLE);
    host_equal(lock_graph_note(&graph, "a", "a"), LOCK_ORDER_RIGHT);
}

HOST_TEST(HLG0004, "a circle of three or more locks is found, and its order is told")
{
    static struct lock_graph graph;
    static const char a[] = "a", b[] = "b", c[] = "c", d[] = "d", e[] = "e";
    char text[64];

    host_equal(lock_graph_note(&graph, a, b), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, c, d), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, a, e), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, b, c), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, d, e), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, d, a), LOCK_ORDER_CIRCLE);
    lock_graph_circle(&graph, d, a, text, sizeof(text));
    host_check(strcmp(text, "'a', 'b', 'c', 'd'") == 0);
}

HOST_TEST(HLG0005, "a lock without a name is refused, and takes no place in the graph")
{
    static struct lock_graph graph;

    host_equal(lock_graph_note(&graph, NULL, "a"), LOCK_ORDER_NAMELESS);
    host_equal(lock_graph_note(&graph, "a", NULL), LOCK_ORDER_NAMELESS);
    host_equal(lock_graph_note(&graph, NULL, NULL), LOCK_ORDER_NAMELESS);
    host_check(graph.names[0] == NULL);
    host_equal(lock_graph_note(&graph, "a", "b"), LOCK_ORDER_RIGHT);
    host_equal(lock_graph_note(&graph, "b", "a"), LOCK_ORDER_CIRCLE);
}

HOST_TEST(HLG0002, "a lock graph holds sixty-four names and reports when there are more")
{
    static struct lock_graph graph;
    static char names[LOCK_GRAPH_NAMES_MAX + 1];

    for (unsigned i = 1; i < LOCK_GRAPH_NAMES_MAX; i++) {
        host_equal(lock_graph_note(&graph, &names[i - 1], &names[i]), LOCK_ORDER_RIGHT);
    }
    host_equal(lock_graph_note(&graph, &names[0], &names[LOCK_GRAPH_NAMES_MAX]),
               LOCK_ORDER_TOO_MANY_NAMES);
    host_equal(lock_graph_note(&graph, &names[LOCK_GRAPH_NAMES_MAX], &names[0]),
               LOCK_ORDER_TOO_MANY_NAMES);
    host_equal(lock_graph_note(&graph, &names[63], &names[62]), LOCK_ORDER_CIRCLE);
}

static struct lock_graph shared;
static char shared_names[40];
static unsigned reversed;

static void note_upwards(unsigned cpu)
{
    for (unsigned round = 0; round < 2000; round++) {
        unsigned low = (round * 7 + cpu) % 39, high = low + 1 + round % (39 - low);

        if (lock_graph_note(&shared, &shared_names[low], &shared_names[high]) != LOCK_ORDER_RIGHT) {
            __atomic_add_fetch(&reversed, 1, __ATOMIC_RELAXED);
        }
    }
}

HOST_TEST(HLG0003, "several CPUs add the same locks at once, and each lock gets one number")
{
    host_cpus_create(4);
    host_cpus_run(4, note_upwards);
    host_equal(reversed, 0);
    for (unsigned i = 0; i < LOCK_GRAPH_NAMES_MAX; i++) {
        for (unsigned j = 0; j < i; j++) {
            host_check(shared.names[i] == NULL || shared.names[i] != shared.names[j]);
        }
    }
}
