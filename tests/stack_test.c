/*
 * Stack growth: by one, two and three pages, by every way in which code touches a stack, with
 * interrupts off and with a lock held. Each test runs in threads of its own, whose stacks it first
 * trims to the one page they are born with.
 */
#include "arch/x86_64/cpu.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/magazine.h"
#include "mm/stack.h"
#include "mm/stack_lend.h"
#include "sched/thread.h"
#include "tests/scratch_stack.h"
#include "tests/test.h"

static bool stacks_are_eager(void)
{
    if (stack_mode_get() == STACK_MODE_EAGER) {
        test_skip("stacks are whole at birth");
        return true;
    }
    return false;
}

/* For who grows with interrupts or preemption off. */
static bool growth_is_excluded(void)
{
    test_missing_sites_expect();
    return stacks_are_eager();
}

/* Back to one page. The caller's own frames lie in the top page, or this would not work. */
static void own_stack_trim(void)
{
    uintptr_t here = align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES);
    stack_trim(thread_current()->slot, here);
}

static uintptr_t own_bottom(void)
{
    return stack_bottom(thread_current()->slot);
}

/* Address of byte `offset` of page `page` of the own stack; page 3 is the top one. */
static uintptr_t own_address(unsigned page, size_t offset)
{
    return own_bottom() + page * PAGE_BYTES + offset;
}

/* The lowest page that is backed: 3, or what a site has brought below it (stack=prefault). */
static unsigned own_lowest(void)
{
    return STACK_PAGES - stack_pages_backed(thread_current()->slot);
}

struct growth {
    unsigned pages_backed; /* after the touch */
    uint64_t faults[STACK_PAGES];
};

static uint64_t fault_total(unsigned pages)
{
    return this_cpu_pointer(magazine)->faults[pages];
}

/* Interrupts are off between the two, so it is one CPU and one thread that counts. */
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

/* The same for a stack of one page that the CPU uses as a second one. */
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
    own_stack_trim();
    uint64_t flags = interrupts_save();
    growth_begin(growth);
    *(volatile char *)own_address(3 - pages, 100) = 1;
    growth_end(growth);
    interrupts_restore(flags);
}

/* One touch of page 3 - pages, and one fault for it that filled `pages`. */
static void growth_check_pages(unsigned pages)
{
    struct growth growth = {0};
    if (stack_mode_get() == STACK_MODE_PREFAULT) {
        scratch_grow(pages, &growth); /* the page below the own stack's pointer is there already */
    } else {
        own_grow(pages, &growth);
    }
    test_equal(growth.pages_backed, 1 + pages);
    for (unsigned n = 1; n < STACK_PAGES; n++) {
        test_equal(growth.faults[n], n == pages);
    }
}

TEST(STK0001, "grow by one page in one fault, interrupts off")
{
    if (!growth_is_excluded()) {
        growth_check_pages(1);
    }
}

TEST(STK0002, "grow by two pages in one fault, interrupts off")
{
    if (!growth_is_excluded()) {
        growth_check_pages(2);
    }
}

TEST(STK0003, "grow by three pages in one fault, interrupts off")
{
    if (!growth_is_excluded()) {
        growth_check_pages(3);
    }
}

TEST(STK0004, "grow page by page in three faults, interrupts on")
{
    if (stacks_are_eager()) {
        return;
    }
    own_stack_trim();
    for (unsigned page = 3; page-- > 0;) {
        *(volatile char *)own_address(page, 4000) = (char)page;
        test_check(stack_pages_backed(thread_current()->slot) == 4 - page);
    }
}

