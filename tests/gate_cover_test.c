/*
 * The dispatch gate's arithmetic, case by case: threads that never run, whose stacks miss from none
 * to three pages, and a magazine that is made to hold any number of rounds and cannot be refilled.
 */
#include "arch/x86_64/cpu.h"
#include "kernel/options.h"
#include "lib/string.h"
#include "mm/fault_inject.h"
#include "mm/magazine.h"
#include "mm/stack.h"
#include "mm/stack_reserve.h"
#include "sched/gate.h"
#include "tests/scratch_stack.h"
#include "tests/test.h"

static struct thread threads[STACK_PAGES]; /* number i misses i pages; they are only looked at */
static unsigned made;

static bool threads_make(void)
{
    for (made = 0; made < STACK_PAGES; made++) {
        struct thread *thread = &threads[made];
        memset(thread, 0, sizeof(*thread));
        if (!scratch_stack_create(&thread->slot)) {
            return false;
        }
        scratch_stack_use(thread->slot);
        *(volatile char *)(stack_floor(thread->slot) + made * PAGE_BYTES) = 1;
        scratch_stack_unuse();
        test_equal(stack_missing(thread->slot), made);
    }
    *(volatile char *)stack_floor(thread_current()->slot) = 1; /* its own needs no cover */
    return true;
}

static void threads_unmake(void)
{
    while (made-- > 0) {
        scratch_stack_empty(threads[made].slot);
        scratch_stack_destroy(threads[made].slot);
    }
}

/*
 * Asks the gate with `rounds` in the magazine; all is as before on return, unless the gate took
 * frames: these are lost then, which fails the test as a leak. Interrupts are off.
 */
static bool gate_asked(uint32_t rounds, unsigned from, unsigned to, uint32_t *rounds_after)
{
    struct magazine *own = this_cpu_pointer(magazine);
    uint32_t taken = own->taken, charged = own->charged, low_water = own->low_water;
    own->taken = own->charged = own->capacity - rounds;
    bool passed = gate_pass(&threads[from], &threads[to]);
    *rounds_after = own->capacity - own->taken;
    own->taken = taken;
    own->charged = charged;
    own->low_water = low_water;
    return passed;
}

TEST(GAT0010, "the gate lets pass just who is covered: both sides of the switch, for every case")
{
    unsigned wrong = 0, asked = 0;
    if (threads_make()) {
        uint64_t flags = interrupts_save();
        fault_inject_arm(FAULT_INJECT_RESERVE_ONLY, 0, 0);
        fault_inject_arm(FAULT_INJECT_REFILL, 1, 0); /* what is there is all there is */
        for (uint32_t rounds = 0; rounds <= this_cpu(magazine).capacity; rounds++) {
            for (unsigned pair = 0; pair < STACK_PAGES * STACK_PAGES; pair++) {
                unsigned from = pair / STACK_PAGES, to = pair % STACK_PAGES;
                uint32_t after;
                bool passed = gate_asked(rounds, from, to, &after);
                asked++;
                if (passed != (rounds >= from + to) || after != rounds) {
                    wrong++;
                    test_note("%u rounds, from %u missing to %u missing: %s, %u rounds after",
                              rounds, from, to, passed ? "passed" : "refused", after);
                }
            }
        }
        fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL],
                         options.seed);
        fault_inject_arm(FAULT_INJECT_RESERVE_ONLY, options.inject_every[FAULT_INJECT_RESERVE_ONLY],
                         options.seed);
        interrupts_restore(flags);
    }
    threads_unmake();
    test_check(asked > 0);
    test_equal(wrong, 0);
}

/* Makes memory look short for a moment; interrupts are off. */
#define MANY_HUNGRY 100000000

TEST(GAT0011,
     "while memory is short a newcomer gets no frame, and who has waited what he must have")
{
    bool newcomer = true, waited = false;
    uint32_t after_newcomer = 0, after_waited = 0;
    if (threads_make()) {
        uint64_t flags = interrupts_save();
        fault_inject_arm(FAULT_INJECT_REFILL, 0, 0);
        struct magazine *own = this_cpu_pointer(magazine);
        test_check(own->taken == 0 || magazine_refill(own->capacity));
        stack_hungry_add(MANY_HUNGRY);
        newcomer = gate_asked(5, 3, 3, &after_newcomer);
        threads[3].starved_since_ns = 1;
        uint32_t taken = own->taken;
        waited = gate_asked(6, 3, 3, &after_waited);
        test_equal(own->taken, taken);
        stack_hungry_add(-MANY_HUNGRY);
        fault_inject_arm(FAULT_INJECT_REFILL, options.inject_every[FAULT_INJECT_REFILL],
                         options.seed);
        interrupts_restore(flags);
    }
    threads_unmake();
    test_check(!newcomer);
    test_equal(after_newcomer, 5);
    test_check(waited);
    test_equal(after_waited, 6);
}
