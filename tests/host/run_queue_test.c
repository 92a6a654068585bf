/* Run queues and the queue of threads that wait for memory, compared with plain arrays. */
#include "sched/core/run_queue.h"

#include <string.h>

#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate.h"
#include "tests/host/fake_paging.h"
#include "tests/host/host.h"

#define THREADS 50

static struct thread threads[THREADS];

/* Stands in for the scheduler and the clock that the gate calls. */
static struct thread *made_ready[THREADS];
static unsigned made_ready_count;
static uint64_t now_ns;

static void grew_nothing(const struct thread *thread maybe_unused)
{
}

void (*thread_stack_grew)(const struct thread *thread) = grew_nothing;

void schedule_ready(struct thread *thread, enum thread_state from)
{
    host_equal(from, THREAD_WAITS_MEMORY);
    host_equal(thread->state, THREAD_WAITS_MEMORY);
    thread->state = THREAD_READY;
    made_ready[made_ready_count++] = thread;
}

uint64_t clock_now_ns(void)
{
    return now_ns;
}

HOST_TEST(HRQ0001, "a run queue returns the most urgent thread first, equals in order, by affinity")
{
    static struct thread *model[THREADS]; /* in the expected order */
    struct run_queue queue;
    unsigned count = 0;

    run_queue_init(&queue);
    for (unsigned i = 0; i < THREADS; i++) {
        list_node_init(&threads[i].run_node);
        threads[i].priority = (uint8_t)host_random_below(THREAD_PRIORITIES);
    }
    for (unsigned step = 0; step < 30000; step++) {
        struct thread *thread = &threads[host_random_below(THREADS)], *found = NULL;
        unsigned place = 0, cpu = (unsigned)host_random_below(4);

        if (list_node_linked(&thread->run_node)) {
            while (model[place] != thread) {
                place++;
            }
            memmove(&model[place], &model[place + 1], (--count - place) * sizeof(model[0]));
            if (place == 0 && host_random_below(2)) {
                host_check(run_queue_take_first(&queue) == thread);
                list_node_init(&thread->run_node); /* marks it as out for this test */
            } else {
                run_queue_remove(&queue, thread);
            }
        } else {
            bool first = host_random_below(2);

            thread->priority = (uint8_t)(step % 1000 < 500 ? host_random_below(THREAD_PRIORITIES)
                                                           : 15 + host_random_below(2));
            thread->affinity = host_random_below(16);
            while (place < count && (model[place]->priority > thread->priority ||
                                     (!first && model[place]->priority == thread->priority))) {
                place++;
            }
            memmove(&model[place + 1], &model[place], (count++ - place) * sizeof(model[0]));
            model[place] = thread;
            (first ? run_queue_prepend : run_queue_append)(&queue, thread);
        }
        host_check(run_queue_first(&queue) == (count == 0 ? NULL : model[0]));
        for (unsigned i = 0; i < count && found == NULL; i++) {
            found = model[i]->affinity >> cpu & 1 ? model[i] : NULL;
        }
        host_check(run_queue_find_for(&queue, cpu) == found);
    }
}

