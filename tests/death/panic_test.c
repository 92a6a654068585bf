/*
 * Errors that must end in a panic, which names the cause in words. The rows of tests/matrix.py hold
 * the words that must be printed.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/sync/mutex.h"
#include "sched/sync/semaphore.h"
#include "tests/support/run_down.h"
#include "tests/support/threads.h"
#include "tests/test.h"

/* An address that the compiler cannot see. */
static volatile uintptr_t somewhere;

static volatile uint32_t *pointer_to(uintptr_t address)
{
    somewhere = address;
    return (volatile uint32_t *)somewhere;
}

static void jump_to(uintptr_t address)
{
    somewhere = address;
    ((void (*)(void))somewhere)();
}

TEST(PAN0001, "a read through a null pointer is reported as that", DEATH)
{
    test_note("never printed: %u", *pointer_to(8));
}

TEST(PAN0002, "a write to the kernel's text is reported as a violation of the page's rights", DEATH)
{
    *pointer_to((uintptr_t)panic) = 0;
}

static uint8_t code_in_data[16] = {0xc3}; /* ret */

TEST(PAN0003, "execution of data is reported as a violation of the page's rights", DEATH)
{
    jump_to((uintptr_t)code_in_data);
}

TEST(PAN0004, "execution of a stack is reported as that", DEATH)
{
    volatile uint8_t code[16] = {0xc3};
    jump_to((uintptr_t)code);
}

TEST(PAN0005, "an address that is not canonical is reported as a general protection fault", DEATH)
{
    *pointer_to(0x1234567812345678) = 0;
}

TEST(PAN0006, "an invalid opcode is reported by its name", DEATH)
{
    __asm__ volatile("ud2");
}

static void sleep_long(void *argument maybe_unused)
{
    thread_sleep_ns(WAIT_FOREVER - 1);
}

static struct thread *sleeper_make(void)
{
    struct thread *sleeper = NULL;
    if (thread_start("sleeper", sleep_long, NULL, &sleeper) != OK || !test_wait_blocked(sleeper)) {
        panic("no thread for the test");
    }
    return sleeper;
}

TEST(PAN0010, "a touch of a hole in another thread's stack does not drain its cover", DEATH)
{
    uint32_t slot = sleeper_make()->slot;
    if (stack_pages_backed(slot) == STACK_PAGES) {
        panic("the sleeper's stack has no hole");
    }
    *pointer_to(stack_bottom(slot)) = 0;
}

TEST(PAN0011,
     "a touch of the guard of another thread's stack is not reported as that thread's overflow",
     DEATH)
{
    *pointer_to(stack_bottom(sleeper_make()->slot) - 8) = 0;
}

TEST(PAN0012, "a stack fault that the magazine does not cover is reported as a bug of the gate",
     DEATH)
{
    interrupts_disable();
    this_cpu(magazine).taken = this_cpu(magazine).capacity;
    uint32_t own = thread_current()->slot;
    *pointer_to(stack_top(own) - stack_pages_backed(own) * PAGE_BYTES - 8) = 0;
}

static struct semaphore memory_gone = SEMAPHORE(memory_gone, 0);
static uint32_t divers_through;

static void three_pages_deep(void *argument maybe_unused)
{
    uint32_t own = thread_current()->slot;
    stack_trim(own, stack_top(own) - PAGE_BYTES);
    semaphore_down(&memory_gone);
    *pointer_to(stack_bottom(own)) = 0;
    test_count(&divers_through);
    ignore_result(thread_sleep_ns(WAIT_FOREVER - 1));
}

/* Booted with gate=off, to show what the gate prevents. */
TEST(PAN0013, "without the gate a stack fault finds an empty magazine, and is reported as that",
     DEATH)
{
    struct thread *thread;
    unsigned divers = 0;
    while (divers < 40 && thread_start("diver", three_pages_deep, NULL, &thread) == OK &&
           test_wait_blocked(thread)) {
        divers++;
    }
    struct run_down all = {0};
    preempt_disable();
    run_down_take(&all);
    preempt_enable();
    for (unsigned i = 0; i < divers; i++) {
        semaphore_up(&memory_gone);
    }
    if (test_wait_until(&divers_through, divers, "divers in a machine without memory")) {
        test_fail(__FILE__, __LINE__, "every thread found its pages");
    }
}

static volatile unsigned depth_limit = 1000000;

/*
 * Called by a pointer that no compiler sees through, so the backtrace has one line for all levels.
 */
static unsigned descend(unsigned depth);
static unsigned (*volatile descend_further)(unsigned depth) = descend;

static never_inline unsigned descend(unsigned depth)
{
    volatile uint8_t local[256];
    local[0] = (uint8_t)depth;
    return depth == depth_limit ? 0 : descend_further(depth + 1) + local[0];
}

TEST(PAN0020, "an overflow with a spinlock held is a panic", DEATH)
{
    static struct spinlock lock = SPINLOCK("test");
    spin_lock(&lock);
    descend(0);
}

TEST(PAN0021, "an overflow with interrupts off is a panic", DEATH)
{
    interrupts_disable();
    descend(0);
}

TEST(PAN0022, "an overflow with a mutex held is a panic", DEATH)
{
    static struct mutex mutex = MUTEX(mutex, "test");
    mutex_lock(&mutex);
    descend(0);
}

TEST(PAN0023, "an overflow of a thread that must not end is a panic", DEATH)
{
    thread_current()->may_not_die = true;
    descend(0);
}

TEST(PAN0024, "a panic shows every CPU's magazine, and the machine ends only once", DEATH)
{
    panic("this is the test's own panic, number %d", 24);
}
