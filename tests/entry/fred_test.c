/*
 * FRED: stack levels, the frame, entry and exit. Tests that need no FRED run on every machine, with
 * frames made by hand (fred_by_hand.h); those from FRD0020 on need a CPU that has it. The sweeps
 * (EVT) check that no event is lost; they are the same for both ways in.
 */
#include "arch/x86_64/entry/fred.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/safe_access.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/eventually.h"
#include "tests/support/fred_by_hand.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

#define LEVEL(vector, level) ((uint64_t)(level) << 2 * (vector))

static struct trap_frame seen;
static uintptr_t seen_at;
static volatile unsigned seen_count;

static bool exception_see(struct trap_frame *frame)
{
    seen = *frame;
    seen_at = (uintptr_t)frame;
    seen_count = seen_count + 1;
    return true;
}

static void interrupt_see(struct trap_frame *frame)
{
    (void)exception_see(frame);
}

TEST(FRD0001,
     "stack levels: page faults 1, NMI, machine check and debug 2, double faults 3, all else 0",
     ALWAYS)
{
#ifdef LESSON_LOST_EVENTS
    uint64_t asynchronous = 0, interrupt = 0;
#else
    uint64_t asynchronous = LEVEL(1, 2) | LEVEL(2, 2), interrupt = 1;
#endif
    test_equal(fred_levels_value(), asynchronous | LEVEL(8, 3) | LEVEL(14, 1) | LEVEL(18, 2));
    test_equal(fred_config_value() >> 9 & 3, interrupt);
    test_equal(fred_config_value() & 0x9ff, 0); /* no room below RSP, reserved bits, level 0 */
}

TEST(FRD0002, "ring 3 enters at a page's start, ring 0 at 256 bytes from it, and code is at both",
     ALWAYS)
{
    test_equal(fred_config_value() & ~0xfffUL, (uintptr_t)fred_entry_user);
    test_equal((uintptr_t)fred_entry_user % PAGE_BYTES, 0);
    test_equal(fred_entry_kernel - fred_entry_user, 256);
    test_check(fred_path_end - fred_entry_kernel > 0);
}

TEST(FRD0003,
     "a register write that the CPU refuses is reported as such, and one that it accepts, too",
     ALWAYS)
{
    uint64_t flags = interrupts_save();
    bool past_the_table = safe_segment_load(0xfff8);
    bool data = safe_segment_load(SELECTOR_KERNEL_DATA);
    interrupts_restore(flags);
    test_check(!past_the_table);
    test_check(data);
}

/* Checks everything that the handler must see, and that everything else is as before. */
static void event_check(unsigned type, unsigned vector, uint64_t error, uint64_t data)
{
    uint64_t registers[BY_HAND_REGISTERS], before[BY_HAND_REGISTERS], handled[BY_HAND_REGISTERS];
    struct fred_frame frame = fred_by_hand_frame(type, vector, data);

    frame.error = error;
    for (unsigned i = 0; i < BY_HAND_REGISTERS; i++) {
        before[i] = registers[i] = 0x1111111111111111UL * (i + 1);
    }
    seen_count = 0;
    uint64_t flags = interrupts_save();
    unsigned returns = fred_by_hand(&frame, registers);
    interrupts_restore(flags);
    memcpy(handled, &seen, sizeof(handled));

    test_equal(seen_count, 1);
    test_equal(seen.vector, vector);
    test_equal(seen.error, error);
    test_equal(seen.address, data);
    test_equal(seen.rip, (uintptr_t)fred_by_hand_back);
    test_equal(seen.cs, frame.cs);
    test_equal(seen.ss, frame.ss);
    test_equal(seen.rflags, frame.rflags);
    test_equal(seen_at, fred_by_hand_stack_top() - FRED_FRAME_BYTES - 16 * sizeof(uint64_t));
    test_equal(returns, fred_is_active() ? 0 : 1);
    for (unsigned i = 0; i < BY_HAND_REGISTERS; i++) {
        test_equal(handled[i], before[i]);
        test_equal(registers[i], before[i]);
    }
}

static void exception_check(unsigned type, unsigned vector, uint64_t error, uint64_t data)
{
    exception_handler old = exception_handler_set(vector, exception_see);
    event_check(type, vector, error, data);
    exception_handler_set(vector, old);
}

