/*
 * The dispatch gate runs on the stack that is being left, so it may itself take pages, and rounds,
 * while it counts them. Here the gate is called with RSP at each distance above a hole, while the
 * magazine holds exactly what both stacks miss. If the gate's own calls fill the hole, one round
 * less is there and one page less is missing, so the cover stays sufficient. The gate must
 * therefore pass, though no refill succeeds. Where a refill would succeed while other threads wait
 * for memory, the gate must not take a frame.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/options.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "sched/stack/swapper_test_hooks.h"
#include "tests/support/own_stack.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

#define SWEEP_BYTES 2048
#define STEP_BYTES  8

/* A count of waiting threads that makes memory look short. Interrupts are off meanwhile. */
#define MANY_WAITERS 100000000

/* Stacks that take the surplus rounds out of the magazine. */
#define TAKERS (MAGAZINE_ROUNDS_MAX / (STACK_PAGES - 1) + 1)

static struct {
    uint32_t takers[TAKERS];
    unsigned count;
    struct thread from, to; /* neither runs: one has one page of four, one misses none */
    bool passed;
    uint32_t missing_before, missing_after;
} fixture;

/* Leaves `rounds` in this CPU's magazine. Interrupts are off; scratch_stack_use() was called. */
static void rounds_leave(uint32_t rounds)
{
    uint64_t hole = this_cpu(stack_use).next_hole;
    for (unsigned i = 0; i < fixture.count && magazine_available() > rounds; i++) {
        uint32_t slot = fixture.takers[i], pages = magazine_available() - rounds;
        pages = pages < STACK_PAGES - 1 ? pages : STACK_PAGES - 1;
        this_cpu(stack_use).next_hole = stack_hole_of(slot);
        compiler_barrier(); /* before the touch */
        *(volatile char *)(scratch_stack_edge(slot) - pages * PAGE_BYTES) = 1;
        compiler_barrier();
    }
    this_cpu(stack_use).next_hole = hole;
    test_equal(magazine_available(), rounds);
}

/* Calls the gate. Runs on the scratch stack. */
static void gate_ask(void)
{
    fixture.missing_before = stack_missing(fixture.from.slot);
    fixture.passed = gate_pass(&fixture.from, &fixture.to);
    fixture.missing_after = stack_missing(fixture.from.slot);
}

/*
 * Calls the gate `offset` bytes above the hole. Either no refill succeeds, or (`short_of`) a refill
 * must not take more than is missing. Returns whether the gate itself, not its caller, filled the
 * hole.
 */
static bool ask_at(uintptr_t offset, bool short_of)
{
    uint32_t slot = fixture.from.slot;
    scratch_stack_use(slot);
    rounds_leave(STACK_PAGES - 1);
    fault_inject_arm(FAULT_INJECT_REFILL, short_of ? 0 : 1, 0);
    memory_waiters_add(short_of ? MANY_WAITERS : 0);
    fixture.to.memory_wait_since_ns = short_of; /* not a newcomer */
    own_stack_call(scratch_stack_edge(slot) + offset, gate_ask);
    memory_waiters_add(short_of ? -MANY_WAITERS : 0);
    fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL], options.seed);
    uint32_t rounds = magazine_available();
    scratch_stack_unuse();
    test_equal(rounds, fixture.missing_after);
    if (!fixture.passed) {
        test_fail(__FILE__, __LINE__,
                  "%lu bytes above the hole: refused, with %u pages missing before and %u after",
                  offset, fixture.missing_before, fixture.missing_after);
    }
    scratch_stack_empty(slot);
    for (unsigned i = 0; i < fixture.count; i++) {
        scratch_stack_empty(fixture.takers[i]);
    }
    return fixture.missing_before == STACK_PAGES - 1 && fixture.missing_after < STACK_PAGES - 1;
}

/* Makes as many of these stacks as this magazine needs. */
static must_check bool takers_make(void)
{
    fixture.count = 0;
    while (fixture.count * (STACK_PAGES - 1) < this_cpu(magazine).capacity) {
        if (!scratch_stack_create(&fixture.takers[fixture.count])) {
            return false;
        }
        fixture.count++;
    }
    return true;
}

TEST(GAT0022, "the gate counts correctly while its own calls fill pages of the stack that is left",
     HOLES_BELOW_GATE)
{
    if (!scratch_stack_create(&fixture.from.slot)) {
        return;
    }
    *(volatile char *)stack_floor(thread_current()->slot) = 1; /* this thread then needs no cover */
    fixture.to.slot = thread_current()->slot;
    unsigned asked = 0, went_deep = 0;
    if (takers_make()) {
        swapper_quiet_set(true); /* no thread really waits for memory */
        for (uintptr_t offset = STEP_BYTES; offset < SWEEP_BYTES; offset += STEP_BYTES) {
            went_deep += ask_at(offset, asked % 2 != 0);
            asked++;
        }
        swapper_quiet_set(false);
    }
    while (fixture.count > 0) {
        scratch_stack_destroy(fixture.takers[--fixture.count]);
    }
    scratch_stack_destroy(fixture.from.slot);
    test_note("asked at %u depths, at %u of them the gate went into the hole", asked, went_deep);
    test_check(went_deep > 0);
}
