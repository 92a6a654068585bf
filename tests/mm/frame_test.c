/* The frame allocator in the running kernel. Its algorithm is tested on the host (tests/host). */
#include "mm/frame/frame.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "lib/error.h"
#include "mm/frame/frame_free_list.h"
#include "mm/frame/numa_node.h"
#include "mm/space/address_space.h"
#include "mm/space/memory_object.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

/* Freed frames go to the reserve first if it is short; this test needs it full. */
static void reserve_fill(void)
{
    physical_t frame;

    for (unsigned tries = 0; tries < 10000 && stack_reserve_count() < stack_reserve_capacity();
         tries++) {
        if (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
            frame_free(frame, FRAME_OWNER_TEST);
        }
    }
}

TEST(FRM0001,
     "a frame that is allocated, changes its owner and is freed is counted at each owner exactly",
     ALWAYS)
{
    size_t tests = frame_owned_count(FRAME_OWNER_TEST), devices;
    physical_t frame = 0;

    devices = frame_owned_count(FRAME_OWNER_DEVICE);
    test_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    test_equal(frame_owner_of(frame), FRAME_OWNER_TEST);
    test_equal(frame_owned_count(FRAME_OWNER_TEST), tests + 1);
    frame_owner_change(frame, FRAME_OWNER_TEST, FRAME_OWNER_DEVICE);
    test_equal(frame_owned_count(FRAME_OWNER_TEST), tests);
    test_equal(frame_owned_count(FRAME_OWNER_DEVICE), devices + 1);
    /* If another CPU takes from the reserve in between, this is tried again. */
    for (unsigned tries = 0; tries < 100; tries++) {
        reserve_fill();
        frame_free(frame, FRAME_OWNER_DEVICE);
        test_equal(frame_owned_count(FRAME_OWNER_DEVICE), devices);
        if (frame_owner_of(frame) == FRAME_OWNER_FREE) {
            break;
        }
        test_equal(frame_allocate(FRAME_OWNER_DEVICE, &frame), OK);
    }
    test_equal(frame_owner_of(frame), FRAME_OWNER_FREE);
}

TEST(FRM0002, "blocks of every order are aligned, do not overlap and hold what is written", ALWAYS)
{
    physical_t blocks[BUDDY_ORDER_COUNT];
    unsigned orders = 0;

    for (; orders < BUDDY_ORDER_COUNT; orders++) {
        uint64_t *words;

        if (frame_allocate_order(orders, FRAME_OWNER_TEST, &blocks[orders]) != OK) {
            break; /* a small machine has no large block left */
        }
        test_equal(blocks[orders] % (PAGE_BYTES << orders), 0);
        words = physical_to_virtual(blocks[orders]);
        for (size_t i = 0; i < (PAGE_BYTES << orders) / sizeof(*words); i += 64) {
            words[i] = blocks[orders] ^ i;
        }
    }
    test_check(orders >= 7);
    while (orders-- > 0) {
        const uint64_t *words = physical_to_virtual(blocks[orders]);

        for (size_t i = 0; i < (PAGE_BYTES << orders) / sizeof(*words); i += 64) {
            if (words[i] != (blocks[orders] ^ i)) {
                test_fail(__FILE__, __LINE__, "block 0x%lx of order %u changed", blocks[orders],
                          orders);
                break;
            }
        }
        frame_free_order(blocks[orders], orders, FRAME_OWNER_TEST);
    }
    test_equal(frame_allocate_order(BUDDY_ORDER_COUNT, FRAME_OWNER_TEST, &blocks[0]),
               ERROR_INVALID);
}

TEST(FRM0003,
     "a per-CPU free list serves its CPU with interrupts off, and an empty one gives nothing",
     ALWAYS)
{
    physical_t frames[FRAME_BATCH], frame = 0;
    unsigned count = 0;
    uint64_t flags = interrupts_save();

    frame_cache_drain_this_cpu();
    test_equal(frame_allocate_local(FRAME_OWNER_TEST, &frame), ERROR_NO_MEMORY);
    test_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    while (count < FRAME_BATCH && frame_allocate_local(FRAME_OWNER_TEST, &frames[count]) == OK) {
        count++;
    }
    interrupts_restore(flags);
    test_equal(count, FRAME_BATCH - 1);
    while (count-- > 0) {
        frame_free(frames[count], FRAME_OWNER_TEST);
    }
    frame_free(frame, FRAME_OWNER_TEST);
}

