/*
 * The sweep: RSP is put at every byte around a page edge below which a stack page is missing, and
 * an event comes in. On its own entry stack it arrives once and leaves nothing in service. With
 * gates that use the thread's stack (the lesson build) it is lost wherever its frame would touch
 * the missing page. That is with RSP at most 47 bytes above the edge, because the CPU aligns RSP
 * down to 16 and pushes 40 bytes; with FRED at most 63, because it aligns to 64 and pushes 64, so a
 * frame lies on one page. The same tests run in both builds, and each kernel must do exactly what
 * it is built for.
 */
#include "tests/event/event_sweep.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/lapic_registers.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/timer.h"
#include "kernel/nmi.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "tests/support/eventually.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

#define LETHAL_OFFSETS_IDT  48 /* 0 to 47 */
#define LETHAL_OFFSETS_FRED 64 /* 0 to 63 */
#define FINE_FROM           (-16)
#define FINE_TO             128
#define COARSE_STEP         61

#ifdef LESSON_LOST_EVENTS
#define LESSON true
#else
#define LESSON false
#endif

/* Makes one event with RSP at `rsp`. Interrupts are off before and after. */
typedef void (*event_maker)(uintptr_t rsp, volatile uint64_t *leaf);

static unsigned sweep_cpu;
static volatile uint32_t count; /* arrivals in the current round */
static volatile uint32_t steps[EVENT_SWEEP_STEPS];
static volatile uint32_t watched;

struct sweep_result {
    unsigned rounds;
    unsigned lost;             /* events lost, at all offsets */
    unsigned lost_above;       /* events lost at lethal offsets above the edge */
    unsigned stuck_in_service; /* lost events that left their in-service bit set */
    /* one event was waited for in vain; others are not waited for as long */
    bool in_vain;
};

static long lethal_offsets(void)
{
    return fred_is_active() ? LETHAL_OFFSETS_FRED : LETHAL_OFFSETS_IDT;
}

/* The reason for #DB: with FRED it is in the frame. */
static uint64_t debug_reason(const struct trap_frame *frame)
{
    return fred_is_active() ? frame->address : debug_status_read();
}

static void interrupt_count_it(struct trap_frame *frame maybe_unused)
{
    count = count + 1;
}

static bool nmi_count_it(struct trap_frame *frame maybe_unused)
{
    if (cpu_number() != sweep_cpu) {
        return false;
    }
    count = count + 1;
    return true;
}

static bool debug_count_it(struct trap_frame *frame)
{
    if (cpu_number() != sweep_cpu) {
        return false;
    }
    if (debug_reason(frame) & DEBUG_STATUS_SINGLE_STEP) {
        for (unsigned i = 0; i < EVENT_SWEEP_STEPS; i++) {
            steps[i] += frame->rip == event_sweep_step_points[i] ? 1 : 0;
        }
        if (frame->rip == event_sweep_step_points[EVENT_SWEEP_STEPS - 1]) {
            frame->rflags &= ~FLAGS_TRAP;
        }
    }
    count = count + 1;
    debug_status_clear();
    return true;
}

static void make_timer(uintptr_t rsp, volatile uint64_t *leaf)
{
    timer_start_once((rsp & 7) * 4000, VECTOR_TEST);
    event_sweep_interrupt(rsp, &count, leaf, test_eventually_end_tsc());
}

static void make_ipi(uintptr_t rsp, volatile uint64_t *leaf)
{
    lapic_send_self(VECTOR_TEST);
    event_sweep_interrupt(rsp, &count, leaf, test_eventually_end_tsc());
}

static void make_nmi(uintptr_t rsp, volatile uint64_t *leaf)
{
    const uint64_t nmi_to_one = 4U << 8 | 1U << 14; /* SDM volume 3A, figure 11-12 */
    uint64_t self = lapic_id();
    if (lapic_is_x2apic()) {
        event_sweep_nmi_msr(rsp, &count, leaf, test_eventually_end_tsc(),
                            0x800 + LAPIC_COMMAND / 16, self << 32 | nmi_to_one);
        return;
    }
    lapic_write(LAPIC_COMMAND + 0x10, (uint32_t)self << 24);
    event_sweep_nmi_memory(rsp, &count, leaf, test_eventually_end_tsc(),
                           &lapic_memory[LAPIC_COMMAND / 4], nmi_to_one);
}

static void make_breakpoint(uintptr_t rsp, volatile uint64_t *leaf)
{
    debug_write_set((uintptr_t)&watched);
    event_sweep_write(rsp, &count, leaf, test_eventually_end_tsc(), &watched);
    debug_clear();
}

/*
 * The step that lands on the swept RSP is the event; the two after it show that stepping goes on.
 */
static void make_step(uintptr_t rsp, volatile uint64_t *leaf maybe_unused)
{
    for (unsigned i = 0; i < EVENT_SWEEP_STEPS; i++) {
        steps[i] = 0;
    }
    event_sweep_step(rsp);
    test_equal(steps[1], 1);
    test_equal(steps[2], 1);
    count = steps[0];
}

/* What came of one event. */
struct round {
    uint32_t arrived;
    bool touched;         /* the page below the edge is there now */
    int in_service;       /* the vector that is still in service, or a negative number */
    int in_service_after; /* the same, after the end of an interrupt was signalled for it */
};

