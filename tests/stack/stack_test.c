/*
 * Stack growth: by one, two and three pages, by each kind of instruction that touches a stack, with
 * interrupts off and with a lock held. Each test runs in a thread of its own, whose stack is first
 * trimmed to one page.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/string.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/own_pages.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

struct growth {
    unsigned pages_backed; /* after the touch */
    uint64_t faults[STACK_PAGES];
};

static uint64_t fault_total(unsigned pages)
{
    return this_cpu_pointer(magazine)->faults[pages];
}

/* Interrupts are off between begin and end, so one CPU and one thread are counted. */
static void growth_begin(struct growth *growth)
{
    for (unsigned pages = 1; pages < STACK_PAGES; pages++) {
        growth->faults[pages] = fault_total(pages);
    }
}

static void growth_end(struct growth *growth)
{
    for (unsigned pages = 1; pages < STACK_PAGES; pages++) {
        growth->faults[pages] = fault_total(pages) - growth->faults[pages];
    }
    growth->pages_backed = stack_pages_backed(thread_current()->slot);
}

/* Grows a stack of one page that the CPU uses as a second one. */
static void scratch_grow(unsigned pages, struct growth *growth)
{
    uint32_t slot;
    if (scratch_stack_create(&slot)) {
        scratch_stack_use(slot);
        growth_begin(growth);
        *(volatile char *)(scratch_stack_edge(slot) - pages * PAGE_BYTES + 100) = 1;
        growth_end(growth);
        growth->pages_backed = stack_pages_backed(slot);
        scratch_stack_unuse();
        scratch_stack_empty(slot);
        scratch_stack_destroy(slot);
    }
}

static void own_grow(unsigned pages, struct growth *growth)
{
    uint64_t flags = own_stack_trim_and_hold();
    growth_begin(growth);
    *(volatile char *)own_address(3 - pages, 100) = 1;
    growth_end(growth);
    interrupts_restore(flags);
}

/* Touches page 3 - pages once, and checks that one fault filled `pages` pages. */
static void growth_check_pages(unsigned pages)
{
    struct growth growth = {0};
    if (stack_mode_get() == STACK_MODE_PREFAULT) {
        /* a site has filled the page below this stack's pointer already */
        scratch_grow(pages, &growth);
    } else {
        own_grow(pages, &growth);
    }
    test_equal(growth.pages_backed, 1 + pages);
    for (unsigned n = 1; n < STACK_PAGES; n++) {
        test_equal(growth.faults[n], n == pages);
    }
}

TEST(STK0001, "a stack grows by one page in one fault, interrupts off", STACKS_GROW)
{
    test_missing_sites_expect();
    growth_check_pages(1);
}

TEST(STK0002, "a stack grows by two pages in one fault, interrupts off", STACKS_GROW)
{
    test_missing_sites_expect();
    growth_check_pages(2);
}

TEST(STK0003, "a stack grows by three pages in one fault, interrupts off", STACKS_GROW)
{
    test_missing_sites_expect();
    growth_check_pages(3);
}

TEST(STK0004, "a stack grows page by page in three faults, interrupts on", STACKS_GROW)
{
    own_stack_trim();
    for (unsigned page = 3; page-- > 0;) {
        *(volatile char *)own_address(page, 4000) = (char)page;
        test_check(stack_pages_backed(thread_current()->slot) == 4 - page);
    }
}

TEST(STK0005, "a stack grows with a spinlock held", STACKS_GROW)
{
    static struct spinlock lock = SPINLOCK("test");
    test_missing_sites_expect();
    own_stack_trim();
    spin_lock(&lock);
    *(volatile char *)own_address(0, 8) = 1;
    unsigned backed = stack_pages_backed(thread_current()->slot);
    spin_unlock(&lock);
    test_equal(backed, 4);
}

/* Sets RSP for one instruction and puts it back. Interrupts are off: nothing else uses the stack.
 */
#define AT_RSP(rsp, instructions)                                                                  \
    __asm__ volatile("movq %%rsp, %%rbx\n\t"                                                       \
                     "movq %0, %%rsp\n\t" instructions "\n\t"                                      \
                     "movq %%rbx, %%rsp" ::"r"(rsp)                                                \
                     : "rbx", "rax", "rcx", "rsi", "rdi", "memory")

TEST(STK0006, "a stack grows by a push at the page's edge", STACKS_GROW)
{
    test_missing_sites_expect();
    struct growth growth;
    uint64_t flags = own_stack_trim_and_hold();
    growth_begin(&growth);
    unsigned lowest = own_lowest();
    AT_RSP(own_address(lowest, 0), "movl $0x5a5a, %%eax; pushq %%rax");
    growth_end(&growth);
    interrupts_restore(flags);
    test_equal(growth.pages_backed, STACK_PAGES - lowest + 1);
    test_equal(*(volatile uint64_t *)own_address(lowest - 1, PAGE_BYTES - 8), 0x5a5a);
}

TEST(STK0007, "a stack grows by a call at the page's edge", STACKS_GROW)
{
    test_missing_sites_expect();
    struct growth growth;
    uint64_t flags = own_stack_trim_and_hold();
    growth_begin(&growth);
    unsigned lowest = own_lowest();
    AT_RSP(own_address(lowest, 0), "call 1f\n1: leaq 1b(%%rip), %%rax; subq (%%rsp), %%rax");
    growth_end(&growth);
    interrupts_restore(flags);
    test_equal(growth.pages_backed, STACK_PAGES - lowest + 1);
}

static never_inline void far_local(volatile char *seen)
{
    volatile char local[600];
    for (size_t i = 0; i < sizeof(local); i++) {
        local[i] = (char)i;
    }
    *seen = local[599];
}

TEST(STK0008, "a stack grows by a far local variable, deeper than a page", STACKS_GROW)
{
    volatile char seen = 0;
    test_missing_sites_expect();
    uint64_t flags = own_stack_trim_and_hold();
    /* Like a function with 9000 bytes of locals that touches the furthest first. */
    __asm__ volatile("movb $7, -9000(%%rsp)" ::: "memory");
    unsigned backed = stack_pages_backed(thread_current()->slot);
    interrupts_restore(flags);
    far_local(&seen);
    test_check(backed >= 3);
    test_equal((unsigned char)seen, 599 % 256);
}

TEST(STK0009, "a stack grows in the middle of rep movs, in both directions", STACKS_GROW)
{
    static char source[2 * PAGE_BYTES];
    test_missing_sites_expect();
    for (size_t i = 0; i < sizeof(source); i++) {
        source[i] = (char)(i * 7);
    }
    uint64_t flags = own_stack_trim_and_hold();
    void *to = (void *)own_address(1, 0), *keep = to;
    const void *from = source;
    size_t count = sizeof(source);
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    bool same = memcmp(keep, source, sizeof(source)) == 0;
    unsigned up = stack_pages_backed(thread_current()->slot);
    interrupts_restore(flags);
    test_check(same);
    test_equal(up, 3);

    flags = own_stack_trim_and_hold();
    to = (void *)own_address(2, PAGE_BYTES - 1);
    from = source + sizeof(source) - 1;
    count = sizeof(source);
    __asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    same = memcmp((void *)own_address(1, 0), source, sizeof(source)) == 0;
    unsigned down = stack_pages_backed(thread_current()->slot);
    interrupts_restore(flags);
    test_check(same);
    test_equal(down, 3);
}
