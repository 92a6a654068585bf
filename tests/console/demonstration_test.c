/* The demonstration's figures, compared with the page tables and the leak check. */
#include "kernel/demo/demonstration.h"
#include "kernel/test/leak_check.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/schedule.h"
#include "sched/stack/swapper.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS 5

/* All divers, except those whose stack came whole from the cache: they have no faults. */
#define EACH_DIVER(diver, shown)                                                                   \
    for (const struct diver *diver = (shown)->diver; diver < (shown)->diver + (shown)->divers;     \
         diver++)

static void faults_add_up(const struct demonstration *shown)
{
    test_equal(shown->divers, DEMONSTRATION_DIVERS);
    test_equal(shown->dropped, 0);
    EACH_DIVER(diver, shown)
    {
        uint32_t pages = 0;
        test_check(diver->faults <= DEMONSTRATION_FAULTS);
        for (uint32_t i = 0; i < diver->faults; i++) {
            pages += diver->fault[i].pages;
        }
        /* With stack=lend pages are lent at a switch, and untouched ones are taken back. */
        if (stack_mode_get() == STACK_MODE_PREFAULT) {
            test_check(diver->pages_before + pages <= diver->pages_after); /* see page_below() */
        } else if (stack_mode_get() != STACK_MODE_LEND) {
            test_equal(diver->pages_before + pages, diver->pages_after);
        }
        if (stack_mode_get() == STACK_MODE_EAGER) {
            test_equal(diver->pages_before, STACK_PAGES);
        }
    }
}

TEST(DEM0001, "the faults that the demonstration shows add up to the pages that were backed",
     ALWAYS)
{
    faults_add_up(demonstration_perform());
}

/*
 * Returns how many pages of a stack are backed after a fault, when `backed` were before it. With
 * stack=prefault a preemption fills the pages that it needs, without a fault.
 */
static uint32_t page_below(const struct diver *diver, const struct fault_record *fault,
                           uint32_t backed)
{
    uint32_t now = (stack_top(diver->slot) - align_down(fault->address, PAGE_BYTES)) / PAGE_BYTES;
    if (stack_mode_get() == STACK_MODE_PREFAULT) {
        test_check(now >= backed + fault->pages);
    } else {
        test_equal(now, backed + fault->pages);
    }
    return now;
}

TEST(DEM0002, "each fault shown lies in its thread's stack, one page below the backed ones", ALWAYS)
{
    const struct demonstration *shown = demonstration_perform();
    EACH_DIVER(diver, shown)
    {
        uint32_t backed = diver->pages_before;
        for (uint32_t i = 0; i < diver->faults; i++) {
            const struct fault_record *fault = &diver->fault[i];
            backed = page_below(diver, fault, backed);
            test_equal(fault->cpu, diver->cpu);
            test_check(symbol_find(fault->rip, NULL) != NULL);
        }
        if (stack_mode_get() == STACK_MODE_PREFAULT) {
            backed = diver->pages_after; /* the last of them may have come without a fault */
        }
        test_check(diver->descent.deepest <= backed * PAGE_BYTES);
    }
}

TEST(DEM0003, "every page that the demonstration reports was reached by a touch that was timed",
     ALWAYS)
{
    const struct demonstration *shown = demonstration_perform();
    EACH_DIVER(diver, shown)
    {
        for (uint32_t i = 0; i < diver->descent.touches; i++) {
            uint32_t matches = 0;
            for (uint32_t n = 0; n < diver->faults; n++) {
                matches += diver->fault[n].address == diver->descent.touch[i].address;
            }
            test_equal(matches, 1);
            test_check(diver->descent.touch[i].ticks > 0);
        }
    }
}

TEST(DEM0004, "the pictures of the stacks have their guard, one hole, and the backed pages on top",
     ALWAYS)
{
    const struct demonstration *shown = demonstration_perform();
    EACH_DIVER(diver, shown)
    {
        for (unsigned page = 0; page < STACK_SLOT_PAGES; page++) {
            unsigned expected = page < STACK_SLOT_PAGES - STACK_PAGES          ? STACK_PAGE_GUARD
                                : page < STACK_SLOT_PAGES - diver->pages_after ? STACK_PAGE_HOLE
                                                                               : STACK_PAGE_BACKED;
            test_equal(diver->picture[page], expected);
        }
    }
}

/* Whether the figures agree. Exact only while no frame moves. */
static bool savings_are_booked(struct stack_savings *savings)
{
    stack_savings_read(savings);
    return savings->backed + savings->unowned + savings->magazines + savings->reserve ==
           frame_owned_count(FRAME_OWNER_STACK) + frame_owned_count(FRAME_OWNER_STACK_CACHE) +
               frame_owned_count(FRAME_OWNER_MAGAZINE) + frame_owned_count(FRAME_OWNER_RESERVE);
}

TEST(DEM0005, "the memory that the demonstration counts for stacks is what the allocator booked",
     ALWAYS)
{
    struct stack_savings savings;
    test_eventually(savings_are_booked(&savings),
                    "%lu frames in stacks, %lu in stacks without a thread, %lu in "
                    "magazines, %lu in the reserve: not what is booked",
                    savings.backed, savings.unowned, savings.magazines, savings.reserve);
    test_equal(savings.all, savings.backed + savings.unowned + savings.magazines + savings.reserve +
                                savings.tables);
    test_check(savings.eager >= savings.stacks * STACK_PAGES);
    if (stack_mode_get() == STACK_MODE_EAGER) {
        test_check(savings.saved_percent <= 0);
    }
}

static uint32_t over;

static void pages_take(void *argument maybe_unused)
{
    while (test_counted(&over) == 0) {
        (void)swapper_pass(NULL, SWAPPER_SHRINK);
        thread_yield();
    }
}

TEST(DEM0006, "backed pages are shown, though the swapper takes pages of all sleeping threads",
     ALWAYS)
{
    over = 0;
    struct thread *taker = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, pages_take, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        faults_add_up(demonstration_perform());
    }
    test_count(&over);
    test_thread_join(taker);
}

TEST(DEM0007, "a page in any state has a look, and those of a stack look different", ALWAYS)
{
    for (unsigned state = 0; state < STACK_PAGE_STATES; state++) {
        const char *look = demonstration_page_look(state);
        test_check(look != NULL && strlen(look) == 4);
        for (unsigned other = STACK_PAGE_HOLE; look != NULL && other < state; other++) {
            test_check(strcmp(look, demonstration_page_look(other)) != 0);
        }
    }
}
