/*
 * Stacks that are created and freed: on all CPUs at once, from the cache, without memory. Also
 * whether any CPU can still see a page after it was taken away.
 */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reap.h"
#include "sched/sync/semaphore.h"
#include "tests/support/cache_settings.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define BATCH         8
#define BATCHES_A_CPU 70
#define REUSES        60
#define CACHED_ROUNDS 20

/* Exits with RSP this far above a page's edge, so that the last switch's pushes cross the edge. */
#define EDGE_FIRST 16
#define EDGE_LAST  1040
#define EDGE_STEP  16

static uint32_t damaged;

/* Goes down the stack with a pattern in each frame, and checks every byte on the way back. */
static never_inline void go_deep(unsigned depth, unsigned seed)
{
    volatile unsigned char bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(seed + depth + i);
    }
    if (depth > 0) {
        go_deep(depth - 1, seed);
    } else {
        thread_yield();
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (bytes[i] != (unsigned char)(seed + depth + i)) {
            test_count(&damaged);
        }
    }
}

static void grow(void *argument)
{
    uintptr_t seed = (uintptr_t)argument;
    go_deep(seed * 7 % 40, (unsigned)seed); /* to 40 frames of 300 bytes, or so */
}

static void grow_in_batches(unsigned cpu)
{
    static struct thread *threads[CPU_MAX][BATCH];
    uint64_t end_ns = test_hammer_end() + TEST_HAMMER_NS;
    for (unsigned batch = 0; batch < BATCHES_A_CPU && test_hammer_goes_on(end_ns); batch++) {
        for (unsigned i = 0; i < BATCH; i++) {
            uintptr_t seed = (batch * BATCH + i) * 5 + cpu;
            threads[cpu][i] = test_thread_start(16, 0, grow, (void *)seed);
        }
        for (unsigned i = 0; i < BATCH; i++) {
            test_equal(test_thread_join(threads[cpu][i]), 0);
        }
    }
}

TEST(STK0101, "all CPUs grow and free thousands of stacks at once, and no byte is lost", ALWAYS)
{
    struct stack_counts before, after;
    stack_counts_read(&before);
    damaged = 0;
    test_on_each_cpu(grow_in_batches);
    test_equal(damaged, 0);
    stack_counts_read(&after);
    test_note("%lu stacks were created cold and %lu from the cache",
              after.created_cold - before.created_cold,
              after.created_cached - before.created_cached);
}

static void nothing(void *argument maybe_unused)
{
}

TEST(STK0102, "a thread created on the CPU where another ended gets its stack from the cache",
     STACKS_CACHED)
{
    struct stack_counts before, after;
    test_thread_bind(0, 20);
    test_thread_join(test_thread_start(16, test_cpu_bit(0), nothing, NULL));
    stack_counts_read(&before);
    for (unsigned i = 0; i < CACHED_ROUNDS; i++) {
        test_thread_join(test_thread_start(16, test_cpu_bit(0), nothing, NULL));
    }
    stack_counts_read(&after);
    test_thread_unbind();
    test_check(after.created_cached - before.created_cached >= CACHED_ROUNDS);
}

/* Ends the calling thread with RSP that far above the edge of its second page from the top. */
static void exit_at_edge(void *argument)
{
    uintptr_t rsp = stack_top(thread_current()->slot) - PAGE_BYTES + (uintptr_t)argument;
    __asm__ volatile(
        "movq %0, %%rsp; xorl %%ebp, %%ebp; xorl %%edi, %%edi; call thread_exit" ::"r"(rsp));
    __builtin_unreachable();
}

static bool hold;

static void hold_cpu(void *argument maybe_unused)
{
    while (__atomic_load_n(&hold, __ATOMIC_RELAXED)) {
    }
}

/*
 * The threads end one after the other on a CPU that then runs an endless thread, so that CPU does
 * not switch again before another CPU frees the last stack. The magazine is full before the last
 * switch, so the gate does not go deeper than the switch does.
 */
TEST(STK0103, "a stack that grows in its thread's last switch is booked before it is freed", ALWAYS)
{
    static struct thread *threads[BATCH];
    unsigned cpu = cpu_online_count() - 1;
    cache_settings_keep();
    stack_cache_size_set(0); /* so that the stack is freed, not cached */
    for (uintptr_t above = EDGE_FIRST; above <= EDGE_LAST; above += EDGE_STEP) {
        __atomic_store_n(&hold, true, __ATOMIC_RELAXED);
        test_thread_bind(cpu, 20);
        for (unsigned i = 0; i < BATCH; i++) {
            threads[i] = test_thread_start(16, test_cpu_bit(cpu),
                                           i == BATCH - 1 ? exit_at_edge : nothing, (void *)above);
        }
        struct thread *holder = test_thread_start(16, test_cpu_bit(cpu), hold_cpu, NULL);
        test_thread_bind(0, 20);
        for (unsigned i = 0; i < BATCH; i++) {
            test_equal(test_thread_join(threads[i]), 0);
        }
        stack_reclaim();
        __atomic_store_n(&hold, false, __ATOMIC_RELAXED);
        test_thread_join(holder);
    }
    test_thread_unbind();
    cache_settings_put_back();
}

