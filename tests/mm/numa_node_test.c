/*
 * Memory that is near some CPUs and far from others. These tests need a machine with several nodes
 * of memory, such as the row `domains` of the matrix.
 */
#include "mm/frame/numa_counts.h"
#include "mm/frame/numa_node.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define FRAMES 100

TEST(DOM0010, "a machine with one node of memory counts neither near nor far pages", ONE_NODE)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct numa_node_counts *counts = numa_node_counts_of(cpu);
        for (unsigned use = 0; use < NUMA_USES; use++) {
            test_equal(counts->local[use] + counts->remote[use], 0);
        }
    }
}

static uint32_t far_frames;

static void take_and_look(unsigned cpu)
{
    static physical_t frames[CPU_MAX][FRAMES];
    unsigned count = 0;
    while (count < FRAMES && frame_allocate(FRAME_OWNER_TEST, &frames[cpu][count]) == OK) {
        if (numa_node_of(frames[cpu][count++]) != frame_node_of_cpu(cpu)) {
            test_count(&far_frames);
        }
    }
    while (count > 0) {
        frame_free(frames[cpu][--count], FRAME_OWNER_TEST);
    }
}

TEST(DOM0001, "each CPU gets frames of its own node as long as that has any", NUMA_NODES)
{
    far_frames = 0;
    test_on_each_cpu(take_and_look);
    test_equal(far_frames, 0);
}

/* Frees the frames of a chain that belong to a node; keeps the others in the chain. */
static void node_give_back(struct run_down *all, unsigned node)
{
    struct run_down others = {.chain = UINT32_MAX};
    while (all->count > 0) {
        physical_t frame = (physical_t)all->chain << PAGE_SHIFT;
        all->chain = frame_tag(frame);
        all->count--;
        if (numa_node_of(frame) == node) {
            frame_tag_set(frame, 0);
            frame_free(frame, FRAME_OWNER_TEST);
        } else {
            frame_tag_set(frame, others.chain);
            others.chain = (uint32_t)(frame >> PAGE_SHIFT);
            others.count++;
        }
    }
    *all = others;
}

TEST(DOM0002,
     "with its own node exhausted a CPU gets frames of another node, which are freed to that node",
     NUMA_NODES)
{
    struct run_down all;
    physical_t frame, block, again;
    run_down_begin();
    unsigned own = frame_node_of_cpu(cpu_number());
    unsigned other = (own + 1) % numa_node_count;
    run_down_take(&all);
    node_give_back(&all, other);
    size_t free_there = frame_node_free_count(other);
    int error = frame_allocate(FRAME_OWNER_TEST, &frame);
    int block_error = frame_allocate_order(2, FRAME_OWNER_TEST, &block);
    if (block_error == OK) {
        frame_free_order(block, 2, FRAME_OWNER_TEST);
    }
    if (error == OK) {
        frame_free(frame, FRAME_OWNER_TEST);
    }
    frame_cache_drain_this_cpu();
    size_t free_after = frame_node_free_count(other);
    run_down_give_back(&all);
    frame_cache_drain_this_cpu();
    int again_error = frame_allocate(FRAME_OWNER_TEST, &again);
    run_down_end();

    test_equal(error, OK);
    test_equal(block_error, OK);
    test_equal(numa_node_of(frame), other);
    test_equal(numa_node_of(block), other);
    test_equal(free_after, free_there);
    test_equal(again_error, OK);
    if (again_error == OK) {
        test_equal(numa_node_of(again), own);
        frame_free(again, FRAME_OWNER_TEST);
    }
}

static uint32_t far_pages;

/* Looks at all pages of its own stack, three of which came by faults. */
static void grow_and_look(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    *(volatile char *)(stack_bottom(slot) + 64) = 1;
    uint64_t flags = interrupts_save();
    unsigned own = frame_node_of_cpu(cpu_number());
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        if (numa_node_of(stack_entry_frame(stack_entries(slot)[page])) != own) {
            test_count(&far_pages);
        }
    }
    interrupts_restore(flags);
}

TEST(DOM0003, "a thread bound to a CPU has a stack of that CPU's node, wherever it is created",
     NUMA_NODES)
{
    far_pages = 0;
    test_thread_bind(0, 20);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        uint64_t flags = interrupts_save();
        stack_cache_drain();
        interrupts_restore(flags);
        test_thread_join(test_thread_start(16, test_cpu_bit(cpu), grow_and_look, NULL));
        test_thread_join(test_thread_start(16, test_cpu_bit(cpu), grow_and_look, NULL));
    }
    test_thread_unbind();
    test_equal(far_pages, 0);
}

static void magazine_look(unsigned cpu)
{
    uint64_t flags = interrupts_save();
    const struct magazine *own = this_cpu_pointer(magazine);
    for (uint32_t i = own->taken; i < own->capacity; i++) {
        if (numa_node_of(own->rounds[i] & PAGE_ADDRESS_MASK) != frame_node_of_cpu(cpu)) {
            test_count(&far_pages);
        }
    }
    interrupts_restore(flags);
}

TEST(DOM0004, "magazines hold frames of their CPU's node, and each that they take is counted",
     NUMA_MAGAZINES)
{
    struct numa_node_counts before, after;
    far_pages = 0;
    test_thread_bind(0, 20);
    before = *numa_node_counts_of(0);
    stack_trim(thread_current()->slot, stack_top(thread_current()->slot) - PAGE_BYTES);
    *(volatile char *)(stack_bottom(thread_current()->slot) + 64) = 1;
    thread_yield();
    ignore_result(thread_sleep_ns(10000000));
    after = *numa_node_counts_of(0);
    test_thread_unbind();
    test_check(after.local[NUMA_USE_ROUND] + after.remote[NUMA_USE_ROUND] >=
               before.local[NUMA_USE_ROUND] + before.remote[NUMA_USE_ROUND] + 2);
    /* node 0 has frames of its own */
    test_equal(after.remote[NUMA_USE_ROUND], before.remote[NUMA_USE_ROUND]);
    test_on_each_cpu(magazine_look);
    test_equal(far_pages, 0);
}