TEST(STK0005, "grow with a spinlock held")
{
    static struct spinlock lock = SPINLOCK("test");
    if (growth_is_excluded()) {
        return;
    }
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

TEST(STK0006, "grow by a push at the page's edge")
{
    if (growth_is_excluded()) {
        return;
    }
    struct growth growth;
    own_stack_trim();
    uint64_t flags = interrupts_save();
    growth_begin(&growth);
    unsigned lowest = own_lowest();
    AT_RSP(own_address(lowest, 0), "movl $0x5a5a, %%eax; pushq %%rax");
    growth_end(&growth);
    interrupts_restore(flags);
    test_equal(growth.pages_backed, STACK_PAGES - lowest + 1);
    test_equal(*(volatile uint64_t *)own_address(lowest - 1, PAGE_BYTES - 8), 0x5a5a);
}

TEST(STK0007, "grow by a call at the page's edge")
{
    if (growth_is_excluded()) {
        return;
    }
    struct growth growth;
    own_stack_trim();
    uint64_t flags = interrupts_save();
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

TEST(STK0008, "grow by a far local variable, deeper than a page")
{
    volatile char seen = 0;
    if (growth_is_excluded()) {
        return;
    }
    own_stack_trim();
    uint64_t flags = interrupts_save();
    /* As a function with 9000 bytes of locals that touches the furthest first. */
    __asm__ volatile("movb $7, -9000(%%rsp)" ::: "memory");
    unsigned backed = stack_pages_backed(thread_current()->slot);
    interrupts_restore(flags);
    far_local(&seen);
    test_check(backed >= 3);
    test_equal((unsigned char)seen, 599 % 256);
}

TEST(STK0009, "grow in the middle of rep movs, in both directions")
{
    static char source[2 * PAGE_BYTES];
    if (growth_is_excluded()) {
        return;
    }
    for (size_t i = 0; i < sizeof(source); i++) {
        source[i] = (char)(i * 7);
    }
    own_stack_trim();
    uint64_t flags = interrupts_save();
    void *to = (void *)own_address(1, 0), *keep = to;
    const void *from = source;
    size_t count = sizeof(source);
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    bool same = memcmp(keep, source, sizeof(source)) == 0;
    unsigned up = stack_pages_backed(thread_current()->slot);
    interrupts_restore(flags);
    test_check(same);
    test_equal(up, 3);

    own_stack_trim();
    flags = interrupts_save();
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

TEST(STK0010, "fresh pages are zero, and every register survives the fault")
{
    if (growth_is_excluded()) {
        return;
    }
    own_stack_trim();
    uint64_t flags = interrupts_save();
    const volatile uint64_t *low = (const volatile uint64_t *)own_address(0, 0);
    uint64_t sum = 0;
    for (size_t i = 0; i < PAGE_BYTES / 8; i++) {
        sum |= low[i];
    }
    interrupts_restore(flags);
    test_equal(sum, 0);

    own_stack_trim();
    uint64_t wrong;
    /* Every register but RSP and RBP holds a value of its own over the faulting store. */
    __asm__ volatile("movq $1, %%rax; movq $2, %%rbx; movq $3, %%rcx; movq $4, %%rdx\n\t"
                     "movq $5, %%rsi; movq $7, %%r8; movq $8, %%r9; movq $9, %%r10\n\t"
                     "movq $10, %%r11; movq $11, %%r12; movq $12, %%r13; movq $13, %%r14\n\t"
                     "stc\n\t"
                     "movb $1, (%%rdi)\n\t"
                     "adcq %%rbx, %%rax; addq %%rcx, %%rax; addq %%rdx, %%rax\n\t"
                     "addq %%rsi, %%rax; addq %%r8, %%rax; addq %%r9, %%rax; addq %%r10, %%rax\n\t"
                     "addq %%r11, %%rax; addq %%r12, %%rax; addq %%r13, %%rax; addq %%r14, %%rax"
                     : "=&a"(wrong)
                     : "D"(own_address(0, 16))
                     : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "memory", "cc");
    test_equal(wrong, 1 + 1 + 2 + 3 + 4 + 5 + 7 + 8 + 9 + 10 + 11 + 12 + 13);
}

TEST(STK0011, "a stack never has two holes: a deep touch fills all pages above it")
{
    if (stacks_are_eager()) {
        return;
    }
    own_stack_trim();
    *(volatile char *)own_address(1, 0) = 1;
    uint32_t slot = thread_current()->slot;
    volatile uint64_t *entries = stack_entries(slot);
    test_check(stack_entry_is(entries[0], STACK_PAGE_HOLE));
    test_equal(stack_entry_slot(entries[0]), slot);
    for (unsigned page = 1; page < STACK_PAGES; page++) {
        test_equal(stack_entry_state(entries[page]), STACK_PAGE_BACKED);
    }
}

TEST(STK0012, "the four pages below a stack are guard, and name their slot")
{
    uint32_t slot = thread_current()->slot;
    volatile uint64_t *guard = paging_leaf(stack_bottom(slot) - STACK_BYTES);
    for (unsigned page = 0; page < STACK_SLOT_PAGES - STACK_PAGES; page++) {
        test_check(stack_entry_is(guard[page], STACK_PAGE_GUARD));
        test_equal(stack_entry_slot(guard[page]), slot);
    }
}

TEST(STK0013, "eager stacks are whole at birth and never fault")
{
    if (stack_mode_get() != STACK_MODE_EAGER) {
        test_skip("stacks are filled by faults");
        return;
    }
    test_equal(stack_pages_backed(thread_current()->slot), STACK_PAGES);
    test_equal(stack_missing(thread_current()->slot), 0);
}

/* Recurses to a depth, a pattern on each frame, and checks every byte on the way back. */
static never_inline unsigned pattern_recurse(unsigned depth, unsigned seed)
{
    volatile unsigned char bytes[128];
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(seed + depth + i);
    }
    if (depth > 0) {
        wrong = pattern_recurse(depth - 1, seed);
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        wrong += bytes[i] != (unsigned char)(seed + depth + i);
    }
    return wrong;
}

static void pattern_thread(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    for (unsigned round = 0; round < 4; round++) {
        if (pattern_recurse(10 + (seed * 13 + round * 29) % 50, seed) != 0) {
            test_fail(__FILE__, __LINE__, "thread %u found bytes of its stack changed", seed);
        }
        thread_yield();
    }
}

TEST(STK0014, "sixty threads at different depths keep every byte of their stacks")
{
    static struct thread *threads[60];
    for (unsigned i = 0; i < array_length(threads); i++) {
        int error =
            thread_start("pattern", pattern_thread, (void *)(uintptr_t)(i + 1), &threads[i]);
        if (error != OK) {
            test_fail(__FILE__, __LINE__, "no thread %u: %s", i, error_name(error));
            threads[i] = NULL;
        }
    }
    for (unsigned i = 0; i < array_length(threads); i++) {
        if (threads[i] != NULL) {
            test_equal(thread_join(threads[i]), 0);
        }
    }
}

TEST(STK0015, "a magazine is full again after its thread left the CPU")
{
    if (growth_is_excluded()) {
        return;
    }
    own_stack_trim();
    uint64_t flags = interrupts_save();
    *(volatile char *)own_address(0, 0) = 1;
    uint32_t taken = this_cpu(magazine).taken;
    interrupts_restore(flags);
    test_check(taken >= 2);
    thread_sleep_ns(10000000);
    flags = interrupts_save();
    taken = this_cpu(magazine).taken;
    interrupts_restore(flags);
    /* What lend fills for good at a dispatch is replaced at the next switch. */
    bool filled = stack_mode_get() == STACK_MODE_LEND && stack_lend_way() == STACK_LEND_BATCHED;
    test_equal(taken, filled ? 1 : 0);
}

/* Stands in for the shootdown: touches what the trim has just taken away, then goes on to it. */
static void (*shootdown_then)(uintptr_t address, size_t bytes);
static uint32_t trimmed_slot, backed_at_shootdown;

static void touch_before_shootdown(uintptr_t address, size_t bytes)
{
    if (thread_current()->slot == trimmed_slot) {
        *(volatile char *)own_address(1, 0) = 1;
        backed_at_shootdown = stack_pages_backed(trimmed_slot);
    }
    shootdown_then(address, bytes);
}

/* The other CPUs may know the page until the shootdown, but this one must not: a frame that was
 * moved there by a preemption would go to a page that is about to be somebody else's. */
TEST(STK0016, "what a thread gives up is a hole at once: a touch before the shootdown is a fault")
{
    if (stacks_are_eager()) {
        return;
    }
    for (unsigned page = STACK_PAGES; page-- > 0;) {
        *(volatile char *)own_address(page, 0) = 1;
    }
    trimmed_slot = thread_current()->slot;
    backed_at_shootdown = 0;
    shootdown_then = stack_shootdown;
    __atomic_store_n(&stack_shootdown, touch_before_shootdown, __ATOMIC_RELEASE);
    own_stack_trim();
    __atomic_store_n(&stack_shootdown, shootdown_then, __ATOMIC_RELEASE);
    test_equal(backed_at_shootdown, STACK_PAGES - 1);
    test_equal(*(volatile char *)own_address(1, 0), 1);
}
