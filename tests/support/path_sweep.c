/* See path_sweep.h. */
#include "tests/support/path_sweep.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "lib/symbols.h"
#include "tests/support/instruction_path.h"
#include "tests/support/nmi_exact.h"
#include "tests/test.h"

/* A tick may let the threads of a passage run in another order, which takes another way. */
#define TRIES 10

static const struct path_sweep *path;
static uintptr_t breakpoint;
static volatile unsigned stops;
static bool was_on_path; /* the step before this one was */

/* Where the walk begins, the return addresses that it found included. */
static uintptr_t starts[PATH_SWEEP_STARTS];
static unsigned start_count;

static bool on_path(uintptr_t rip)
{
    return rip >= (uintptr_t)path->begin && rip < (uintptr_t)path->end;
}

static void start_add(uintptr_t address)
{
    for (unsigned i = 0; i < start_count; i++) {
        if (starts[i] == address) {
            return;
        }
    }
    if (start_count < PATH_SWEEP_STARTS) {
        starts[start_count++] = address;
    }
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
    } else if (was_on_path && frame->rsp > USER_END && on_path(*(uintptr_t *)frame->rsp)) {
        start_add(*(uintptr_t *)frame->rsp); /* the step was a call */
    }
    was_on_path = on_path(frame->rip);
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

void path_sweep_arm(void)
{
    stops = 0;
    was_on_path = false;
    uint64_t flags = interrupts_save();
    debug_execute_set(breakpoint);
    interrupts_restore(flags);
}

void path_sweep_disarm(void)
{
    debug_clear();
}

static bool take_with(uintptr_t address)
{
    breakpoint = address;
    return path->take();
}

static bool hit(uintptr_t address)
{
    bool right = true;
    stops = 0;
    for (unsigned i = 0; i < TRIES && right && stops == 0; i++) {
        nmi_exact_reset();
        right = take_with(address);
    }
    if (right && stops == 1 && nmi_exact_count() == 1 && nmi_exact_rip() == address) {
        return true;
    }
    uintptr_t offset = 0;
    const char *name = symbol_find(address, &offset);
    test_fail(__FILE__, __LINE__,
              "%p %s+0x%lx: stopped %u times, %u NMIs, the last at %p; the results %s right",
              (void *)address, name != NULL ? name : "?", offset, stops, nmi_exact_count(),
              (void *)nmi_exact_rip(), right ? "are" : "are not");
    return false;
}

void path_sweep_run(const struct path_sweep *sweep)
{
    path = sweep;
    instruction_path_clear();
    start_count = 0;
    for (unsigned i = 0; sweep->starts[i] != NULL; i++) {
        start_add((uintptr_t)sweep->starts[i]);
    }
    exception_handler old_handler = exception_handler_set(VECTOR_DEBUG, debug_walk);
    for (unsigned i = 0; i < TRIES && instruction_path_count() < sweep->least; i++) {
        for (unsigned place = 0; place < start_count; place++) {
            test_check(take_with(starts[place]));
        }
    }
    nmi_exact_begin();
    exception_handler_set(VECTOR_DEBUG, debug_stop);
    unsigned covered = 0, instructions = instruction_path_count();
    for (unsigned i = 0; i < instructions; i++) {
        covered += hit(instruction_path_at(i));
    }
    exception_handler_set(VECTOR_DEBUG, old_handler);
    nmi_exact_end();
    test_note("#DB and an NMI at %u of %u instructions of %s", covered, instructions, sweep->name);
    test_check(instructions >= sweep->least);
    test_equal(covered, instructions);
}
