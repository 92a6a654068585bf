/*
 * Properties of a stack however it grew: fresh pages are zero, bytes that a thread wrote stay, the
 * entries are right, and the magazine is refilled.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "tests/support/own_pages.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define TRIMS 16

TEST(STK0010, "fresh pages are zero, and every register survives the fault", STACKS_GROW)
{
    test_missing_sites_expect();
    uint64_t flags = own_stack_trim_and_hold();
    const volatile uint64_t *low = (const volatile uint64_t *)own_address(0, 0);
    uint64_t sum = 0;
    for (size_t i = 0; i < PAGE_BYTES / 8; i++) {
        sum |= low[i];
    }
    interrupts_restore(flags);
    test_equal(sum, 0);

    own_stack_trim();
    uint64_t wrong;
    /* Every register but RSP and RBP holds its own value across the faulting store. */
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

TEST(STK0011, "a stack never has two holes: a deep touch fills all pages above it", STACKS_GROW)
{
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

TEST(STK0012, "the four pages below a stack are guard, and name their slot", ALWAYS)
{
    uint32_t slot = thread_current()->slot;
    volatile uint64_t *guard = paging_leaf(stack_bottom(slot) - STACK_BYTES);
    for (unsigned page = 0; page < STACK_SLOT_PAGES - STACK_PAGES; page++) {
        test_check(stack_entry_is(guard[page], STACK_PAGE_GUARD));
        test_equal(stack_entry_slot(guard[page]), slot);
    }
}

TEST(STK0013, "eager stacks are whole at creation and never fault", STACKS_EAGER)
{
    test_equal(stack_pages_backed(thread_current()->slot), STACK_PAGES);
    test_equal(stack_missing(thread_current()->slot), 0);
}

/* Recurses to a depth with a pattern in each frame, and checks every byte on the way back. */
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

TEST(STK0014, "sixty threads at different depths keep every byte of their stacks", ALWAYS)
{
    static struct thread *threads[60];
    for (unsigned i = 0; i < array_length(threads); i++) {
        threads[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, pattern_thread,
                                       (void *)(uintptr_t)(i + 1));
    }
    for (unsigned i = 0; i < array_length(threads); i++) {
        test_equal(test_thread_join(threads[i]), 0);
    }
}

TEST(STK0015, "a magazine is full again after the thread that used it left the CPU", STACKS_GROW)
{
    test_missing_sites_expect();
    uint64_t flags = own_stack_trim_and_hold();
    *(volatile char *)own_address(0, 0) = 1;
    uint32_t taken = this_cpu(magazine).taken;
    interrupts_restore(flags);
    test_check(taken >= 2);
    thread_sleep_ns(10000000);
    flags = interrupts_save();
    taken = this_cpu(magazine).taken;
    interrupts_restore(flags);
    test_equal(taken, 0); /* the stack misses no page that stack=lend could have filled since */
}

/*
 * Stands in for the shootdown: touches what the trim has just taken away, then calls the real one.
 */
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

/* Backs all pages of this thread's stack, gives them up, and touches one before the shootdown. */
static void trim_and_touch(void)
{
    for (unsigned page = STACK_PAGES; page-- > 0;) {
        *(volatile char *)own_address(page, 0) = 1;
    }
    trimmed_slot = thread_current()->slot;
    backed_at_shootdown = 0;
    shootdown_then = stack_shootdown_hook;
    __atomic_store_n(&stack_shootdown_hook, touch_before_shootdown, __ATOMIC_RELEASE);
    own_stack_trim();
    __atomic_store_n(&stack_shootdown_hook, shootdown_then, __ATOMIC_RELEASE);
    test_equal(backed_at_shootdown, STACK_PAGES - 1);
    test_equal(*(volatile char *)own_address(1, 0), 1);
}

/*
 * Other CPUs may cache the translation until the shootdown, but this one must not. Otherwise a
 * preemption could push a frame to a page that is about to belong to another owner. A preemption
 * before the trim can hide the fault, as it drops translations: so several tries.
 */
TEST(STK0016,
     "a page that a thread gives up is a hole at once: a touch before the shootdown faults",
     STACKS_GROW)
{
    for (unsigned i = 0; i < TRIMS; i++) {
        trim_and_touch();
    }
}
