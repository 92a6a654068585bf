/*
 * The stack engine (slots, faults, magazines, reserve, creation and end) checked for its guarantee.
 * A model machine runs threads on several CPUs at random and exhausts memory. After each step the
 * test checks that no frame is lost, no stack has two holes, and every CPU has its cover.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_reap.h"
#include "mm/stack/stack_reserve.h"
#include "tests/host/fake_paging.h"
#include "tests/host/host.h"
#include "tests/host/stack_machine.h"

#define CPUS    3
#define THREADS 40
#define NOBODY  -1

static struct {
    uint32_t slot;
    bool alive;
    int cpu; /* the CPU that runs it, or NOBODY */
} threads[THREADS];

static int running[CPUS]; /* thread 0 to CPUS - 1 is the idle thread of each CPU */
static physical_t hoard[4096];
static unsigned hoard_count;
static bool gate_open; /* the gate passes every thread: the error that the model must find */
static unsigned refused;

static void check_everything(void)
{
    size_t found = stack_reserve_count(), sum = frame_free_count();
    uint32_t slots = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        if (threads[i].alive) {
            stack_check_shape(threads[i].slot);
            found += stack_pages_backed(threads[i].slot);
            slots++;
        }
    }
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        const struct magazine *own = &cpu_variable(magazine, cpu);

        found += own->capacity - own->taken;
        if (!gate_open) { /* I3 */
            host_check(own->capacity - own->taken >= stack_missing(threads[running[cpu]].slot));
        }
    }
    stack_unowned_count(&slots, &found);
    host_equal(stack_slots_used(), slots);
    host_equal(frame_owned_count(FRAME_OWNER_STACK) + frame_owned_count(FRAME_OWNER_MAGAZINE) +
                   frame_owned_count(FRAME_OWNER_RESERVE),
               found); /* I7 */
    for (unsigned owner = FRAME_OWNER_FREE + 1; owner < FRAME_OWNER_COUNT; owner++) {
        sum += frame_owned_count((enum frame_owner)owner);
    }
    host_equal(sum, frame_total_count());
}

static void touch_somewhere(int thread)
{
    uintptr_t depth = host_random_below(STACK_BYTES >> host_random_below(3));

    host_check(stack_touch(stack_top(threads[thread].slot) - 1 - depth));
    host_check(stack_is_backed(stack_top(threads[thread].slot) - 1 - depth));
}

/* The CPU that fake_cpu names switches to a thread if the gate passes it. */
static bool switch_to(int next)
{
    int from = running[fake_cpu];
    uint32_t need = stack_missing(threads[from].slot) + stack_missing(threads[next].slot);

    if (!gate_open && this_cpu(magazine).taken != 0 && !magazine_refill(need)) {
        refused++;
        return false;
    }
    if (!gate_open) {
        host_check(magazine_available() >= need);
    }
    this_cpu(stack_use).next_hole = stack_hole_of(threads[next].slot);
    if (host_random_below(2)) {
        touch_somewhere(from);
    }
    if (host_random_below(2)) {
        touch_somewhere(next);
    }
    threads[from].cpu = NOBODY;
    threads[next].cpu = (int)fake_cpu;
    running[fake_cpu] = next;
    this_cpu(stack_use).current_hole = stack_hole_of(threads[next].slot);
    magazine_charge_rest();
    return true;
}

/* Takes memory away from the stacks, to the last frame if `need`. */
static void hoard_some(bool need)
{
    uint64_t wanted = need ? array_length(hoard) : host_random_below(8);

    while (wanted-- > 0 && hoard_count < array_length(hoard) &&
           frame_allocate(FRAME_OWNER_TEST, &hoard[hoard_count]) == OK) {
        hoard_count++;
    }
}

static void hoard_give_back(bool need)
{
    uint64_t wanted = need ? host_random_below(100) == 0 : hoard_count;

    while (wanted-- > 0 && hoard_count > 0) {
        frame_free(hoard[--hoard_count], FRAME_OWNER_TEST);
    }
}

static void thread_created(int thread)
{
    if (!threads[thread].alive && stack_create(&threads[thread].slot) == OK) {
        threads[thread].alive = true;
        threads[thread].cpu = NOBODY;
    }
}

/* The running thread ends, unless it is the idle thread. */
static void thread_dies(void)
{
    int thread = running[fake_cpu];

    if (thread >= CPUS && switch_to((int)fake_cpu)) {
        interrupts_disable();
        stack_destroy(threads[thread].slot);
        interrupts_enable();
        threads[thread].alive = false;
    }
}

static void idle_helps(void)
{
    if (running[fake_cpu] < CPUS) {
        interrupts_disable();
        magazine_drain(stack_missing(threads[running[fake_cpu]].slot));
        frame_cache_drain_this_cpu();
        stack_cache_drain();
        interrupts_enable();
    }
}

/*
 * Phases with memory, in which threads are created, alternate with phases without, in which they go
 * deep.
 */
static void model_step(bool need)
{
    int thread = (int)host_random_below(THREADS);
    bool sleeps = threads[thread].alive && threads[thread].cpu == NOBODY && thread >= CPUS;

    fake_cpu = (unsigned)host_random_below(CPUS);
    switch (host_random_below(12)) {
    case 0:
    case 1:
        touch_somewhere(running[fake_cpu]);
        break;
    case 2:
        hoard_some(need);
        break;
    case 3:
        hoard_give_back(need);
        break;
    case 4:
        thread_created(thread);
        break;
    case 5:
        if (host_random_below(need ? 200 : 2) == 0) {
            thread_dies();
        }
        break;
    case 6:
        stack_reclaim();
        if (host_random_below(4) == 0) {
            idle_helps();
        }
        break;
    case 7:
        if (sleeps && !need) { /* it sleeps for long, and its stack shrinks */
            stack_trim(threads[thread].slot,
                       stack_bottom(threads[thread].slot) + host_random_below(STACK_BYTES - 1));
        }
        break;
    default:
        if (sleeps) {
            switch_to(thread);
        }
        break;
    }
    fake_cpu = 0;
}

static void model_run(unsigned steps)
{
    stack_machine_create(MEBIBYTE, CPUS);
    host_equal(stack_reserve_create(4), OK);
    for (int cpu = 0; cpu < CPUS; cpu++) {
        host_equal(stack_create_backed(&threads[cpu].slot), OK);
        threads[cpu].alive = true;
        threads[cpu].cpu = cpu;
        running[cpu] = cpu;
        cpu_variable(stack_use, cpu).current_hole = stack_hole_of(threads[cpu].slot);
        cpu_variable(stack_use, cpu).next_hole = stack_hole_of(threads[cpu].slot);
    }
    for (unsigned step = 0; step < steps; step++) {
        model_step(step / 1000 % 2);
        check_everything();
    }
}

HOST_TEST(HMO0001, "on a machine without a free frame no stack fault fails and no frame is lost")
{
    model_run(40000);
    host_check(refused > 100); /* memory really was short */
    hoard_count = 0;
}

HOST_TEST(HMO0002, "the model finds the failure if the gate passes every thread")
{
    gate_open = true;
#ifdef INVARIANT
    host_panics(model_run(40000),
                "magazine_available() >= stack_missing"); /* the assertion comes first */
#else
    host_panics(model_run(40000), "critical stack fault");
#endif
}