TEST(FRD0010, "a frame made by hand brings each exception to its handler, and ERETS restores all",
     ALWAYS)
{
    preempt_disable();
    exception_check(FRED_HARDWARE_EXCEPTION, 13, 0x18, 0);
    exception_check(FRED_HARDWARE_EXCEPTION, 0, 0, 0);
    exception_check(FRED_HARDWARE_EXCEPTION, VECTOR_DEBUG, 0, DEBUG_STATUS_SINGLE_STEP);
    exception_check(FRED_HARDWARE_EXCEPTION, VECTOR_MACHINE_CHECK, 0, 0);
    exception_check(FRED_PRIVILEGED_SOFTWARE, VECTOR_DEBUG, 0, 0);
    exception_check(FRED_SOFTWARE_EXCEPTION, VECTOR_BREAKPOINT, 0, 0);
    exception_check(FRED_SOFTWARE_EXCEPTION, 4, 0, 0);
    preempt_enable();
}

TEST(FRD0011, "a frame made by hand brings an NMI to the NMI's observer", ALWAYS)
{
    preempt_disable();
    nmi_observer old = nmi_observer_set(exception_see);
    event_check(FRED_NMI, VECTOR_NMI, 0, 0);
    nmi_observer_set(old);
    preempt_enable();
}

TEST(FRD0012, "a frame made by hand brings an interrupt to its handler, whatever its vector",
     ALWAYS)
{
    test_equal(interrupt_register(VECTOR_TEST, interrupt_see, "test"), OK);
    preempt_disable();
    event_check(FRED_EXTERNAL_INTERRUPT, VECTOR_TEST, 0, 0);
    preempt_enable();
    interrupt_unregister(VECTOR_TEST);
}

TEST(FRD0013, "a page fault's address is taken from the frame, whatever CR2 holds by then", ALWAYS)
{
    test_missing_sites_expect();
    uint32_t slot;
    uint64_t registers[BY_HAND_REGISTERS] = {0};
    if (!scratch_stack_create(&slot)) {
        return;
    }
    uintptr_t hole = scratch_stack_edge(slot) - PAGE_BYTES - 8;
    struct fred_frame frame = fred_by_hand_frame(FRED_HARDWARE_EXCEPTION, VECTOR_PAGE_FAULT, hole);
    frame.error = PAGE_FAULT_WRITE;
    scratch_stack_use(slot);
    __asm__ volatile("mov %0, %%cr2" ::"r"(0xdead000UL));
    test_equal(fred_by_hand(&frame, registers), fred_is_active() ? 0 : 1);
    test_equal(stack_pages_backed(slot), 3);
    scratch_stack_unuse();
    scratch_stack_destroy(slot);
}

/* Like an interrupt that wakes a more urgent thread: its frame moves, and the thread goes on. */
TEST(FRD0014,
     "an interrupt that preempts moves its frame to the thread's stack by an ERETS, and "
     "returns by another",
     ALWAYS)
{
    uint64_t registers[BY_HAND_REGISTERS], before[BY_HAND_REGISTERS];
    struct fred_frame frame = fred_by_hand_frame(FRED_EXTERNAL_INTERRUPT, VECTOR_TEST, 0);

    for (unsigned i = 0; i < BY_HAND_REGISTERS; i++) {
        before[i] = registers[i] = 0x0101010101010101UL * (i + 1);
    }
    test_equal(thread_affinity_set(thread_current(), 1UL << cpu_number()), OK);
    test_equal(interrupt_register(VECTOR_TEST, interrupt_see, "test"), OK);
    frame.rflags |= FLAGS_INTERRUPT;
    seen_count = 0;
    interrupts_disable();
    this_cpu(reschedule_wanted) = true;
    unsigned returns = fred_by_hand(&frame, registers);
    test_check(interrupts_enabled());
    interrupts_enable();
    interrupt_unregister(VECTOR_TEST);
    test_equal(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL), OK);
    test_equal(seen_count, 1);
#ifdef LESSON_LOST_EVENTS
    test_equal(returns, fred_is_active() ? 0 : 1); /* at level 0 already, so nothing moves */
#else
    test_equal(returns, fred_is_active() ? 0 : 2);
#endif
    for (unsigned i = 0; i < BY_HAND_REGISTERS; i++) {
        test_equal(registers[i], before[i]);
    }
}

static uint64_t debug_status;

static bool debug_see(struct trap_frame *frame)
{
    debug_status = debug_status_read();
    debug_clear();
    debug_status_clear();
    return exception_see(frame);
}

static volatile uint32_t watched;

TEST(FRD0020, "the reason for a debug exception is in its frame, with bits set to 1, and in DR6",
     FRED)
{
    preempt_disable();
    exception_handler old = exception_handler_set(VECTOR_DEBUG, debug_see);
    seen_count = 0;
    debug_write_set((uintptr_t)&watched);
    watched = 1;
    exception_handler_set(VECTOR_DEBUG, old);
    preempt_enable();
    test_equal(seen_count, 1);
    test_equal(fred_event_type(&seen), FRED_HARDWARE_EXCEPTION);
    test_equal(seen.address, DEBUG_STATUS_BREAKPOINT_0);
    test_equal(debug_status & 0xf, DEBUG_STATUS_BREAKPOINT_0);
}