/* Makes one event with RSP `offset` bytes above the edge. Interrupts are on before and after. */
static void round_make(event_maker make, uint32_t slot, long offset, struct round *round)
{
    /* LAB 6 BEGIN round: one event at one place: did it arrive, and what did it leave behind? */
    uintptr_t edge = scratch_stack_edge(slot);
    volatile uint64_t *leaf = paging_leaf(edge - 1);

    scratch_stack_use(slot);
    count = 0;
    make(edge + (uintptr_t)offset, leaf);
    round->arrived = count;
    round->touched = (*leaf & PAGE_PRESENT) != 0;
    round->in_service = lapic_any_in_service();
    if (round->in_service >= 0) {
        lapic_end_of_interrupt(); /* by hand, so that the machine goes on */
    }
    round->in_service_after = lapic_any_in_service();
    if (LESSON && fred_is_active()) {
        fred_level_leave(FRED_SS_NMI); /* a lost NMI leaves NMIs blocked */
    }
    debug_status_clear();
    scratch_stack_unuse();
    scratch_stack_empty(slot);
    /* LAB 6 END round */
}

/* Counts a round, and fails the test if this kernel must not have done that. */
static never_inline void round_judge(long offset, const struct round *round,
                                     struct sweep_result *result)
{
    bool lethal = LESSON && offset < lethal_offsets(), left = round->in_service >= 0;

    result->rounds++;
    result->in_vain |= round->arrived == 0 && !round->touched;
    result->lost += round->arrived == 0 ? 1 : 0;
    result->lost_above += round->arrived == 0 && offset >= 0 ? 1 : 0;
    result->stuck_in_service += left ? 1 : 0;
    if (round->arrived != (lethal ? 0 : 1) || round->in_service_after >= 0 ||
        (!LESSON && round->touched) || (left && !lethal)) {
        test_fail(__FILE__, __LINE__, "RSP %ld above the edge: %u arrived, in service %d, page %s",
                  offset, round->arrived, round->in_service,
                  round->touched ? "touched" : "not touched");
    }
}

static void round_run(event_maker make, uint32_t slot, long offset, struct sweep_result *result)
{
    struct round round = {0};
    round_make(make, slot, offset, &round);
    round_judge(offset, &round, result);
}

static void sweep(const char *what, event_maker make, bool sets_in_service)
{
    struct sweep_result result = {0};
    uint32_t slot;

    if (!scratch_stack_create(&slot)) {
        return;
    }
    sweep_cpu = cpu_number();
    unsigned hz = timer_hz();
    uint64_t flags = interrupts_save();
    timer_stop(); /* in the lesson build a tick of the scheduler would be lost, too */
    interrupts_restore(flags);

    /* LAB 6 BEGIN offsets: every byte where a frame meets the edge, and places far from it */
    for (long offset = FINE_FROM; offset <= FINE_TO && !result.in_vain; offset++) {
        round_run(make, slot, offset, &result);
    }
    /* LAB 6 END offsets */
    unsigned fine_rounds = result.rounds;
    for (long offset = FINE_TO; offset < (long)PAGE_BYTES && !result.in_vain;
         offset += COARSE_STEP) {
        round_run(make, slot, offset, &result);
    }
    flags = interrupts_save();
    if (hz != 0) {
        timer_start_periodic(hz);
    }
    interrupts_restore(flags);
    scratch_stack_destroy(slot);

    if (LESSON) {
        test_note("%s: lost at %u of %u lethal offsets above the edge and at %u of %u below it; "
                  "in-service bit left set %u times",
                  what, result.lost_above, (unsigned)lethal_offsets(),
                  result.lost - result.lost_above, -FINE_FROM, result.stuck_in_service);
        test_equal(result.lost, lethal_offsets() - FINE_FROM);
        test_equal(result.stuck_in_service, sets_in_service ? result.lost : 0);
    } else {
        test_note("%s: %u rounds byte by byte, %u over the page; %u lost, %u left in service", what,
                  fine_rounds, result.rounds - fine_rounds, result.lost, result.stuck_in_service);
    }
}

static void sweep_interrupt(const char *what, event_maker make)
{
    int error = interrupt_register(VECTOR_TEST, interrupt_count_it, "test");
    test_equal(error, OK);
    if (error == OK) {
        sweep(what, make, true);
        interrupt_unregister(VECTOR_TEST);
    }
}

static void sweep_debug(const char *what, event_maker make)
{
    exception_handler old = exception_handler_set(VECTOR_DEBUG, debug_count_it);
    sweep(what, make, false);
    exception_handler_set(VECTOR_DEBUG, old);
}

TEST(EVT0001,
     "timer at each RSP around a page edge: lost at 48 of them without an entry stack (FRED: 64), "
     "else never",
     ALWAYS)
{
    sweep_interrupt("timer", make_timer);
}

TEST(EVT0002,
     "self-IPI at each RSP around a page edge: lost at 48 of them without an entry stack "
     "(FRED: 64), else never",
     ALWAYS)
{
    sweep_interrupt("self-IPI", make_ipi);
}

TEST(EVT0003,
     "NMI at each RSP around a page edge: lost at 48 of them without an entry stack (FRED: "
     "64), else never",
     ALWAYS)
{
    nmi_observer old = nmi_observer_set(nmi_count_it);
    sweep("NMI", make_nmi, false);
    nmi_observer_set(old);
}

TEST(EVT0004,
     "data breakpoint at each RSP around a page edge: lost at 48 of them without an entry "
     "stack (FRED: 64), else never",
     ALWAYS)
{
    sweep_debug("data breakpoint", make_breakpoint);
}

TEST(EVT0005,
     "single step at each RSP around a page edge: lost at 48 of them without an entry "
     "stack (FRED: 64), else never",
     ALWAYS)
{
    sweep_debug("single step", make_step);
}
