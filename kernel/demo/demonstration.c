/*
 * Runs the demonstration: the divers, each bound to a CPU, go down their stacks, then wait while
 * their stacks are read. After them a crowd of threads exists that only wait.
 */
#include "kernel/demo/demonstration.h"

#include "arch/x86_64/cpu/cpu.h"
#include "kernel/demo/tick_unit.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/core/thread.h"
#include "sched/stack/stack_reservation.h"
#include "sched/sync/barrier.h"

/*
 * The crowd takes at most one in so many of the free frames, so that a small machine has some left.
 */
#define CROWD_SHARE 4

/* Each shootdown interrupts every CPU; with more CPUs than this, half a crowd is enough. */
#define MANY_CPUS 16

/*
 * The first round fills caches, and an emulator translates the handlers in it. The least of all
 * rounds counts.
 */
#define ROUNDS 5

#define BYTES_DEEP 13312 /* into the lowest page */

static const struct diver divers[DEMONSTRATION_DIVERS] = {
    {.name = "shallow", .way = DESCENT_WALK, .descent.bytes = 2000},
    {.name = "walker", .way = DESCENT_WALK, .descent.bytes = 6000},
    {.name = "parser", .way = DESCENT_PARSE, .descent.bytes = 10000},
    {.name = "sorter", .way = DESCENT_SORT, .descent.bytes = BYTES_DEEP},
    {.name = "leap-2", .way = DESCENT_LEAP, .descent.bytes = 9000},
    {.name = "leap-3", .way = DESCENT_LEAP, .descent.bytes = BYTES_DEEP},
    {.name = "irqs-off",
     .way = DESCENT_PARSE,
     .descent.bytes = 11000,
     .hold = DESCENT_HOLD_INTERRUPTS},
    {.name = "lock-held", .way = DESCENT_LEAP, .descent.bytes = 7000, .hold = DESCENT_HOLD_LOCK},
};

/*
 * Used by the thread that runs the demonstration. A diver writes to its own entry until it arrives
 * at the barrier.
 */
static struct demonstration result;
static struct barrier barrier;
static struct thread *crowd[DEMONSTRATION_CROWD];

static void diver_main(void *argument)
{
    struct diver *self = argument;
    self->id = thread_current()->id;
    self->slot = thread_current()->slot;
    self->cpu = cpu_number();
    self->pages_before = stack_pages_backed(self->slot);
    descent_run_holding(&self->descent, self->way, self->hold);
    /* Reserved, so that the swapper takes no pages before they are counted. */
    bool held = stack_ensure(0) == OK;
    barrier_arrive(&barrier);
    if (held) {
        stack_release();
    }
}

static void crowd_main(void *argument maybe_unused)
{
    barrier_arrive(&barrier);
}

/*
 * Empties this CPU's cache of stacks, which keep the pages of their last owners, so that the next
 * stack is created with a single page. (If another thread ends on this CPU before that, its stack
 * may be used, and the diver shows fewer faults.)
 */
static void cached_stacks_put_aside(void)
{
    uint64_t flags = interrupts_save();
    stack_cache_drain();
    interrupts_restore(flags);
}

static must_check int diver_start(unsigned number, struct thread **thread)
{
    struct diver *diver = &result.diver[number];
    const struct thread_options options = {
        .name = divers[number].name,
        .priority = THREAD_PRIORITY_DEFAULT,
        .affinity = 1UL << number % cpu_online_count(),
    };
    *diver = divers[number];
    cached_stacks_put_aside();
    return thread_create(&options, diver_main, diver, thread);
}

/* Reads the state of a diver's stack, and its faults, while all divers wait. */
static void diver_look(struct diver *diver)
{
    volatile uint64_t *first =
        paging_leaf(stack_bottom(diver->slot) - (STACK_SLOT_BYTES - STACK_BYTES));
    for (unsigned page = 0; page < STACK_SLOT_PAGES; page++) {
        diver->picture[page] = (uint8_t)stack_entry_state(first[page]);
    }
    diver->pages_after = stack_pages_backed(diver->slot);
    diver->faults = fault_trace_of_slot(diver->slot, diver->fault, DEMONSTRATION_FAULTS);
}

