/*
 * #DB and an NMI at each instruction of the direct path of message calls, which goes from one
 * thread's stack to another's and to user mode (kernel/syscall/message_direct.asm), or with
 * ipc=handoff gives the stack to another thread (message_given.asm).
 *
 * The test finds the instructions by walking, as user_sweep_test.c does: at the beginning of the
 * path an execute breakpoint stops each call, and #DB single-steps from there to the path's end.
 * Then the calls are made again for each address, with a breakpoint there. Its #DB is the first
 * event; the handler makes an NMI arrive before that very instruction.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "kernel/syscall/message_direct.h"
#include "lib/error.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "tests/support/instruction_path.h"
#include "tests/support/nmi_exact.h"
#include "tests/support/threads.h"
#include "tests/syscall/message_fast_fixture.h"
#include "tests/test.h"

#define CALLS 3 /* the first ones are made where a thread does not sleep in the direct path yet */

extern const char message_direct_end[], message_given_path_end[];

static volatile unsigned stops;

static bool on_path(uintptr_t rip)
{
    return handoff_wanted
               ? rip >= (uintptr_t)message_given_call && rip < (uintptr_t)message_given_path_end
               : rip >= (uintptr_t)message_direct_call && rip < (uintptr_t)message_direct_end;
}

/* Steps while the CPU is on the path. The breakpoint stays; RF lets the instruction there run. */
static bool debug_walk(struct trap_frame *frame)
{
    if (cpu_number() != 0) {
        return false;
    }
    debug_status_clear();
    frame->rflags &= ~FLAGS_TRAP;
    if (on_path(frame->rip)) {
        stops = stops + 1;
        instruction_path_add(frame->rip);
        frame->rflags |= FLAGS_TRAP | FLAGS_RESUME;
    }
    return true;
}

static bool debug_stop(struct trap_frame *frame)
{
    if (cpu_number() != 0) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    if (on_path(frame->rip) && nmi_exact_block()) {
        nmi_exact_reset();
        stops = stops + 1;
        lapic_send_nmi(0);
    }
    return true;
}

/* Makes calls with a breakpoint at `address` of CPU 0. Returns whether each was answered. */
static bool calls_make(uintptr_t address)
{
    bool right = true;
    message_fast_scripts_clear();
    message_fast_server_start(CALLS + 1, 1000);
    for (unsigned i = 0; i < CALLS; i++) {
        script_add_message(&fast.client, SYSCALL_ipc_call, fast.sender, message_tag(i, 0, 0), i);
    }
    stops = 0;
    uint64_t flags = interrupts_save();
    debug_execute_set(address);
    interrupts_restore(flags);
    script_start(&fast.client);
    script_join(&fast.client);
    debug_clear();
    script_kill_and_join(&fast.server);
    for (unsigned i = 0; i < CALLS; i++) {
        right &= script_result(&fast.client, i) == OK &&
                 fast.client.calls[i].rsi == message_tag(i + 1, 0, 0) &&
                 fast.client.calls[i].rdx == 1000 + 100 * (i + 1);
    }
    return right;
}

static bool hit(uintptr_t address)
{
    nmi_exact_reset();
    bool right = calls_make(address);
    if (right && stops == 1 && nmi_exact_count() == 1 && nmi_exact_rip() == address) {
        return true;
    }
    uintptr_t offset = 0;
    const char *name = symbol_find(address, &offset);
    test_fail(__FILE__, __LINE__,
              "%p %s+0x%lx: stopped %u times, %u NMIs, the last at %p; the answers %s right",
              (void *)address, name != NULL ? name : "?", offset, stops, nmi_exact_count(),
              (void *)nmi_exact_rip(), right ? "are" : "are not");
    return false;
}

static void sweep_run(void)
{
    const uintptr_t starts[] = {
        (uintptr_t)(handoff_wanted ? message_given_call : message_direct_call),
        (uintptr_t)(handoff_wanted ? message_given_reply_receive : message_direct_reply_receive),
    };
    instruction_path_clear();
    exception_handler old_handler = exception_handler_set(VECTOR_DEBUG, debug_walk);
    for (unsigned i = 0; i < array_length(starts); i++) {
        test_check(calls_make(starts[i]));
        test_check(stops > 0);
    }
    exception_handler_set(VECTOR_DEBUG, debug_stop);
    unsigned covered = 0, instructions = instruction_path_count();
    for (unsigned i = 0; i < instructions; i++) {
        covered += hit(instruction_path_at(i));
    }
    exception_handler_set(VECTOR_DEBUG, old_handler);
    test_note("#DB and an NMI at %u of %u instructions of the direct path", covered, instructions);
    test_check(instructions > 150);
    test_equal(covered, instructions);
}

TEST(MSF0018, "a debug trap and an NMI at each instruction of the direct path change no message",
     IDT)
{
    if (stack_mode_get() == STACK_MODE_LEND && !handoff_wanted) {
        test_skip("with stack=lend no call takes the direct path");
        return;
    }
    if (!message_fast_begin()) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    nmi_exact_begin();
    sweep_run();
    nmi_exact_end();
    test_thread_unbind();
    message_fast_end();
}
