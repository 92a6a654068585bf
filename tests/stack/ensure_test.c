/*
 * Ensured depth: what stack_ensure() guarantees on stacks of every size, and how it refuses.
 * ensure_end_test.c checks how threads with such stacks end.
 */
#include "sched/stack/stack_reservation.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/backtrace.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_large.h"
#include "tests/support/large_stack.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define HEADROOM 1024 /* bytes for the test's own calls, above the pattern */

static bool stacks_are_eager(void)
{
    return stack_mode_get() == STACK_MODE_EAGER;
}

/* Ensures as much as the stack has from here; each larger request is refused. */
static never_inline int ensure_all(void)
{
    int error = ERROR_RANGE;
    size_t room = (uintptr_t)__builtin_frame_address(0) - stack_bottom(thread_current()->slot);
    for (; error == ERROR_RANGE && room >= 16; room -= 16) {
        error = stack_ensure(room);
    }
    return error;
}

static uint64_t word_for(uintptr_t at)
{
    return at * 0x9e3779b97f4a7c15 + 1;
}

/* Fills the range and checks it. Preemption is off, so no other frame lies where the pattern is. */
static bool pattern_holds(uintptr_t from, uintptr_t to)
{
    for (uintptr_t at = from; at < to; at += sizeof(uint64_t)) {
        *(volatile uint64_t *)at = word_for(at);
    }
    for (uintptr_t at = from; at < to; at += sizeof(uint64_t)) {
        if (*(volatile uint64_t *)at != word_for(at)) {
            return false;
        }
    }
    return true;
}

static void fill_whole(uint32_t slot, size_t bytes)
{
    uint32_t most = (uint32_t)(bytes / PAGE_BYTES);
    test_equal(ensure_all(), OK);
    test_check(stack_held(thread_current()));
    test_equal(stack_pages_backed(slot), most);
    preempt_disable();
    uint32_t taken = this_cpu(magazine).taken;
    bool holds =
        pattern_holds(stack_bottom(slot), (uintptr_t)__builtin_frame_address(0) - HEADROOM);
    uint32_t taken_after = this_cpu(magazine).taken;
    preempt_enable();
    test_check(holds);
    test_equal(taken_after, taken);
    stack_release();
    test_check(!stack_held(thread_current()));
    test_equal(stack_pages_backed(slot), stacks_are_eager() ? most : STACK_PAGES);
    test_check(stack_holes_are_one(slot));
}

TEST(LRG0101, "what is ensured can be filled to the last byte, in each size, and no fault", ALWAYS)
{
    in_each_size("filled", false, fill_whole);
}

static void refuse_too_much(uint32_t slot, size_t bytes)
{
    test_equal(stack_ensure(bytes), ERROR_RANGE); /* the call itself may need more of the stack */
    uint32_t backed = stack_pages_backed(slot);
    test_equal(stack_ensure(bytes + 1), ERROR_RANGE);
    test_equal(stack_ensure(SIZE_MAX), ERROR_RANGE);
    test_equal(stack_ensure(SIZE_MAX - bytes), ERROR_RANGE);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    /* leaves no room to be preempted */
    test_equal(stack_ensure(here - stack_bottom(slot)), ERROR_RANGE);
    test_check(!stack_held(thread_current()));
    test_equal(stack_pages_backed(slot), backed);
}

TEST(LRG0102, "a request for more than the stack has is refused, and nothing changes", ALWAYS)
{
    in_each_size("greedy", false, refuse_too_much);
}

#define RUN_DOWN_BYTES (64 * 1024)

