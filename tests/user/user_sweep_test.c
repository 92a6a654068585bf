/*
 * #DB and an NMI at each instruction of the ways between ring 3 and ring 0, with a GS base of user
 * mode at which nothing is mapped. Between SYSCALL and SWAPGS, and between SWAPGS and SYSRET or
 * IRETQ, the saved CS is the kernel's and the GS base the user's: an entry that went by the CS
 * would read its CPU's variables at that address.
 *
 * The test finds the instructions by walking: an execute breakpoint stops at the first instruction
 * of a way into the kernel, and from there #DB single-steps to ring 3. Then it goes each way again
 * for each address, with a breakpoint there. Its #DB is the first event. The handler blocks NMIs
 * and sends itself one, which the handler's IRET lets in before that very instruction
 * (tests/support/nmi_exact.h).
 *
 * With FRED all ways begin at one address, and there is no SWAPGS: the CPU exchanges the GS base as
 * it enters and leaves. The sweep is the same.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/interrupt.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "tests/support/instruction_path.h"
#include "tests/support/nmi_exact.h"
#include "tests/support/threads.h"
#include "tests/support/user_world.h"
#include "tests/test.h"

#define USER_GS 0x00006eef00000000UL /* nothing is mapped there */
#define TOUCHED (USER_WORLD_TOP + PAGE_BYTES)

extern const char user_code_ways[];

static unsigned test_cpu;

static struct user_world world;
static struct user_world_thread sweep;
static volatile uintptr_t breakpoint; /* set by the thread on its way to ring 3 */
static volatile unsigned stops, interrupts_taken, breakpoints, faults;
static volatile uint64_t user_gs_at_end;

static bool on_path(uintptr_t rip)
{
    return (rip >= (uintptr_t)entry_path_begin && rip < (uintptr_t)entry_path_end) ||
           (rip >= (uintptr_t)syscall_entry && rip < (uintptr_t)syscall_path_end) ||
           (rip >= (uintptr_t)fred_entry_user && rip < (uintptr_t)fred_path_end);
}

static bool debug_walk(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    frame->rflags &= ~FLAGS_TRAP;
    if (!trap_frame_from_user(frame) && !sweep.ended) {
        stops = stops + 1;
        frame->rflags |= FLAGS_TRAP;
        if (on_path(frame->rip)) {
            instruction_path_add(frame->rip);
        }
    }
    return true;
}

static bool debug_stop(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    if (frame->rip == breakpoint && nmi_exact_block()) {
        nmi_exact_reset();
        stops = stops + 1;
        lapic_send_nmi(test_cpu);
        frame->ss |= fred_is_active() ? FRED_SS_NMI : 0;
    }
    return true;
}

static void interrupt_note(struct trap_frame *frame)
{
    interrupts_taken = interrupts_taken + trap_frame_from_user(frame);
}

static void exception_note(struct trap_frame *frame)
{
    if (frame->vector == VECTOR_BREAKPOINT) {
        breakpoints = breakpoints + 1;
        return;
    }
    sweep.exception = *frame;
    sweep.ended = true;
    uint64_t flags = interrupts_save();
    user_gs_at_end = msr_read(MSR_KERNEL_GS_BASE);
    msr_write(MSR_KERNEL_GS_BASE, 0);
    interrupts_restore(flags);
    thread_exit(0);
}

/* Goes on behind the instruction that touched the address: MOV RAX, [RBX] has three bytes. */
static bool fault_note(struct trap_frame *frame)
{
    if (!trap_frame_from_user(frame) || frame->address != TOUCHED) {
        return false;
    }
    faults = faults + 1;
    frame->rip += 3;
    return true;
}

static void sweep_entry(void *argument maybe_unused)
{
    test_equal(
        user_frame_init(user_frame(), user_world_address(user_code_ways), USER_WORLD_TOP, TOUCHED),
        0);
    interrupts_disable();
    msr_write(MSR_KERNEL_GS_BASE, USER_GS);
    lapic_send_self(VECTOR_TEST);
    debug_execute_set(breakpoint);
    user_enter();
}

