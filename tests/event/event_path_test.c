/*
 * Single steps and NMIs at each instruction of an interrupt that preempts: the entry, the handler,
 * the move of its frame to the thread's stack (which fills a hole), the code that continues there,
 * the dispatch gate with its refill, and the switch on both stacks, up to the first instruction of
 * the other thread that has interrupts on. Maskable interrupts cannot come there; these can.
 *
 * The test finds the path by walking it: an execute breakpoint stops at the vector's stub, and from
 * there #DB single-steps. To hit one instruction the test steps up to it; there the #DB handler
 * makes an NMI wait for its own IRET (nmi_exact.h).
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/timer.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "sched/core/thread.h"
#include "tests/support/nmi_exact.h"
#include "tests/support/own_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PATH_MAX       3000
#define STEPS_MAX      20000
#define WALKS          3
#define TRIES          4
#define SPINS_AT_MOST  200000000
#define ABOVE_EDGE     64 /* RSP of the thread: the moved frame lies below the edge, in the hole */
#define GUARDED_BYTES  32
#define NAMES_TO_COVER 5

static struct {
    uintptr_t rip;
    uint8_t walks; /* the number of walks that passed the address */
} path[PATH_MAX];
static unsigned path_length, walk_number;

static unsigned test_cpu;
static volatile bool stepping, hitting;
static volatile uintptr_t target;
static volatile uint32_t steps, stops;

static volatile uint32_t other_turns;
static volatile bool other_stop;

static void path_add(uintptr_t rip)
{
    unsigned i = 0;
    while (i < path_length && path[i].rip != rip) {
        i++;
    }
    if (i == path_length && path_length < PATH_MAX) {
        path[path_length++].rip = rip;
    }
    if (i < path_length && path[i].walks == walk_number - 1) {
        path[i].walks++;
    }
}

/* Flags that a stepped path saves contain TF. When they are restored, the path is over. */
static bool debug_step(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    uint64_t status = debug_status_read();
    debug_status_clear();
    if (status & DEBUG_STATUS_BREAKPOINT_0 && frame->rip == entry_stubs[VECTOR_RESCHEDULE]) {
        debug_clear();
        stepping = true;
    }
    frame->rflags &= ~FLAGS_TRAP;
    if (!stepping) {
        return true;
    }
    steps = steps + 1;
    if (frame->rflags & FLAGS_INTERRUPT || steps == STEPS_MAX) {
        stepping = false;
        return true;
    }
    if (!hitting) {
        path_add(frame->rip);
    } else if (frame->rip == target) {
        stepping = false;
        stops = stops + 1;
        if (nmi_exact_block()) {
            lapic_send_nmi(test_cpu);
        }
        return true;
    }
    frame->rflags |= FLAGS_TRAP;
    return true;
}

static void other_run(void *argument maybe_unused)
{
    while (!other_stop) {
        other_turns = other_turns + 1;
        thread_yield();
    }
}

static bool stacks_rewound(void)
{
    bool rewound = true;
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        rewound &= this_cpu(cpu_task_state).ist[kind - 1] == entry_stack_top(cpu_number(), kind);
    }
    return rewound;
}

/* Makes one preemption, stepped from the stub on. Returns whether the thread lost nothing. */
static bool preempt_once(void)
{
    uint32_t slot = thread_current()->slot;
    uintptr_t edge = stack_top(slot) - PAGE_BYTES;
    volatile uint8_t *above = (volatile uint8_t *)(edge + ABOVE_EDGE);

    if (stack_mode_get() == STACK_MODE_FAULT) {
        stack_trim(slot, edge);
    }
    thread_yield(); /* the magazine is full, and the other thread has had its turn */
    for (unsigned i = 0; i < GUARDED_BYTES; i++) {
        above[i] = (uint8_t)(i * 7);
    }
    steps = stops = 0;
    stepping = false;
    nmi_exact_reset();
    interrupts_disable();
    thread_current()->slice_ticks = 0;
    lapic_send_self(VECTOR_RESCHEDULE);
    debug_execute_set(entry_stubs[VECTOR_RESCHEDULE]);
    bool good = own_stack_preempt((uintptr_t)above, &other_turns, SPINS_AT_MOST) == 0;
    debug_clear();
    good &= stacks_rewound();
    interrupts_enable();
    for (unsigned i = 0; i < GUARDED_BYTES; i++) {
        good &= above[i] == (uint8_t)(i * 7);
    }
    return good && steps < STEPS_MAX;
}