TEST(STK0104, "a stack for which only some pages are free is an error, and nothing leaks", ALWAYS)
{
    struct run_down all;
    int errors[STACK_PAGES];
    size_t free[STACK_PAGES], found[STACK_PAGES];
    uint32_t slot, slots = stack_slots_used(), slots_after;

    stack_reclaim();
    run_down_begin();
    run_down_take(&all);
    for (unsigned pages = 0; pages < STACK_PAGES; pages++) {
        free[pages] = frame_free_count();
        errors[pages] = stack_create_backed(&slot);
        found[pages] = frame_free_count();
        /* One more frame for the next round. */
        physical_t frame = (physical_t)all.chain << PAGE_SHIFT;
        all.chain = frame_tag(frame);
        all.count--;
        frame_tag_set(frame, 0);
        frame_free(frame, FRAME_OWNER_TEST);
    }
    slots_after = stack_slots_used();
    run_down_give_back(&all);
    run_down_end();
    for (unsigned pages = 0; pages < STACK_PAGES; pages++) {
        test_equal(errors[pages], ERROR_NO_MEMORY);
        test_equal(found[pages], free[pages]);
    }
    test_equal(slots_after, slots);
}

static never_inline void touch_lowest_page(void)
{
    *(volatile char *)(stack_bottom(thread_current()->slot) + 100) = 1;
}

TEST(STK0105, "a thread may give up its pages and grow again many times within one turn", ALWAYS)
{
    for (unsigned i = 0; i < 20; i++) {
        stack_trim(thread_current()->slot,
                   align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES));
        touch_lowest_page();
        test_equal(stack_pages_backed(thread_current()->slot), STACK_PAGES);
    }
}

/* A stack that no thread owns; every CPU reads it while its lowest page changes frames. */
static struct {
    uint32_t slot;
    uint64_t expected;
    uint32_t stale;
    struct semaphore look[CPU_MAX], looked;
    bool stop;
    struct thread *threads[CPU_MAX];
} reuse;

static void look_often(void *argument)
{
    uintptr_t cpu = (uintptr_t)argument;
    for (;;) {
        semaphore_down(&reuse.look[cpu]);
        if (reuse.stop) {
            return;
        }
        const volatile uint64_t *words = (const volatile uint64_t *)stack_bottom(reuse.slot);
        for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i += 64) {
            if (words[i] != reuse.expected) {
                test_count(&reuse.stale);
            }
        }
        semaphore_up(&reuse.looked);
    }
}

/*
 * Takes the lowest page away and puts another frame there, filled with another pattern. That frame
 * is allocated first; otherwise it could be the one that was just freed.
 */
static bool lowest_page_change(uint64_t pattern)
{
    physical_t frame;
    if (frame_allocate(FRAME_OWNER_STACK, &frame) != OK) {
        return false;
    }
    uint64_t *words = physical_to_virtual(frame);
    for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++) {
        words[i] = pattern;
    }
    stack_trim(reuse.slot, stack_bottom(reuse.slot) + PAGE_BYTES);
    test_equal(stack_pages_backed(reuse.slot), STACK_PAGES - 1);
    reuse.expected = pattern;
    stack_entries(reuse.slot)[0] = frame | PAGE_KERNEL_DATA;
    return true;
}

static void all_look(void)
{
    unsigned count = cpu_online_count();
    for (unsigned cpu = 0; cpu < count; cpu++) {
        semaphore_up(&reuse.look[cpu]);
    }
    for (unsigned cpu = 0; cpu < count; cpu++) {
        semaphore_down(&reuse.looked);
    }
}

