/*
 * Panics on an entry stack: overflow of one, and faults in handlers that may not fault. The panic
 * must show the handler's frame and the frame that it interrupted.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/interrupt.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "sched/core/thread.h"
#include "tests/test.h"

#define NOWHERE 0xdead000UL /* not mapped: the lower half is empty */

static volatile uintptr_t planted_address;

static bool nmi_touch(struct trap_frame *frame maybe_unused)
{
    *(volatile uint8_t *)planted_address = 1;
    return true;
}

/* Its name must be in the backtrace below the NMI. */
static never_inline void nmi_victim(void)
{
    preempt_disable();
    lapic_send_nmi(cpu_number());
    for (;;) {
        cpu_pause();
    }
}

TEST(PAN0030, "a page fault in the NMI handler shows its frame and the NMI's", DEATH)
{
    planted_address = NOWHERE;
    nmi_observer_set(nmi_touch);
    nmi_victim();
}

TEST(PAN0031, "a touch of the interrupted stack's hole in the NMI handler fails an assertion",
     DEATH)
{
    planted_address = stack_bottom(thread_current()->slot);
    nmi_observer_set(nmi_touch);
    nmi_victim();
}

static void interrupt_touch(struct trap_frame *frame maybe_unused)
{
    *(volatile uint8_t *)planted_address = 1;
}

static void interrupt_take(void (*handler)(struct trap_frame *))
{
    if (interrupt_register(VECTOR_TEST, handler, "test") != OK) {
        panic("the test's vector is taken");
    }
    lapic_send_self(VECTOR_TEST);
    for (;;) {
        cpu_pause();
    }
}

TEST(PAN0032, "a page fault in an interrupt handler shows its frame and the interrupt's", DEATH)
{
    planted_address = NOWHERE;
    interrupt_take(interrupt_touch);
}

static volatile unsigned depth_limit = 1000000;

/*
 * Called by a pointer that no compiler sees through, so the backtrace has one line for all levels.
 */
static unsigned handler_descend(unsigned depth);
static unsigned (*volatile descend_further)(unsigned depth) = handler_descend;

static never_inline unsigned handler_descend(unsigned depth)
{
    volatile uint8_t local[64];
    local[0] = (uint8_t)depth;
    return depth == depth_limit ? 0 : descend_further(depth + 1) + local[0];
}

static void interrupt_descend(struct trap_frame *frame maybe_unused)
{
    handler_descend(0);
}

TEST(PAN0033, "recursion in an interrupt handler runs into the entry stack's guard and is reported",
     DEATH)
{
    interrupt_take(interrupt_descend);
}

static bool nmi_descend(struct trap_frame *frame maybe_unused)
{
    return handler_descend(0) != 0;
}

TEST(PAN0034, "recursion in the NMI handler runs into the entry stack's guard and is reported",
     DEATH)
{
    nmi_observer_set(nmi_descend);
    nmi_victim();
}

static void interrupt_far_local(struct trap_frame *frame maybe_unused)
{
    volatile uint8_t *here = __builtin_frame_address(0);
    __asm__ volatile("subq %0, %%rsp; callq *%1" ::"i"(ENTRY_STACK_BYTES + 64),
                     "r"(interrupt_touch), "D"(here)
                     : "memory");
}

TEST(PAN0035, "a large local variable in an interrupt handler ends in the guard, and is reported",
     DEATH)
{
    interrupt_take(interrupt_far_local);
}

TEST(PAN0036, "a double fault, without a page-fault stack, is reported on its own stack", DEATH)
{
    preempt_disable();
    interrupts_disable();
    this_cpu(cpu_task_state).ist[ENTRY_PAGE_FAULT - 1] = NOWHERE;
    if (fred_is_active()) {
        msr_write(MSR_FRED_RSP0 + FRED_LEVEL_PAGE_FAULT, NOWHERE);
    }
    *(volatile uint8_t *)NOWHERE = 1;
}

static void observer_touch(const struct stack_fault_event *event maybe_unused)
{
    *(volatile uint8_t *)planted_address = 1;
}

TEST(PAN0037,
     "a page fault in the page-fault handler shows both frames, and does not repeat for ever",
     DEATH)
{
    planted_address = NOWHERE;
    stack_fault_observer = observer_touch;
    *(volatile uint8_t *)stack_bottom(thread_current()->slot) = 1;
}
