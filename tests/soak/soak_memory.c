/*
 * The eater takes every frame there is, holds it for a moment, gives some back, takes it again, and
 * in the end gives all back. It is fully backed, because a thread that gives memory back must not
 * wait for memory. The frames are chained by their tags; none is touched.
 */
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack_mode.h"
#include "tests/soak/soak.h"

#define CHAIN_END   UINT32_MAX
#define HOLD_NS_MAX 60000000
#define REST_NS_MAX 300000000
#define FEAST_NS    2500000000 /* long enough for thousands to be created and to go deep */
#define STREAM      0xea7e4000000ULL

static uint32_t chain;
static uint64_t held;
static volatile bool holds_all;

/* With stack=prefault there is no gate, so frames for all stacks must be left. */
static size_t left_for_stacks(void)
{
    return stack_mode_get() == STACK_MODE_PREFAULT ? frame_total_count() / 8 : 0;
}

static void take(uint64_t most)
{
    physical_t frame;
    size_t left = left_for_stacks();
    while (most-- > 0 && (left == 0 || frame_free_count() > left) &&
           frame_allocate(FRAME_OWNER_TEST, &frame) == OK) {
        frame_tag_set(frame, chain);
        chain = (uint32_t)(frame >> PAGE_SHIFT);
        held++;
    }
    if (held > soak_counts.frames_most) {
        soak_counts.frames_most = held;
    }
}

static void give(uint64_t most)
{
    while (most-- > 0 && chain != CHAIN_END) {
        physical_t frame = (physical_t)chain << PAGE_SHIFT;
        chain = frame_tag(frame);
        frame_tag_set(frame, 0);
        frame_free(frame, FRAME_OWNER_TEST);
        held--;
    }
}

/* Takes all memory, also the frames that each CPU has at hand. */
static void take_all(void)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (thread_affinity_set(thread_current(), 1UL << cpu) == OK) {
            take(UINT64_MAX);
        }
    }
    if (thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL) != OK) {
        soak_fail("the eater could not change its CPU");
    }
}

static void wave(struct random *random)
{
    uint64_t start_ns = clock_now_ns();
    holds_all = true;
    for (unsigned times = random_between(random, 1, 6); times > 0 && !soak_is_over(); times--) {
        take_all();
        ignore_result(thread_sleep_ns(random_below(random, HOLD_NS_MAX)));
        give(random_below(random, 200)); /* enough for some threads, but not for others */
        ignore_result(thread_sleep_ns(random_below(random, HOLD_NS_MAX / 4)));
    }
    give(UINT64_MAX);
    holds_all = false;
    uint64_t held_ns = clock_now_ns() - start_ns;
    if (held_ns > soak_counts.longest_hold_ns) {
        soak_counts.longest_hold_ns = held_ns;
    }
    soak_count(&soak_counts.waves, 1);
}

bool soak_eater_holds_all(void)
{
    return holds_all;
}

void soak_eater(void *argument maybe_unused)
{
    struct random random;
    random_begin(&random, options.seed, STREAM);
    chain = CHAIN_END;
    held = 0;
    do {
        ignore_result(thread_sleep_ns(FEAST_NS));
    } while (!soak_has_been_full() && !soak_is_over());
    while (!soak_is_over()) {
        wave(&random);
        ignore_result(thread_sleep_ns(
            random_once_in(&random, 4) ? FEAST_NS : random_below(&random, REST_NS_MAX)));
    }
}