static bool fault_case_see(struct trap_frame *frame)
{
    exception_see(frame);
    frame->rip = frame->rbx; /* the test put the address to go on at there */
    return true;
}

TEST(FRD0021,
     "a page fault that is no stack fault takes address and error code to the thread's "
     "stack, level 0",
     FRED)
{
    bool (*old)(struct trap_frame *) = page_fault_thread_case;
    preempt_disable();
    page_fault_thread_case = fault_case_see;
    seen_count = 0;
    __asm__ volatile("leaq 1f(%%rip), %%rbx\n\t"
                     "movb $1, (%0)\n"
                     "1:" ::"r"(0xdead123UL)
                     : "rbx", "memory");
    page_fault_thread_case = old;
    preempt_enable();
    test_equal(seen_count, 1);
    test_equal(seen.address, 0xdead123);
    test_equal(seen.error, PAGE_FAULT_WRITE);
    test_equal(seen.cs >> FRED_CS_LEVEL_SHIFT & 3, 0);
    uint32_t slot = thread_current()->slot;
    test_check(seen_at >= stack_bottom(slot) && seen_at < stack_top(slot));
}

static volatile unsigned nmis, nmis_inside;

/* With FRED an exception's return lets no NMI in; with the IDT, IRET would. */
static bool nmi_nest(struct trap_frame *frame maybe_unused)
{
    nmis = nmis + 1;
    if (nmis == 1) {
        lapic_send_nmi(cpu_number());
        for (unsigned i = 0; i < 100; i++) {
            __asm__ volatile("int3");
            cpu_pause();
        }
        nmis_inside = nmis;
    }
    return true;
}

TEST(FRD0022, "an NMI waits until the one before returns, whatever else returns meanwhile", FRED)
{
    preempt_disable();
    exception_handler old_breakpoint = exception_handler_set(VECTOR_BREAKPOINT, exception_see);
    nmi_observer old = nmi_observer_set(nmi_nest);
    nmis = 0;
    seen_count = 0;
    uint64_t limit_tsc = test_eventually_end_tsc();
    lapic_send_nmi(cpu_number());
    while (nmis < 2 && tsc_read() < limit_tsc) {
        cpu_pause();
    }
    nmi_observer_set(old);
    exception_handler_set(VECTOR_BREAKPOINT, old_breakpoint);
    preempt_enable();
    test_equal(seen_count, 100);
    test_equal(nmis_inside, 1);
    test_equal(nmis, 2);
    test_equal(fred_level(), 0);
}

TEST(PAN0038, "SYSCALL in the kernel is reported, where events enter by FRED", DEATH)
{
    uint64_t registers[BY_HAND_REGISTERS] = {0};
    struct fred_frame frame = fred_by_hand_frame(FRED_OTHER, 1, 0);
    interrupts_disable();
    (void)fred_by_hand(&frame, registers);
}

TEST(PAN0039, "INT n in the kernel is reported, where events enter by FRED", DEATH)
{
    uint64_t registers[BY_HAND_REGISTERS] = {0};
    struct fred_frame frame = fred_by_hand_frame(FRED_SOFTWARE_INTERRUPT, 0x80, 0);
    interrupts_disable();
    (void)fred_by_hand(&frame, registers);
}

/* Reads the privilege level of a gate from the IDT that the CPU has loaded. */
static unsigned gate_level(unsigned vector)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } packed table;
    __asm__ volatile("sidt %0" : "=m"(table));
    return ((const uint8_t *)table.base)[16 * vector + 5] >> 5 & 3; /* 16 bytes a gate */
}

TEST(FRD0015, "ring 3 may raise the same vectors by INT n whether events enter by FRED or the IDT",
     ALWAYS)
{
    for (unsigned vector = 0; vector < VECTOR_COUNT; vector++) {
        unsigned expected = gate_level(vector) == 3 ? vector : VECTOR_GENERAL_PROTECTION;
        test_equal(fred_user_vector(FRED_SOFTWARE_INTERRUPT, vector), expected);
    }
    test_equal(fred_user_vector(FRED_SOFTWARE_INTERRUPT, VECTOR_BREAKPOINT), VECTOR_BREAKPOINT);
    test_equal(fred_user_vector(FRED_SOFTWARE_EXCEPTION, VECTOR_BREAKPOINT), VECTOR_BREAKPOINT);
    test_equal(fred_user_vector(FRED_HARDWARE_EXCEPTION, VECTOR_INVALID_OPCODE),
               VECTOR_INVALID_OPCODE);
    test_equal(fred_user_vector(FRED_OTHER, 2), VECTOR_GENERAL_PROTECTION); /* SYSENTER */
}
