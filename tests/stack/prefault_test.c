/*
 * stack=prefault: each patch site where interrupts or preemption go off fills the page below in
 * advance, by OSv's five rules. A stack fault in a section without such a site is reported.
 */
#include "mm/stack_modes/stack_prefault.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/own_stack.h"
#include "tests/test.h"

/* Pages that a site fills below the one in use. */
#define TOUCHED (SITE_TOUCH_BYTES / PAGE_BYTES)

/* Trims the stack to the one page in which the caller's frames lie. */
static void own_stack_trim(void)
{
    stack_trim(thread_current()->slot,
               align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES));
}

static uint32_t own_pages(void)
{
    return stack_pages_backed(thread_current()->slot);
}

/*
 * Runs a section in the second page from the top. The trim itself passes sites, so that page is
 * there by then; the page that a site would fill below it is not.
 */
static void section_run(void (*section)(void))
{
    own_stack_trim();
    test_equal(own_pages(), 1 + TOUCHED);
    own_stack_call(stack_top(thread_current()->slot) - PAGE_BYTES - 512, section);
}

static struct spinlock lock = SPINLOCK("test");
static uint32_t pages;

static void section_interrupts(void)
{
    uint64_t flags = interrupts_save();
    pages = own_pages();
    interrupts_restore(flags);
}

static void section_interrupts_by_rule(void)
{
    uint64_t flags = interrupts_save_by(BOTH_ON);
    pages = own_pages();
    interrupts_restore(flags);
}

static void section_preemption(void)
{
    preempt_disable();
    pages = own_pages();
    preempt_enable();
}

static void section_preemption_by_rule(void)
{
    spin_lock_by(BOTH_ON, &lock);
    pages = own_pages();
    spin_unlock(&lock);
}

TEST(PRE0001, "with interrupts and preemption on, a site fills the page before the section begins",
     STACKS_PREFAULTED)
{
    static void (*const sections[])(void) = {section_interrupts, section_interrupts_by_rule,
                                             section_preemption, section_preemption_by_rule};
    for (unsigned i = 0; i < array_length(sections); i++) {
        pages = 0;
        section_run(sections[i]);
        test_equal(pages, 2 + TOUCHED);
    }
    test_equal(stack_prefault_missing_count(), 0);
}

/* Turns interrupts off without passing a site. */
static void interrupts_off_secretly(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static void section_interrupts_off(void)
{
    interrupts_off_secretly();
    uint64_t flags = interrupts_save();
    preempt_disable();
    pages = own_pages();
    preempt_enable_quietly();
    interrupts_restore(flags);
    interrupts_enable();
}

static void section_preemption_off(void)
{
    this_cpu(preempt_count)++;
    uint64_t flags = interrupts_save();
    pages = own_pages();
    interrupts_restore(flags);
    preempt_enable();
}

TEST(PRE0002, "with interrupts or preemption off already, a site leaves the stack alone",
     STACKS_PREFAULTED)
{
    section_run(section_interrupts_off);
    test_equal(pages, 1 + TOUCHED);
    section_run(section_preemption_off);
    test_equal(pages, 1 + TOUCHED);
    test_equal(stack_prefault_missing_count(), 0);
}

/* Checks that the innermost function of report `number` is the running test. */
static void report_check(uint32_t number, bool interrupts, bool preemption)
{
    const struct stack_prefault_missing *one = stack_prefault_missing_read(number);
    test_check(one != NULL);
    if (one != NULL) {
        test_equal(one->interrupts_off, interrupts);
        test_equal(one->preemption_off, preemption);
        test_check(one->trace.count >= 2 && !one->trace.broken);
        const char *name = symbol_find(one->trace.steps[0].address, NULL);
        test_check(name != NULL && strcmp(name, "test_run_PRE0003") == 0);
    }
}

TEST(PRE0003, "a section that is entered without its site is served, and reported with a backtrace",
     STACKS_PREFAULTED)
{
    uint32_t slot = thread_current()->slot;
    volatile char *deep = (volatile char *)(stack_top(slot) - (2 + TOUCHED) * PAGE_BYTES + 64);
    own_stack_trim();
    interrupts_off_secretly();
    *deep = 1;
    interrupts_enable();
    uint32_t first = stack_prefault_missing_count();

    own_stack_trim();
    this_cpu(preempt_count)++;
    *deep = 2;
    preempt_enable();
    uint32_t second = stack_prefault_missing_count();
    test_equal(first, 1);
    test_equal(second, 2);
    test_equal(*deep, 2);
    report_check(0, true, false);
    report_check(1, false, true);
    stack_prefault_missing_forget();
}

static uint32_t pages_at_the_end;

static void section_at_the_end(void)
{
    uint64_t flags = interrupts_save_by(BOTH_ON);
    pages_at_the_end = own_pages();
    interrupts_restore(flags);
}

TEST(PRE0004, "a site near the end of a stack fills what is left, and does not overflow",
     STACKS_PREFAULTED)
{
    uint32_t slot = thread_current()->slot;
    for (uintptr_t left = PAGE_BYTES - 512; left > ENTRY_CONTINUE_BYTES + 512; left -= 512) {
        own_stack_trim();
        pages_at_the_end = 0;
        own_stack_call(stack_floor(slot) + align_down(left, 16), section_at_the_end);
        test_equal(pages_at_the_end, STACK_PAGES);
    }
    own_stack_trim();
    own_stack_call(stack_floor(slot) + PAGE_BYTES + 512, section_at_the_end);
    test_equal(pages_at_the_end, STACK_PAGES);
}
