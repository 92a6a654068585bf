/*
 * stack=prefault in tight places: the kernel's own sections, entered right above a hole, and
 * preemptions there, whose frame and handlers use the thread's stack.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/slab.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/core/thread.h"
#include "sched/sync/mutex.h"
#include "sched/sync/semaphore.h"
#include "tests/support/own_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

/* Pages that a site fills below the one in use. */
#define TOUCHED (SITE_TOUCH_BYTES / PAGE_BYTES)

#define ABOVE_LEAST   32
#define ABOVE_MOST    640
#define ABOVE_STEP    16
#define SPINS_AT_MOST 200000000

/* The page that a site fills below the top page is there and in use; below it is a hole. */
static uintptr_t edge_make(void)
{
    uint32_t slot = thread_current()->slot;
    uintptr_t edge = stack_top(slot) - (1 + TOUCHED) * PAGE_BYTES;
    stack_trim(slot, stack_top(slot) - PAGE_BYTES);
    test_equal(stack_pages_backed(slot), 1 + TOUCHED); /* the trim itself is a section */
    return edge;
}

static struct semaphore semaphore;
static struct mutex mutex = MUTEX(mutex, "prefault");
static struct slab_cache cache;

static void use_semaphore(void)
{
    semaphore_up(&semaphore);
    semaphore_down(&semaphore);
}

static void use_semaphore_if_free(void)
{
    test_check(!semaphore_try_down(&semaphore));
}

static void use_mutex(void)
{
    mutex_lock(&mutex);
    mutex_unlock(&mutex);
}

static void use_frame(void)
{
    physical_t frame;
    if (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frame_free(frame, FRAME_OWNER_TEST);
    }
}

static void use_block(void)
{
    physical_t block;
    if (frame_allocate_order(1, FRAME_OWNER_TEST, &block) == OK) {
        frame_free_order(block, 1, FRAME_OWNER_TEST);
    }
}

static void use_object(void)
{
    void *object;
    if (slab_allocate(&cache, &object) == OK) {
        slab_free(&cache, object);
    }
}

static void use_sleep(void)
{
    ignore_result(thread_sleep_ns(1));
}

TEST(PRE0005,
     "the kernel's own sections miss no page, at whatever distance above a hole they begin",
     STACKS_PREFAULTED)
{
    static void (*const sections[])(void) = {
        use_semaphore, use_semaphore_if_free, use_mutex, use_frame, use_block,
        use_object,    thread_yield,          use_sleep};
    semaphore_init(&semaphore, 0);
    slab_cache_init(&cache, "prefault", 64, 8);
    uint32_t before = stack_prefault_missing_count();
    for (unsigned i = 0; i < array_length(sections); i++) {
        for (size_t above = ABOVE_LEAST; above < ABOVE_MOST; above += ABOVE_STEP) {
            own_stack_call(edge_make() + above, sections[i]);
        }
        test_equal(stack_prefault_missing_count() - before, 0);
    }
    slab_cache_destroy(&cache);
}

static struct {
    volatile uint32_t turns;
    volatile bool stop;
} other;

static void other_run(void *argument maybe_unused)
{
    while (!other.stop) {
        other.turns = other.turns + 1;
        thread_yield();
    }
}

TEST(PRE0006, "a preemption right above a hole has room for its frame and for its handlers",
     STACKS_PREFAULTED)
{
    other.stop = false;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(0), other_run, NULL);
    uint32_t before = stack_prefault_missing_count(), wrong = 0;
    for (size_t above = ABOVE_LEAST; above < ABOVE_MOST && thread != NULL; above += ABOVE_STEP) {
        uintptr_t edge = edge_make();
        interrupts_disable();
        thread_current()->slice_ticks = 0;
        lapic_send_self(VECTOR_RESCHEDULE);
        wrong += own_stack_preempt(edge + above, &other.turns, SPINS_AT_MOST) != 0;
        interrupts_enable();
    }
    other.stop = true;
    test_thread_join(thread);
    test_thread_unbind();
    test_equal(wrong, 0);
    test_equal(stack_prefault_missing_count() - before, 0);
}