/* All pages that faults may fill are there, so every missing page must come from the allocator. */
static void fail_for_frames(void *argument maybe_unused)
{
    struct run_down all;
    enum { MISSING = (RUN_DOWN_BYTES - STACK_BYTES) / PAGE_BYTES };
    static int errors[MISSING + 1];
    static size_t lost[MISSING + 1];
    static uint32_t backed[MISSING + 1];
    uint32_t slot = thread_current()->slot, taken;

    *(volatile char *)stack_floor(slot) = 1;
    run_down_begin();
    run_down_take(&all);
    taken = this_cpu(magazine).taken;
    for (unsigned frames = 0; frames <= MISSING; frames++) {
        size_t free = frame_free_count();
        errors[frames] = ensure_all();
        backed[frames] = stack_pages_backed(slot);
        lost[frames] = free - frame_free_count();
        run_down_give_one(&all);
    }
    taken = this_cpu(magazine).taken - taken;
    run_down_give_back(&all);
    run_down_end();
    for (unsigned frames = 0; frames < MISSING; frames++) {
        test_equal(errors[frames], ERROR_NO_MEMORY);
        test_equal(backed[frames], STACK_PAGES);
        test_equal(lost[frames], 0);
    }
    test_equal(errors[MISSING], OK);
    test_equal(backed[MISSING], RUN_DOWN_BYTES / PAGE_BYTES);
    test_equal(lost[MISSING], MISSING);
    test_equal(taken, 0);
    while (stack_held(thread_current())) {
        stack_release();
    }
}

TEST(LRG0103,
     "with too few frames left stack_ensure() fails, and takes none, nor any from the magazine",
     STACKS_GROW)
{
    run_on_stack("needy", RUN_DOWN_BYTES, fail_for_frames, NULL);
}

static void fail_each_allocation(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    unsigned failures = 0;
    for (uint32_t step = 1; step <= STACK_PAGES_MAX + 1; step++) {
        fault_inject_arm(FAULT_INJECT_ALLOCATE, step, 0);
        int error = stack_ensure(40 * 1024);
        bool struck = fault_inject_count(FAULT_INJECT_ALLOCATE) != 0;
        fault_inject_arm(FAULT_INJECT_ALLOCATE, options.inject_every[FAULT_INJECT_ALLOCATE],
                         options.seed);
        if (error == OK) {
            test_check(!struck);
            stack_release();
            break;
        }
        failures++;
        test_equal(error, ERROR_NO_MEMORY);
        test_check(!stack_held(thread_current()));
        test_check(stack_pages_backed(slot) <= STACK_PAGES);
    }
    test_check(failures >= 7); /* 40 KiB reach at least 7 pages below the floor */
}

TEST(LRG0104, "stack_ensure() survives the failure of each of its allocations, and loses nothing",
     STACKS_GROW)
{
    run_on_stack("unlucky", RUN_DOWN_BYTES, fail_each_allocation, NULL);
}

static void use_without_memory(void *argument maybe_unused)
{
    struct run_down all;
    uint32_t slot = thread_current()->slot;
    test_equal(ensure_all(), OK);
    run_down_begin();
    run_down_take(&all);
    uint32_t taken = this_cpu(magazine).taken;
    bool holds =
        pattern_holds(stack_bottom(slot), (uintptr_t)__builtin_frame_address(0) - HEADROOM);
    taken = this_cpu(magazine).taken - taken;
    run_down_give_back(&all);
    run_down_end();
    test_check(holds);
    test_equal(taken, 0);
    stack_release();
}

TEST(LRG0105, "ensured pages are there when all memory is gone, and take no round", ALWAYS)
{
    run_on_stack("provident", STACK_BYTES, use_without_memory, NULL);
    run_on_stack("provident", STACK_BYTES_MAX, use_without_memory, NULL);
}

static void nest(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    test_equal(stack_ensure(24 * 1024), OK);
    uint32_t outer = stack_pages_backed(slot);
    test_equal(stack_ensure(100 * 1024), OK);
    uint32_t inner = stack_pages_backed(slot);
    test_equal(stack_ensure(100), OK); /* less than there is, but it counts */
    test_equal(stack_pages_backed(slot), inner);
    stack_release();
    stack_release();
    test_check(stack_held(thread_current()));
    /* the deepest depth stays until the last release */
    test_equal(stack_pages_backed(slot), inner);
    stack_release();
    test_check(!stack_held(thread_current()));
    if (!stacks_are_eager()) {
        test_check(outer >= 6 && inner >= outer + 18);
        test_equal(stack_pages_backed(slot), STACK_PAGES);
    }
    for (unsigned i = 0; i < UINT8_MAX; i++) {
        test_equal(stack_ensure(0), OK);
    }
    test_equal(stack_ensure(0), ERROR_RANGE);
    for (unsigned i = 0; i < UINT8_MAX; i++) {
        stack_release();
    }
    test_check(!stack_held(thread_current()));
}