/* With more threads than it looks at, those in the middle are not found, those at the ends are. */
HOST_TEST(HRQ0004, "the search for a thread to steal looks at a bounded number of threads")
{
    static struct thread many[10 * RUN_QUEUE_FIND_MOST];
    static const unsigned count = array_length(many);
    struct run_queue queue;

    run_queue_init(&queue);
    for (unsigned i = 0; i < count; i++) {
        many[i].priority = 16;
        many[i].affinity = 1;
        run_queue_append(&queue, &many[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        bool near = i < RUN_QUEUE_FIND_MOST || i >= count - RUN_QUEUE_FIND_MOST;
        many[i].affinity = 2;
        host_check(run_queue_find_for(&queue, 1) == (near ? &many[i] : NULL));
        many[i].affinity = 1;
    }
    many[count - 1].affinity = many[3].affinity = 2;
    host_check(run_queue_find_for(&queue, 1) == &many[3]);
    many[0].priority = 31; /* alone in a list of its own, and it comes first */
    run_queue_init(&queue);
    many[0].affinity = many[1].affinity = 2;
    run_queue_append(&queue, &many[1]);
    run_queue_append(&queue, &many[0]);
    host_check(run_queue_find_for(&queue, 1) == &many[0]);
}

HOST_TEST(HRQ0002,
          "memory is granted to waiting threads by priority, then age, as far as the frames reach")
{
    static struct memory_map map;
    physical_t frames[2000];
    unsigned count = 0;

    host_memory_create(4 << 20);
    host_stack_object_create();
    host_equal(memory_map_add(&map, 0, 4 << 20, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
    stack_mode_set(STACK_MODE_FAULT);
    for (unsigned i = 0; i < 10; i++) {
        list_node_init(&threads[i].run_node);
        threads[i].priority = (uint8_t)(i % 3);
        host_equal(stack_create(&threads[i].slot), OK);
    }
    while (frame_allocate(FRAME_OWNER_TEST, &frames[count]) == OK) {
        count++;
    }
    for (unsigned i = 0; i < 10; i++) {
        now_ns = 1000 + i;
        gate_wait(&threads[i]);
    }
    host_equal(memory_queued(), 10);
    gate_grant();
    host_equal(made_ready_count, 0);
    for (unsigned i = 0; i < 3 * 4 + 2; i++) { /* enough for four threads that miss three pages */
        frame_free(frames[--count], FRAME_OWNER_TEST);
    }
    frame_cache_drain_this_cpu();
    gate_grant();
    host_equal(made_ready_count, 4);
    host_equal(memory_queued(), 6);
    host_equal(memory_waiters(), 10); /* threads that were granted memory have not run yet */
    host_check(made_ready[0] == &threads[2]);
    host_check(made_ready[1] == &threads[5]);
    host_check(made_ready[2] == &threads[8]);
    host_check(made_ready[3] == &threads[1]);
    now_ns = 5000;
    gate_wait(&threads[2]); /* waits again: its age counts from the first time */
    while (count > 0) {
        frame_free(frames[--count], FRAME_OWNER_TEST);
    }
    frame_cache_drain_this_cpu();
    gate_grant();
    host_equal(memory_queued(), 0);
    host_check(made_ready[4] == &threads[2]);
    host_equal(made_ready_count, 11);
    gate_wait_end(&threads[2]);
    host_equal(gate_counts.longest_wait_ns, 5000 - 1002);
    for (unsigned i = 0; i < 10; i++) {
        if (i != 2) {
            gate_wait_end(&threads[i]);
        }
    }
    host_equal(memory_waiters(), 0);
}

HOST_TEST(HRQ0003, "while a thread waits for memory none overtakes it or takes more than it needs")
{
    struct memory_map map = {0};
    struct thread three[3] = {0}, *from = &three[0], *old = &three[1], *young = &three[2];
    physical_t frames[2000];
    unsigned count = 0;
    uint32_t slot;

    now_ns = 1000;
    host_memory_create(4 << 20);
    host_stack_object_create();
    host_equal(memory_map_add(&map, 0, 4 << 20, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
    stack_mode_set(STACK_MODE_FAULT);
    host_equal(magazine_create(0), OK);
    for (unsigned i = 0; i < 3; i++) {
        list_node_init(&three[i].run_node);
        host_equal(stack_create(&three[i].slot), OK);
    }
    while (frame_allocate(FRAME_OWNER_TEST, &frames[count]) == OK) {
        count++;
    }
    magazine_drain(MAGAZINE_ROUNDS_DEFAULT);
    this_cpu(magazine).taken = 5; /* three are left: they cover `from` alone */
    for (unsigned i = 0; i < 5; i++) {
        frame_free(this_cpu(magazine).rounds[i] & PAGE_ADDRESS_MASK, FRAME_OWNER_MAGAZINE);
    }
    this_cpu(magazine).charged = 5;
    while (frame_allocate(FRAME_OWNER_TEST, &frames[count]) == OK) {
        count++;
    }
    host_check(!gate_pass(from, old));
    gate_wait(old);
    host_check(stack_memory_short());

    for (unsigned i = 0; i < 6; i++) { /* more than `old` needs, less than makes memory not short */
        frame_free(frames[--count], FRAME_OWNER_TEST);
    }
    frame_cache_drain_this_cpu();
    gate_grant();
    host_equal(memory_queued(), 0);
    host_check(stack_memory_short());
    host_equal(stack_create_backed(&slot), ERROR_NO_MEMORY);
    host_check(!gate_pass(from, young)); /* it is queued */
    host_equal(magazine_available(), 3);
    host_check(gate_pass(from, old));
    host_equal(magazine_available(), 6); /* three for each, not a full magazine */
    gate_wait_end(old);
    host_check(!stack_memory_short());
    host_check(gate_pass(from, young));
    while (count > 0) {
        frame_free(frames[--count], FRAME_OWNER_TEST);
    }
}