TEST(STK0110, "no CPU sees a page that was taken away once another frame is in its place", ALWAYS)
{
    unsigned count = cpu_online_count();
    if (stack_create_backed(&reuse.slot) != OK) {
        test_fail(__FILE__, __LINE__, "no stack");
        return;
    }
    reuse.stop = false;
    reuse.stale = 0;
    semaphore_init(&reuse.looked, 0);
    for (uintptr_t cpu = 0; cpu < count; cpu++) {
        semaphore_init(&reuse.look[cpu], 0);
        reuse.threads[cpu] =
            test_thread_start(16, test_cpu_bit((unsigned)cpu), look_often, (void *)cpu);
        if (reuse.threads[cpu] == NULL) {
            panic("no thread for the test");
        }
    }
    reuse.expected = 0;
    all_look();
    for (uint64_t round = 1; round <= REUSES; round++) {
        if (!lowest_page_change(round * 0x0101010101010101)) {
            break;
        }
        all_look();
    }
    reuse.stop = true;
    for (unsigned cpu = 0; cpu < count; cpu++) {
        semaphore_up(&reuse.look[cpu]);
        test_thread_join(reuse.threads[cpu]);
    }
    test_equal(reuse.stale, 0);
    uint64_t flags = interrupts_save();
    stack_destroy(reuse.slot);
    interrupts_restore(flags);
}

/* Fills the stack below the own frames, without the pages in which these are. */
static void own_stack_fill(void *argument maybe_unused)
{
    uintptr_t bottom = stack_bottom(thread_current()->slot);
    uintptr_t end = align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES) - PAGE_BYTES;
    memset((void *)bottom, 0xa5, end - bottom);
}

static void own_stack_check(void *argument maybe_unused)
{
    uintptr_t end = align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES) - PAGE_BYTES;
    const volatile uint64_t *word = (const volatile uint64_t *)stack_bottom(thread_current()->slot);
    for (; (uintptr_t)word < end; word++) {
        if (*word != 0) {
            test_count(&reuse.stale);
        }
    }
}

static void cache_drain(unsigned cpu maybe_unused)
{
    uint64_t flags = interrupts_save();
    stack_cache_drain();
    interrupts_restore(flags);
}

static void run_backed(unsigned cpu, void (*entry)(void *))
{
    const struct thread_options options = {
        .name = "backed", .priority = 16, .backed = true, .affinity = test_cpu_bit(cpu)};
    struct thread *thread;
    int error = thread_create(&options, entry, NULL, &thread);
    test_equal(error, OK);
    if (error == OK) {
        thread_join(thread);
    }
}

TEST(STK0111, "a stack that was freed and is created again on another CPU is zero there", ALWAYS)
{
    unsigned count = cpu_online_count();
    reuse.stale = 0;
    for (unsigned round = 0; round < 5 * count; round++) {
        run_backed(round, own_stack_fill);
        test_on_each_cpu(cache_drain);
        stack_reclaim();
        run_backed(round + 1, own_stack_check);
    }
    test_equal(reuse.stale, 0);
}

/* The stack that the reclaimer takes apart, at the time of its shootdown. */
static struct {
    uint32_t slot;
    physical_t frames[STACK_PAGES];
    void (*shootdown)(uintptr_t address, size_t bytes);
    uint32_t covered;  /* shootdowns that covered all its addresses */
    uint32_t reusable; /* frames that were free by then */
    uint32_t mapped;   /* pages that were still mapped */
} doomed;

static void see_shootdown(uintptr_t address, size_t bytes)
{
    uintptr_t bottom = stack_bottom(doomed.slot);
    if (address <= bottom && address + bytes >= bottom + STACK_BYTES) {
        test_count(&doomed.covered);
        for (unsigned page = 0; page < STACK_PAGES; page++) {
            doomed.reusable += frame_owner_of(doomed.frames[page]) != FRAME_OWNER_STACK;
            doomed.mapped += (stack_entries(doomed.slot)[page] & PAGE_PRESENT) != 0;
        }
    }
    doomed.shootdown(address, bytes);
}

TEST(STK0112, "an ended thread's stack is unmapped, then shot down as a whole, and only then freed",
     ALWAYS)
{
    if (stack_create_backed(&doomed.slot) != OK) {
        test_fail(__FILE__, __LINE__, "no stack");
        return;
    }
    doomed.covered = doomed.reusable = doomed.mapped = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        doomed.frames[page] = stack_entry_frame(stack_entries(doomed.slot)[page]);
    }
    doomed.shootdown = stack_shootdown_hook;
    __atomic_store_n(&stack_shootdown_hook, see_shootdown, __ATOMIC_SEQ_CST);
    uint64_t flags = interrupts_save();
    stack_destroy(doomed.slot);
    stack_cache_drain();
    interrupts_restore(flags);
    stack_reclaim();
    /* The reclaimer may have been faster, and be at work on it. */
    (void)test_wait_until(&doomed.covered, 1, "shootdowns of the dead stack");
    __atomic_store_n(&stack_shootdown_hook, doomed.shootdown, __ATOMIC_SEQ_CST);
    test_equal(doomed.covered, 1);
    test_equal(doomed.reusable, 0);
    test_equal(doomed.mapped, 0);
}
