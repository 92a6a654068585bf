/* See memory_exhaust.h. */
#include "tests/memory_exhaust.h"

#include "arch/x86_64/percpu.h"
#include "lib/error.h"
#include "mm/frame.h"
#include "sched/thread.h"
#include "tests/test.h"

#define ROUNDS      2
#define ROUNDS_MOST 50
#define LEFT        2
#define STEP_NS     4000000

static void frames_take_all(struct memory_exhausted *taken)
{
    physical_t frame;
    while (frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frame_tag_set(frame, taken->chain);
        taken->chain = (uint32_t)(frame / PAGE_BYTES);
        taken->count++;
    }
}

void memory_exhaust(struct memory_exhausted *taken)
{
    *taken = (struct memory_exhausted){MEMORY_CHAIN_END, 0};
    for (unsigned round = 0; round < ROUNDS || (frame_free_count() > LEFT && round < ROUNDS_MOST);
         round++) {
        if (round >= ROUNDS) {
            (void)!thread_sleep_ns(STEP_NS); /* a batch of lent pages, or of the dead, came back */
        }
        for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
            if (thread_affinity_set(thread_current(), 1UL << cpu) == OK) {
                frame_cache_drain_this_cpu();
                frames_take_all(taken);
            }
        }
    }
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
}

void memory_give(struct memory_exhausted *taken, size_t frames)
{
    for (; frames > 0 && taken->chain != MEMORY_CHAIN_END; frames--) {
        physical_t frame = (physical_t)taken->chain * PAGE_BYTES;
        taken->chain = frame_tag(frame);
        frame_free(frame, FRAME_OWNER_TEST);
        taken->count--;
    }
}