TEST(LRG0106, "calls of stack_ensure() nest: the deepest holds until the last release", ALWAYS)
{
    run_on_stack("nesting", 256 * 1024, nest, NULL);
}

static void in_odd_contexts(void *argument maybe_unused)
{
    static struct spinlock lock = SPINLOCK("test");
    spin_lock(&lock);
    int locked = stack_ensure(50 * 1024);
    spin_unlock(&lock);
    uint64_t flags = interrupts_save();
    int off = stack_ensure(90 * 1024);
    uint32_t taken = this_cpu(magazine).taken;
    bool holds = pattern_holds((uintptr_t)__builtin_frame_address(0) - 90 * 1024,
                               (uintptr_t)__builtin_frame_address(0) - HEADROOM);
    taken = this_cpu(magazine).taken - taken;
    interrupts_restore(flags);
    test_equal(locked, OK);
    test_equal(off, OK);
    test_check(holds);
    test_equal(taken, 0);
    stack_release();
    stack_release();
}

TEST(LRG0107, "stack_ensure() works with a spinlock held and with interrupts off", ALWAYS)
{
    run_on_stack("odd", 128 * 1024, in_odd_contexts, NULL);
}

/*
 * Goes down by real calls, and there yields, sleeps and takes a backtrace. Each call goes through a
 * pointer that the compiler cannot see through, so each level is one frame of this function.
 */
static unsigned sink(unsigned depth, unsigned most, struct backtrace *trace);
static unsigned (*volatile sink_further)(unsigned, unsigned, struct backtrace *) = sink;

static never_inline unsigned sink(unsigned depth, unsigned most, struct backtrace *trace)
{
    volatile unsigned char bytes[512];
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(depth + i);
    }
    if (depth < most) {
        wrong = sink_further(depth + 1, most, trace);
    } else {
        thread_yield();
        ignore_result(thread_sleep_ns(2000000));
        backtrace_from_here(trace);
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        wrong += bytes[i] != (unsigned char)(depth + i);
    }
    return wrong;
}

static void sink_and_come_back(void *argument maybe_unused)
{
    static struct backtrace traces[8];
    static uint32_t used;
    struct backtrace *trace = &traces[__atomic_fetch_add(&used, 1, __ATOMIC_RELAXED) % 8];
    enum { DEPTH = 1000 }; /* of more than 540 bytes each */
    for (unsigned round = 0; round < 3; round++) {
        uint32_t slot = thread_current()->slot, repeats = 0;
        int error = stack_ensure(900 * 1024);
        test_equal(error, OK);
        if (error != OK) {
            return;
        }
        test_equal(sink_further(0, DEPTH, trace), 0);
        test_check(!trace->full && !trace->broken);
        for (uint32_t i = 0; i < trace->count; i++) {
            repeats += trace->steps[i].repeats;
        }
        test_equal(repeats, DEPTH - 1);
        stack_release();
        test_check(stacks_are_eager() || stack_pages_backed(slot) == STACK_PAGES);
    }
}

TEST(LRG0108,
     "threads on 1 MiB stacks sleep half a megabyte deep, and a backtrace shows every frame",
     ALWAYS)
{
    struct thread *threads[4];
    for (unsigned i = 0; i < array_length(threads); i++) {
        threads[i] = start_on_stack("deep", STACK_BYTES_MAX, sink_and_come_back, NULL);
    }
    for (unsigned i = 0; i < array_length(threads); i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
}

static void measure_depth(void *argument maybe_unused)
{
    uint32_t slot = thread_current()->slot;
    test_equal(stack_ensure(200 * 1024), OK);
    uintptr_t at = align_down((uintptr_t)__builtin_frame_address(0) - 150 * 1024, 8);
    preempt_disable();
    *(volatile uint64_t *)at = 1;
    size_t depth = stack_depth_scan(slot);
    preempt_enable();
    test_equal(depth, stack_top(slot) - at);
    stack_release();
    test_check(stack_depth_scan(slot) <= STACK_BYTES || stacks_are_eager());
}

TEST(LRG0109, "the depth of a large stack is read exactly, below the floor as well", ALWAYS)
{
    run_on_stack("measured", 256 * 1024, measure_depth, NULL);
}
