/*
 * The order in which stack=lend takes untouched pages back: unmapped first, then the translations
 * are invalidated on every CPU, and only then the frames are free. Also what the stack's own thread
 * finds when it runs again in between.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/sync/semaphore.h"
#include "tests/support/cache_settings.h"
#include "tests/support/scratch_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static uint32_t pages_in_state(uint32_t slot, enum stack_page_state state)
{
    uint32_t count = 0;
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        count += stack_entry_state(stack_entries(slot)[page]) == state;
    }
    return count;
}

static struct {
    struct semaphore go, ready;
    uint32_t slot;
    void (*shootdown)(uintptr_t address, size_t bytes);
    uint32_t shootdowns;     /* shootdowns that covered unmapped pages */
    uint32_t lend_unmapping; /* the most pages in that state at such a shootdown */
    uint32_t free;           /* of those pages, the ones whose frames were free by then */
} idler;

static void idler_run(void *argument maybe_unused)
{
    semaphore_up(&idler.ready);
    semaphore_down(&idler.go);
    semaphore_up(&idler.ready); /* it was dispatched again, so its stack is whole again */
    semaphore_down(&idler.go);
}

/* A shootdown for another stack may cover this one too; then all of its pages may be there. */
static void see_shootdown(uintptr_t address, size_t bytes)
{
    uintptr_t floor = stack_floor(idler.slot);
    if (idler.shootdowns == 0 && address <= floor && address + bytes >= floor + STACK_BYTES &&
        stack_pages_backed(idler.slot) < STACK_PAGES) {
        idler.shootdowns = 1;
        idler.lend_unmapping = pages_in_state(idler.slot, STACK_PAGE_LEND_UNMAPPING);
        idler.free = pages_in_state(idler.slot, STACK_PAGE_HOLE);
    }
    idler.shootdown(address, bytes);
}

static void await_standby_back(uint32_t slot)
{
    test_eventually(pages_in_state(slot, STACK_PAGE_HOLE) == STACK_PAGES - 1,
                    "a sleeping stack has %u holes, not all below the top page",
                    pages_in_state(slot, STACK_PAGE_HOLE));
}

TEST(LND0003,
     "the frames of untouched pages are free only when no CPU caches their translations any more",
     STACKS_LENT)
{
    semaphore_init(&idler.go, 0);
    semaphore_init(&idler.ready, 0);
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    cache_empty(); /* its stacks may have several pages already */
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(0), idler_run, NULL);
    if (thread == NULL) {
        test_thread_unbind();
        return;
    }
    semaphore_down(&idler.ready);
    await_standby_back(thread->slot);
    idler.slot = thread->slot;
    idler.shootdowns = idler.lend_unmapping = idler.free = 0;
    idler.shootdown = stack_shootdown_hook;
    __atomic_store_n(&stack_shootdown_hook, see_shootdown, __ATOMIC_SEQ_CST);
    semaphore_up(&idler.go);
    semaphore_down(&idler.ready);
    await_standby_back(thread->slot);
    __atomic_store_n(&stack_shootdown_hook, idler.shootdown, __ATOMIC_SEQ_CST);
    semaphore_up(&idler.go);
    test_thread_join(thread);
    test_thread_unbind();
    if (stack_lend_mode() == STACK_LEND_BATCHED) {
        test_equal(idler.shootdowns, 1);
        test_equal(idler.lend_unmapping, STACK_PAGES - 1);
        test_equal(idler.free, 0);
    } else {
        test_equal(idler.lend_unmapping, 0); /* no page is ever between the two states */
    }
}

TEST(LND0004,
     "a page that is needed again while it is taken back keeps its frame; touched pages stay",
     STACKS_LENT)
{
    uint32_t slot, changed = 0;
    if (!scratch_stack_create(&slot)) {
        return;
    }
    volatile uint64_t *entries = stack_entries(slot);
    physical_t frames[STACK_PAGES], freed[STACK_PAGES];

    scratch_stack_use(slot);
    stack_lend_fill();
    uint32_t filled = stack_pages_backed(slot);
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        frames[page] = stack_entry_frame(entries[page]);
    }
    uint32_t rounds = magazine_available();
    uint32_t cooled = stack_lend_unmap_begin(slot);
    uint32_t lend_unmapping = pages_in_state(slot, STACK_PAGE_LEND_UNMAPPING);
    stack_lend_fill();
    uint32_t refilled = stack_pages_backed(slot);
    rounds -= magazine_available();
    for (unsigned page = 0; page < STACK_PAGES; page++) {
        changed += stack_entry_frame(entries[page]) != frames[page];
    }
    *(volatile char *)(stack_floor(slot) + 2 * PAGE_BYTES) = 1;
    uint32_t cooled_again = stack_lend_unmap_begin(slot);
    scratch_stack_unuse();
    stack_shootdown(stack_floor(slot), STACK_BYTES);
    uint32_t taken = stack_lend_unmap_end(slot, freed);
    uint32_t holes = pages_in_state(slot, STACK_PAGE_HOLE);
    test_equal(filled, STACK_PAGES);
    test_equal(cooled, STACK_PAGES - 1);
    test_equal(lend_unmapping, STACK_PAGES - 1);
    test_equal(refilled, STACK_PAGES);
    test_equal(rounds, 0);
    test_equal(changed, 0);
    test_equal(cooled_again, 2);
    test_equal(taken, 2);
    test_equal(holes, 2);
    while (taken-- > 0) {
        frame_free(freed[taken], FRAME_OWNER_STACK);
    }
    scratch_stack_empty(slot);
    scratch_stack_destroy(slot);
}
