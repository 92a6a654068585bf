/*
 * The order in which the swapper takes pages: unmap, shoot down on every CPU, and only then free.
 */
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/stack/swapper.h"
#include "tests/swap/swap_fixture.h"
#include "tests/test.h"

static struct {
    uint32_t slot;
    void (*shootdown)(uintptr_t address, size_t bytes);
    uint32_t shootdowns; /* that covered the stack */
    uint32_t present;    /* pages that were still mapped then */
    uint32_t unmapping;  /* pages that were unmapped, but not free, then */
    uint32_t standby;    /* pages whose frames were free for others then */
} sleeper;

static void see_shootdown(uintptr_t address, size_t bytes)
{
    uintptr_t floor = stack_floor(sleeper.slot);
    if (address <= floor && address + bytes >= floor + STACK_BYTES) {
        sleeper.shootdowns++;
        sleeper.present += stack_pages_backed(sleeper.slot);
        sleeper.unmapping += stack_pages_unmapping(sleeper.slot);
        sleeper.standby += stack_pages_standby(sleeper.slot);
    }
    sleeper.shootdown(address, bytes);
}

/* One pass over the whole stack of a sleeping thread. Returns whether it could be made. */
static bool leave(enum swapper_take take)
{
    sleeper.shootdowns = sleeper.present = sleeper.unmapping = sleeper.standby = 0;
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

TEST(SWP0016, "pages taken from a sleeping stack are free only after the shootdown on every CPU",
     ALWAYS)
{
    if (leave(SWAPPER_SHRINK)) {
        test_equal(sleeper.shootdowns, 1);
        test_equal(sleeper.present, 1);
        test_equal(sleeper.unmapping, STACK_PAGES - 1);
        test_equal(sleeper.standby, 0);
    }
    if (leave(SWAPPER_SWAP)) {
        test_equal(sleeper.shootdowns, 1);
        test_equal(sleeper.present, 0);
        test_equal(sleeper.unmapping, STACK_PAGES);
        test_equal(sleeper.standby, 0);
    }
}
