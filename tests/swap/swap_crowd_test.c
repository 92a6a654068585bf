/*
 * More threads than there are pages for: 100,000 in 512 MiB, most of which is taken away. The
 * swapper has to keep up while they are created. All sleep at once, all wake, check every byte, go
 * 6 KiB deep, and end.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define THREADS_MOST 100000
#define FRAMES_FOR_ALL                                                                             \
    120000 /* a machine with that many frames runs THREADS_MOST threads, others their share */
#define PATTERN_BYTES 96
#define DEEP_BYTES    6144
#define WOKEN_AT_ONCE 256
#ifdef LARGE_ENTRY_STACKS
#define BYTES_EACH 2048 /* of the memory that is left; larger in builds with deep frames */
#else
#define BYTES_EACH 1024
#endif

void soak_plunge(size_t bytes, void (*work)(void *context, uint64_t *words, size_t bytes),
                 void *context); /* soak_dive.asm */

/*
 * Wait slots, each with its own lock, so that CPUs seldom wait for one another. A lock that all
 * share may cost a time slice of the host at each use, and there would be 200,000 of them.
 */
#define WAIT_SLOTS 64

struct wait_slot {
    struct spinlock lock;
    struct wait_queue queue;
};

static struct {
    struct wait_slot wait_slots[WAIT_SLOTS]; /* by the thread's number */
    bool go;
    uint32_t asleep, ended, wrong;
} crowd;

static uint64_t word_of(uint64_t seed, size_t i)
{
    return (seed + i) * 0x9e3779b97f4a7c15;
}

static void deep_work(void *context, uint64_t *words, size_t bytes)
{
    uint64_t seed = (uintptr_t)context;
    uint32_t wrong = 0;
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        words[i] = word_of(seed, i);
    }
    compiler_barrier();
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        wrong += words[i] != word_of(seed, i);
    }
    if (wrong != 0) {
        test_count(&crowd.wrong);
    }
}

static never_inline void sleep_in_crowd(struct wait_slot *wait_slot)
{
    uint64_t flags = spin_lock_irq_save(&wait_slot->lock);
    test_count(&crowd.asleep);
    while (!crowd.go) {
        ignore_result(wait_queue_sleep(&wait_slot->queue, &wait_slot->lock, WAIT_FOREVER));
    }
    spin_unlock_irq_restore(&wait_slot->lock, flags);
}

static void crowd_run(void *argument)
{
    volatile uint64_t pattern[PATTERN_BYTES / 8];
    uint64_t seed = (uintptr_t)argument;
    for (size_t i = 0; i < PATTERN_BYTES / 8; i++) {
        pattern[i] = word_of(seed, i);
    }
    sleep_in_crowd(&crowd.wait_slots[seed % WAIT_SLOTS]);
    for (size_t i = 0; i < PATTERN_BYTES / 8; i++) {
        if (pattern[i] != word_of(seed, i)) {
            test_count(&crowd.wrong);
        }
    }
    soak_plunge(DEEP_BYTES, deep_work, argument);
    test_count(&crowd.ended);
}

/* Where faults do not fill stacks, all four pages of each thread come and go: a tenth is enough. */
static uint32_t crowd_size(void)
{
    size_t frames = frame_total_count();
    uint32_t most = stack_mode_get() == STACK_MODE_FAULT ? THREADS_MOST : THREADS_MOST / 10;
    return frames >= FRAMES_FOR_ALL ? most : (uint32_t)(frames * most / FRAMES_FOR_ALL);
}

/* Takes memory away until `left` frames remain. */
static void memory_leave(struct memory_exhausted *taken, size_t left)
{
    memory_exhaust(taken);
    memory_give(taken, left);
}

static bool is_created(const struct thread_options *options, uint32_t number, uint32_t *refused)
{
    if (thread_create(options, crowd_run, (void *)(uintptr_t)number, NULL) == OK) {
        return true;
    }
    (*refused)++;
    return false;
}

/* Creates the threads. A creation that finds no memory waits for the swapper and is tried again. */
static uint32_t crowd_create(uint32_t wanted, uint32_t *refused)
{
    const struct thread_options options = {.name = "crowd", .priority = THREAD_PRIORITY_DEFAULT};
    uint32_t created = 0;
    while (created < wanted &&
           test_eventually(is_created(&options, created + 1, refused),
                           "only %u of %u threads are created", created, wanted)) {
        created++;
    }
    return created;
}

/* Waits as long as the counter still rises. */
static void crowd_await(const uint32_t *counter, uint32_t wanted, const char *what)
{
    for (uint32_t now = test_counted(counter); now < wanted; now = test_counted(counter)) {
        if (!test_wait_until(counter, now + 1, what)) {
            return;
        }
    }
}

static bool all_swapped(uint32_t created, struct stack_swap_counts *counts)
{
    (void)swapper_pass(NULL, SWAPPER_SWAP);
    (void)stack_standby_free(UINT32_MAX);
    stack_swap_counts_read(counts);
    return counts->saved_now >= created;
}

static void wait_slot_wake(struct wait_slot *wait_slot)
{
    bool more = true;
    while (more) {
        uint64_t flags = spin_lock_irq_save(&wait_slot->lock);
        for (unsigned i = 0; i < WOKEN_AT_ONCE && more; i++) {
            more = wait_queue_wake_one(&wait_slot->queue);
        }
        spin_unlock_irq_restore(&wait_slot->lock, flags);
    }
}

static void crowd_begin(void)
{
    crowd.go = false;
    crowd.asleep = crowd.ended = crowd.wrong = 0;
    for (unsigned i = 0; i < WAIT_SLOTS; i++) {
        spinlock_init(&crowd.wait_slots[i].lock, "wait_slot");
        wait_queue_init(&crowd.wait_slots[i].queue);
    }
}

static void crowd_wake(void)
{
    crowd.go = true;
    for (unsigned i = 0; i < WAIT_SLOTS; i++) {
        wait_slot_wake(&crowd.wait_slots[i]);
    }
}

TEST(SWP0030, "up to 100,000 threads sleep in a fifth of their pages, and wake with every byte",
     GATE)
{
    struct memory_exhausted taken;
    struct stack_swap_counts counts;
    uint32_t refused = 0, wanted = crowd_size();
    crowd_begin();

    memory_leave(&taken, (size_t)wanted * BYTES_EACH / PAGE_BYTES);
    size_t free_before = frame_free_count();
    uint32_t created = crowd_create(wanted, &refused);
    test_equal(created, wanted);
    crowd_await(&crowd.asleep, created, "threads that sleep");
    test_equal(crowd.asleep, created); /* at once: none wakes before crowd_wake() */
    size_t used = free_before - frame_free_count();
    test_note("%u threads asleep at once in %lu frames, %lu bytes each; %u creations had to wait",
              created, used, created != 0 ? used * PAGE_BYTES / created : 0, refused);
    /* The last threads may not have left their CPUs yet; the swapper skips them until then. */
    test_eventually(all_swapped(created, &counts), "only %u of %u are swapped out",
                    counts.saved_now, created);
    used = free_before - frame_free_count();
    test_note("all of them swapped out: %lu frames, %lu bytes each", used,
              created != 0 ? used * PAGE_BYTES / created : 0);

    memory_give(&taken, SIZE_MAX);
    crowd_wake();
    crowd_await(&crowd.ended, created, "threads that end");
    test_equal(crowd.ended, created);
    test_equal(crowd.wrong, 0);
}
