/* In which order the swapper takes pages: unmapped, forgotten by every CPU, and only then free. */
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "tests/swap/swap_fixture.h"
#include "tests/test.h"

static struct {
    uint32_t slot;
    void (*shootdown)(uintptr_t address, size_t bytes);
    uint32_t told;    /* times that every CPU was told to forget the stack */
    uint32_t present; /* pages that a CPU could have walked to again at that time */
    uint32_t leaving; /* pages that were on their way then */
    uint32_t taken;   /* pages whose frames somebody else could have had */
} sleeper;

static void see_shootdown(uintptr_t address, size_t bytes)
{
    uintptr_t floor = stack_floor(sleeper.slot);
    if (address <= floor && address + bytes >= floor + STACK_BYTES) {
        sleeper.told++;
        sleeper.present += stack_pages_backed(sleeper.slot);
        sleeper.leaving += stack_pages_unmapping(sleeper.slot);
        sleeper.taken += stack_pages_standby(sleeper.slot);
    }
    sleeper.shootdown(address, bytes);
}

/* One pass over a whole stack of a thread that sleeps; true if it could be made. */
static bool leave(enum swapper_take take)
{
    sleeper.told = sleeper.present = sleeper.leaving = sleeper.taken = 0;
    struct thread *thread = swap_sleeper_start(false);
    if (thread == NULL) {
        return false;
    }
    sleeper.slot = thread->slot;
    sleeper.shootdown = stack_shootdown_hook;
    __atomic_store_n(&stack_shootdown_hook, see_shootdown, __ATOMIC_SEQ_CST);
    test_equal(swapper_pass(thread, take), 1);
    __atomic_store_n(&stack_shootdown_hook, sleeper.shootdown, __ATOMIC_SEQ_CST);
    test_equal(stack_pages_standby(sleeper.slot),
               take == SWAPPER_SWAP ? STACK_PAGES : STACK_PAGES - 1);
    swap_sleeper_end(thread);
    return true;
}

TEST(SWP0016, "pages that leave a sleeping stack are nobody's until every CPU has forgotten them",
     ALWAYS)
{
    if (leave(SWAPPER_SHRINK)) {
        test_equal(sleeper.told, 1);
        test_equal(sleeper.present, 1);
        test_equal(sleeper.leaving, STACK_PAGES - 1);
        test_equal(sleeper.taken, 0);
    }
    if (leave(SWAPPER_SWAP)) {
        test_equal(sleeper.told, 1);
        test_equal(sleeper.present, 0);
        test_equal(sleeper.leaving, STACK_PAGES);
        test_equal(sleeper.taken, 0);
    }
}
