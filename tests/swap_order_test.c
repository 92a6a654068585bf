/* In which order the swapper takes pages: unmapped, forgotten by every CPU, and only then free. */
#include "lib/error.h"
#include "mm/stack.h"
#include "mm/stack_swap.h"
#include "sched/semaphore.h"
#include "sched/swapper.h"
#include "tests/test.h"
#include "tests/threads.h"

static struct {
    struct semaphore wake;
    uint32_t slot;
    void (*shootdown)(uintptr_t address, size_t bytes);
    uint32_t told;    /* times that every CPU was told to forget the stack */
    uint32_t present; /* pages that a CPU could have walked to again at that time */
    uint32_t leaving; /* pages that were on their way then */
    uint32_t taken;   /* pages whose frames somebody else could have had */
} leaver;

static void leaver_run(void *argument maybe_unused)
{
    *(volatile char *)stack_floor(thread_current()->slot) = 1;
    semaphore_down(&leaver.wake);
}

static void see_shootdown(uintptr_t address, size_t bytes)
{
    uintptr_t floor = stack_floor(leaver.slot);
    if (address <= floor && address + bytes >= floor + STACK_BYTES) {
        leaver.told++;
        leaver.present += stack_pages_backed(leaver.slot);
        leaver.leaving += stack_pages_leaving(leaver.slot);
        leaver.taken += stack_pages_taken(leaver.slot);
    }
    leaver.shootdown(address, bytes);
}

/* One pass over a whole stack of a thread that sleeps; true if it could be made. */
static bool leave(enum swapper_take take)
{
    leaver.told = leaver.present = leaver.leaving = leaver.taken = 0;
    semaphore_init(&leaver.wake, 0);
    swapper_quiet_set(true);
    struct thread *thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, leaver_run, NULL);
    bool there = thread != NULL && test_wait_blocked(thread);
    if (there) {
        leaver.slot = thread->slot;
        leaver.shootdown = stack_shootdown;
        __atomic_store_n(&stack_shootdown, see_shootdown, __ATOMIC_SEQ_CST);
        test_equal(swapper_pass(thread, take), 1);
        __atomic_store_n(&stack_shootdown, leaver.shootdown, __ATOMIC_SEQ_CST);
    }
    uint32_t taken = there ? stack_pages_taken(leaver.slot) : 0;
    semaphore_up(&leaver.wake);
    test_thread_join(thread);
    swapper_quiet_set(false);
    test_equal(taken, take == SWAPPER_SWAP ? STACK_PAGES : STACK_PAGES - 1);
    return there;
}

TEST(SWP0016, "pages that leave a sleeping stack are nobody's until every CPU has forgotten them")
{
    if (swapper_low_water == 0) {
        test_skip("stacks are not filled by faults");
        return;
    }
    if (leave(SWAPPER_SHRINK)) {
        test_equal(leaver.told, 1);
        test_equal(leaver.present, 1);
        test_equal(leaver.leaving, STACK_PAGES - 1);
        test_equal(leaver.taken, 0);
    }
    if (leave(SWAPPER_SWAP)) {
        test_equal(leaver.told, 1);
        test_equal(leaver.present, 0);
        test_equal(leaver.leaving, STACK_PAGES);
        test_equal(leaver.taken, 0);
    }
}