/*
 * Waits until the divers sleep. A diver that has arrived still goes to sleep, and with
 * stack=prefault it may touch another page on the way.
 */
static void divers_settle(struct thread *const *threads)
{
    for (uint32_t i = 0; i < result.divers; i++) {
        while (!thread_is_blocked(threads[i])) {
            ignore_result(thread_sleep_ns(1)); /* the loop looks again, whatever ended the sleep */
        }
    }
}

static void divers_perform(void)
{
    struct thread *threads[DEMONSTRATION_DIVERS];

    memset(&result, 0, sizeof(result)); /* with -O0 a literal would need stack */
    barrier_init(&barrier);
    fault_trace_begin();
    while (result.divers < DEMONSTRATION_DIVERS &&
           diver_start(result.divers, &threads[result.divers]) == OK) {
        result.divers++;
    }
    barrier_await(&barrier, result.divers);
    divers_settle(threads);
    result.dropped = fault_trace_end();
    for (uint32_t i = 0; i < result.divers; i++) {
        diver_look(&result.diver[i]);
    }
    barrier_release(&barrier);
    for (uint32_t i = 0; i < result.divers; i++) {
        thread_join(threads[i]);
    }
}

/* The least ticks of each touch of each diver, in all rounds. */
static uint64_t least[DEMONSTRATION_DIVERS][STACK_PAGES];

/*
 * Keeps the least ticks of each touch. Each round touches the same pages in the same order, unless
 * a stack began with more pages.
 */
static void least_take(void)
{
    for (uint32_t i = 0; i < result.divers; i++) {
        struct descent *descent = &result.diver[i].descent;
        for (uint32_t n = 0; n < descent->touches; n++) {
            uint64_t ticks = descent->touch[n].ticks;
            if (least[i][n] == 0 || (ticks != 0 && ticks < least[i][n])) {
                least[i][n] = ticks;
            }
            descent->touch[n].ticks = least[i][n];
        }
    }
}

/*
 * All threads are on one CPU, because they share a lock: with 64 CPUs, emulated by two, the waits
 * for it would take long.
 */
static void crowd_perform(void)
{
    const struct thread_options options = {
        .name = "crowd", .priority = THREAD_PRIORITY_DEFAULT, .affinity = 1};
    size_t most = frame_free_count() / (CROWD_SHARE * STACK_PAGES);
    size_t crowd_size = DEMONSTRATION_CROWD / (cpu_online_count() > MANY_CPUS ? 2 : 1);
    most = most < crowd_size ? most : crowd_size;

    barrier_init(&barrier);
    while (result.crowd < most &&
           thread_create(&options, crowd_main, NULL, &crowd[result.crowd]) == OK) {
        result.crowd++;
    }
    barrier_await(&barrier, result.crowd);
    stack_savings_read(&result.savings);
    barrier_release(&barrier);
    for (uint32_t i = 0; i < result.crowd; i++) {
        thread_join(crowd[i]);
    }
}

const struct demonstration *demonstration_perform(void)
{
    memset(least, 0, sizeof(least));
    for (unsigned round = 0; round < ROUNDS; round++) {
        divers_perform();
        least_take();
    }
    result.rounds = ROUNDS;
    result.instructions = ticks_are_instructions();
    crowd_perform();
    return &result;
}

uint64_t demonstration_ticks(const struct diver *diver, const struct fault_record *fault)
{
    for (uint32_t i = 0; i < diver->descent.touches; i++) {
        if (diver->descent.touch[i].address == fault->address) {
            return diver->descent.touch[i].ticks;
        }
    }
    return 0;
}