/* Goes all ways once, with a breakpoint at `address`. Returns whether each was gone whole. */
static bool ways_go(uintptr_t address)
{
    breakpoint = address;
    stops = interrupts_taken = breakpoints = faults = 0;
    sweep = (struct user_world_thread){
        .world = &world, .user.context = {.tables = &world.tables, .special = USER_SPECIAL_NEW}};
    const struct thread_options options = {.name = "sweep",
                                           .priority = THREAD_PRIORITY_DEFAULT,
                                           .affinity = 1UL << test_cpu,
                                           .user = &sweep.user};
    struct thread *thread = test_thread_create(&options, sweep_entry, NULL);
    test_equal(test_thread_join(thread), 0);
    return thread != NULL && sweep.ended && sweep.exception.vector == VECTOR_INVALID_OPCODE &&
           interrupts_taken == 1 && breakpoints == 1 && faults == 1 && user_gs_at_end == USER_GS;
}

static bool entry_stacks_rewound(void)
{
    bool rewound = true;
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        rewound &=
            cpu_variable(cpu_task_state, test_cpu).ist[kind - 1] == entry_stack_top(test_cpu, kind);
    }
    return rewound;
}

static bool hit(uintptr_t address)
{
    nmi_exact_reset();
    bool whole = ways_go(address);
    if (whole && stops == 1 && nmi_exact_count() == 1 && nmi_exact_rip() == address &&
        entry_stacks_rewound()) {
        return true;
    }
    uintptr_t offset = 0;
    const char *name = symbol_find(address, &offset);
    test_fail(__FILE__, __LINE__,
              "%p %s+0x%lx: stopped %u times, %u NMIs, the last at %p; the ways %s whole, and the "
              "user's GS base is 0x%lx",
              (void *)address, name != NULL ? name : "?", offset, stops, nmi_exact_count(),
              (void *)nmi_exact_rip(), whole ? "are" : "are not", user_gs_at_end);
    return false;
}

static void sweep_run(void)
{
    const uintptr_t starts[] = {(uintptr_t)syscall_entry, entry_stubs[VECTOR_BREAKPOINT],
                                entry_stubs[VECTOR_PAGE_FAULT], entry_stubs[VECTOR_TEST],
                                entry_stubs[VECTOR_INVALID_OPCODE]};
    const uintptr_t fred_starts[] = {(uintptr_t)user_enter, (uintptr_t)fred_entry_user};
    bool fred = fred_is_active();
    instruction_path_clear();
    exception_handler old_handler = exception_handler_set(VECTOR_DEBUG, debug_walk);
    for (unsigned i = 0; i < (fred ? array_length(fred_starts) : array_length(starts)); i++) {
        /*
         * With FRED the interrupt may come in the middle of a #DB's entry, so in ring 0
         * (docs/fred.md, Faults of the emulator).
         */
        test_check(ways_go(fred ? fred_starts[i] : starts[i]) || fred);
        test_check(stops > 0);
    }
    exception_handler_set(VECTOR_DEBUG, debug_stop);
    unsigned covered = 0, instructions = instruction_path_count();
    for (unsigned i = 0; i < instructions; i++) {
        covered += hit(instruction_path_at(i));
    }
    exception_handler_set(VECTOR_DEBUG, old_handler);
    test_note("#DB and an NMI at %u of %u instructions between ring 3 and ring 0 of CPU %u",
              covered, instructions, test_cpu);
    test_check(instructions > (fred ? 40 : 100));
    test_equal(covered, instructions);
}

TEST(USR0010,
     "a debug trap and an NMI at each instruction between ring 3 and ring 0 find their CPU, "
     "whatever the "
     "user's GS base",
     ALWAYS)
{
    user_world_begin();
    user_exception = exception_note;
    page_fault_thread_case = fault_note;
    if (user_world_create(&world)) {
        test_equal(interrupt_register(VECTOR_TEST, interrupt_note, "test"), 0);
        /* CPU 0, whose GS base is 0, and the last one, whose is not. */
        for (unsigned i = 0; i < 2; i++) {
            test_cpu = i == 0 ? 0 : cpu_online_count() - 1;
            test_thread_bind(test_cpu, THREAD_PRIORITY_DEFAULT);
            nmi_exact_begin();
            sweep_run();
            nmi_exact_end();
            test_thread_unbind();
        }
        interrupt_unregister(VECTOR_TEST);
        user_world_destroy(&world);
    }
    user_world_end();
}
