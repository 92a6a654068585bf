/* See memory_exhaust.h. */
#include "tests/support/memory_exhaust.h"

#include "arch/x86_64/cpu/percpu.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_batch.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "sched/stack/lend_batch.h"
#include "tests/support/cache_settings.h"
#include "tests/support/eventually.h"

#define ROUNDS 2
#define LEFT   2

static void frames_take_all(struct memory_exhausted *taken)
{
    physical_t frame;
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frame_tag_set(frame, taken->chain);
        taken->chain = (uint32_t)(frame / PAGE_BYTES);
        taken->count++;
    }
}

static void every_cpu_take_all(struct memory_exhausted *taken)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (thread_affinity_set(thread_current(), 1UL << cpu) == OK) {
            cache_empty();
            (void)stack_reclaim();
            frame_cache_drain_this_cpu();
            frames_take_all(taken);
        }
    }
}

void memory_exhaust(struct memory_exhausted *taken)
{
    *taken = (struct memory_exhausted){MEMORY_CHAIN_END, 0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        every_cpu_take_all(taken);
    }
    /* Batches of lent pages, or of stacks of ended threads, may bring more back. */
    test_eventually(frame_free_count() <= LEFT || (every_cpu_take_all(taken), false),
                    "%lu frames are free again and again", frame_free_count());
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
}

void memory_give(struct memory_exhausted *taken, size_t frames)
{
    for (; frames > 0 && taken->chain != MEMORY_CHAIN_END; frames--) {
        physical_t frame = (physical_t)taken->chain * PAGE_BYTES;
        taken->chain = frame_tag(frame);
        frame_tag_set(frame, 0); /* the next owner finds 0 */
        frame_free(frame, FRAME_OWNER_TEST);
        taken->count--;
    }
}

size_t memory_left(void)
{
    uint32_t slots = 0;
    size_t frames = 0;
    stack_unowned_count(&slots, &frames);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *m = &cpu_variable(magazine, cpu);
        frames += m->capacity - m->taken;
    }
    return frames + frame_free_count() + stack_reserve_count();
}

static void reclaimer_see(struct thread *thread, void *context)
{
    bool *sleeps = context;
    *sleeps |= strcmp(thread->name, "reclaimer") == 0 && thread_is_blocked(thread);
}

bool memory_is_settled(void)
{
    bool reclaimer_sleeps = false;
    if (stack_batch_waits() || stack_reclaim_wanted() || lend_batches_wanted()) {
        return false;
    }
    thread_for_each(reclaimer_see, &reclaimer_sleeps);
    return reclaimer_sleeps;
}

bool memory_is_short(const unsigned *through, unsigned wanted)
{
    uint64_t fed = gate_counts.grants;
    unsigned are_through = __atomic_load_n(through, __ATOMIC_ACQUIRE);
    bool nobody_tries = are_through + memory_queued() >= wanted;
    /* Read again after that: frames that were in transit have arrived by then. */
    bool too_little =
        memory_left() < STACK_PAGES - 1 && memory_is_settled() && memory_left() < STACK_PAGES - 1;
    return are_through >= wanted || (nobody_tries && too_little && gate_counts.grants == fed);
}