TEST(FRM0007, "a CPU whose per-CPU free list is empty does not wait for the others to drain it",
     ALWAYS)
{
    bool waited = true;

    /* Another CPU may have the lock in one round, but none has it in all of them. */
    for (unsigned round = 0; round < 10000 && waited; round++) {
        uint64_t flags = interrupts_save();

        frame_cache_drain_this_cpu();
        uint32_t before = __atomic_load_n(&frame_lock.next, __ATOMIC_RELAXED);
        frame_cache_drain_this_cpu();
        waited = __atomic_load_n(&frame_lock.next, __ATOMIC_RELAXED) != before;
        interrupts_restore(flags);
    }
    test_check(!waited);
}

TEST(FRM0004,
     "without memory each function that allocates returns an error, and all memory comes back",
     ALWAYS)
{
    size_t free_before = frame_free_count();
    physical_t frame = 0x123;
    struct run_down all;
    size_t taken;
    int one, local, nowait, block;

    run_down_begin();
    run_down_take(&all);
    taken = all.count;
    one = frame_allocate(FRAME_OWNER_TEST, &frame);
    nowait = frame_allocate_nowait(FRAME_OWNER_TEST, &frame);
    block = frame_allocate_order(4, FRAME_OWNER_TEST, &frame);
    uint64_t flags = interrupts_save();
    local = frame_allocate_local(FRAME_OWNER_TEST, &frame);
    interrupts_restore(flags);
    run_down_give_back(&all);
    run_down_end();

    test_equal(one, ERROR_NO_MEMORY);
    test_equal(nowait, ERROR_NO_MEMORY);
    test_equal(block, ERROR_NO_MEMORY);
    test_equal(local, ERROR_NO_MEMORY);
    test_equal(frame, 0x123);
    test_check(taken + 1000 > free_before);
    test_note("%lu frames were taken", taken);
}

/*
 * A thread on CPU 1 that empties that CPU's free list, and frees a few frames there when all others
 * are taken. They then lie in that list.
 */
enum other_step { OTHER_IDLE, OTHER_EMPTY, OTHER_FREE, OTHER_END };

static struct {
    struct run_down taken;
    enum other_step step;
} other;

#define OTHER_FRAMES 8

static void other_run(void *argument maybe_unused)
{
    for (enum other_step step; (step = __atomic_load_n(&other.step, __ATOMIC_ACQUIRE)) != OTHER_END;
         cpu_pause()) {
        if (step == OTHER_IDLE) {
            continue;
        }
        preempt_disable();
        if (step == OTHER_EMPTY) {
            frame_cache_drain_this_cpu();
        }
        for (unsigned i = 0; step == OTHER_FREE && i < OTHER_FRAMES; i++) {
            run_down_give_one(&other.taken);
        }
        preempt_enable();
        __atomic_store_n(&other.step, OTHER_IDLE, __ATOMIC_RELEASE);
    }
}

static void other_do(enum other_step step)
{
    __atomic_store_n(&other.step, step, __ATOMIC_RELEASE);
    test_eventually_spinning(__atomic_load_n(&other.step, __ATOMIC_ACQUIRE) == OTHER_IDLE,
                             "CPU 1 is busy");
}

/*
 * Takes all memory, has CPU 1 free some, and tries `allocate`, first with preemption off, where it
 * must fail, and then on. Returns false if the frames have left CPU 1's list meanwhile: a tick
 * moves them while some thread waits for memory.
 */
static bool other_round(bool (*allocate)(void))
{
    run_down_begin();
    other_do(OTHER_EMPTY);
    run_down_take(&other.taken);
    other_do(OTHER_FREE);
    bool early = allocate();
    preempt_enable();
    bool late = allocate();
    preempt_disable();
    bool left = !early && !late &&
                __atomic_load_n(&cpu_variable(frame_cpu, 1).count, __ATOMIC_RELAXED) == 0;
    run_down_give_back(&other.taken);
    run_down_end();
    if (!left) {
        test_check(!early);
        test_check(late);
    }
    return !left;
}

static void other_test(bool (*allocate)(void))
{
    if (numa_node_count > 1) {
        test_skip("a CPU keeps no frames of another node in its free list");
        return;
    }
    other.step = OTHER_IDLE;
    test_thread_bind(0, 20);
    /* Fully backed: with stack=lend the reclaimer would wait for its untouched pages for ever. */
    const struct thread_options options = {
        .name = "other", .priority = 20, .affinity = test_cpu_bit(1), .backed = true};
    struct thread *thread = test_thread_create(&options, other_run, NULL);
    unsigned round = 0;
    while (!other_round(allocate) && ++round < 20) {
    }
    test_check(round < 20);
    __atomic_store_n(&other.step, OTHER_END, __ATOMIC_RELEASE);
    test_thread_join(thread);
    test_thread_unbind();
}