/* Walks differ where a lock was waited for. The path is the addresses that all walks passed. */
static void walk(void)
{
    hitting = false;
    path_length = 0;
    for (walk_number = 1; walk_number <= WALKS; walk_number++) {
        test_check(preempt_once());
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < path_length; i++) {
        if (path[i].walks == WALKS) {
            path[kept++] = path[i];
        }
    }
    path_length = kept;
}

static bool hit(uintptr_t address)
{
    bool good = false;
    hitting = true;
    target = address;
    for (unsigned try = 0; try < TRIES && !good; try++) {
        bool kept = preempt_once();
        good = kept && stops == 1 && nmi_exact_count() == 1 && nmi_exact_rip() == address;
        if (!kept || stops != 0) {
            break; /* the NMI came there, once */
        }
    }
    if (!good) {
        uintptr_t offset = 0;
        const char *name = symbol_find(address, &offset);
        test_fail(__FILE__, __LINE__, "%p %s+0x%lx: stopped %u times, %u NMIs, the last at %p",
                  (void *)address, name != NULL ? name : "?", offset, stops, nmi_exact_count(),
                  (void *)nmi_exact_rip());
    }
    return good;
}

/* The path must go through the functions that the test is about. */
static void path_check_places(void)
{
    static const char *const names[NAMES_TO_COVER] = {
        "entry_interrupt", "entry_continue", "schedule", "thread_switch", "gate_pass_slowly"};
    unsigned wanted = stack_mode_get() == STACK_MODE_FAULT ? NAMES_TO_COVER : NAMES_TO_COVER - 1;
    for (unsigned n = 0; n < wanted; n++) {
        bool there = false;
        for (unsigned i = 0; i < path_length; i++) {
            uintptr_t offset;
            const char *name = symbol_find(path[i].rip, &offset);
            there |= name != NULL && name == symbol_find(symbol_address(names[n]), &offset);
        }
        if (!there) {
            test_fail(__FILE__, __LINE__, "the path does not go through %s", names[n]);
        }
    }
}

static void path_run(void)
{
    other_stop = false;
    struct thread *other =
        test_thread_start(thread_current()->priority, 1UL << test_cpu, other_run, NULL);
    if (other == NULL) {
        return;
    }
    walk();
    unsigned covered = 0, wrong = 0;
    path_check_places();
    test_check(path_length > 200 && path_length < PATH_MAX);
    for (unsigned i = 0; i < path_length && wrong < 5; i++) {
        bool good = hit(path[i].rip);
        covered += good ? 1 : 0;
        wrong += good ? 0 : 1;
    }
    other_stop = true;
    thread_join(other);
    test_note(
        "a preemption, the move of its frame and the switch: each instruction stepped, an NMI "
        "at each address: covered %u of %u",
        covered, path_length);
    test_equal(covered, path_length);
}

TEST(EVT0011,
     "a step and an NMI at each instruction of a preemption, mid-move and mid-switch, are "
     "taken exactly there",
     IDT)
{
    test_cpu = cpu_online_count() - 1;
    test_thread_bind(test_cpu, thread_current()->priority);
    unsigned hz = timer_hz();
    nmi_exact_begin();
    exception_handler old = exception_handler_set(VECTOR_DEBUG, debug_step);
    timer_stop(); /* a tick would preempt too, on another path */
    path_run();
    timer_start_periodic(hz != 0 ? hz : 1);
    exception_handler_set(VECTOR_DEBUG, old);
    nmi_exact_end();
    test_thread_unbind();
}