static bool one_frame(void)
{
    physical_t frame;
    if (frame_allocate(FRAME_OWNER_TEST, &frame) != OK) {
        return false;
    }
    frame_free(frame, FRAME_OWNER_TEST);
    return true;
}

TEST(FRM0008, "a frame that lies in another CPU's free list can be allocated", TWO_CPUS)
{
    other_test(one_frame);
}

static bool whole_stack(void)
{
    uint32_t slot;
    if (stack_create_backed(&slot) != OK) {
        return false;
    }
    stack_destroy(slot);
    return true;
}

TEST(FRM0009, "a whole stack can be created from frames in another CPU's free list", TWO_CPUS)
{
    other_test(whole_stack);
}

static struct frame_quota *user_quota;
static struct memory_object *user_object;
static struct address_space user_space;

static bool page_committed(void)
{
    return memory_object_commit(user_object, 0, PAGE_BYTES) == OK;
}

TEST(FRM0010, "a page of a memory object can be committed from another CPU's free list", TWO_CPUS)
{
    test_equal(frame_quota_create(FRAME_QUOTA_NONE, &user_quota), OK);
    test_equal(memory_object_create(PAGE_BYTES, user_quota, &user_object), OK);
    other_test(page_committed);
    memory_object_release(user_object);
    frame_quota_release(user_quota);
}

/* The page below has its page tables and the list of its object already. */
static bool page_touched(void)
{
    const char *reason;
    return address_space_fault(&user_space, USER_BASE + PAGE_BYTES, PAGE_FAULT_USER, &reason) == OK;
}

TEST(FRM0011, "a fault of user mode gets a frame from another CPU's free list", TWO_CPUS)
{
    const char *reason;
    test_equal(frame_quota_create(FRAME_QUOTA_NONE, &user_quota), OK);
    test_equal(memory_object_create(2 * PAGE_BYTES, user_quota, &user_object), OK);
    test_equal(address_space_init(&user_space, user_quota), OK);
    int error =
        address_space_map(&user_space, USER_BASE, 2 * PAGE_BYTES, SPACE_READ, user_object, 0);
    test_equal(error, OK);
    test_equal(address_space_fault(&user_space, USER_BASE, PAGE_FAULT_USER, &reason), OK);
    other_test(page_touched);
    address_space_destroy(&user_space);
    memory_object_release(user_object);
    frame_quota_release(user_quota);
}

static void churn(unsigned cpu)
{
    physical_t held[32];
    unsigned count = 0;
    uint32_t random = cpu * 2654435761u + 1;

    for (unsigned step = 0; step < 4000; step++) {
        random = random * 1664525 + 1013904223;
        if (random >> 31 && count < array_length(held)) {
            if (frame_allocate(FRAME_OWNER_TEST, &held[count]) == OK) {
                *(uint64_t *)physical_to_virtual(held[count]) = held[count] ^ cpu;
                count++;
            }
        } else if (count > 0) {
            count--;
            test_equal(*(uint64_t *)physical_to_virtual(held[count]), held[count] ^ cpu);
            frame_free(held[count], FRAME_OWNER_TEST);
        }
    }
    while (count-- > 0) {
        frame_free(held[count], FRAME_OWNER_TEST);
    }
}

TEST(FRM0005, "all CPUs at once never get the same frame", ALWAYS)
{
    test_on_each_cpu(churn);
}

TEST(FRM0006, "a frame can be allocated and freed a thousand times; the cheapest round is printed",
     ALWAYS)
{
    uint64_t least = UINT64_MAX;
    physical_t frame;

    for (unsigned round = 0; round < 1000; round++) {
        uint64_t start = tsc_read_ordered(), ticks;

        if (frame_allocate(FRAME_OWNER_TEST, &frame) != OK) {
            test_fail(__FILE__, __LINE__, "no frame");
            return;
        }
        frame_free(frame, FRAME_OWNER_TEST);
        ticks = tsc_read_ordered() - start;
        least = ticks < least ? ticks : least;
    }
    test_note("a frame and back: %lu ticks at best of 1000", least);
}
