/*
 * An NMI at each instruction of the page-fault path, found and hit from inside the kernel.
 *
 * The test finds the path by walking it: an execute breakpoint stops at the page-fault stub, and
 * from there #DB single-steps to IRET and records every address. It walks faults of one, two and
 * three pages by the short path, and the longer way through C, which a fault takes while an
 * observer is set.
 *
 * To hit one address exactly, NMIs are blocked (see nmi_exact.h). Then a hole is touched, with an
 * execute breakpoint at the address. There the #DB handler sends an NMI to its own CPU, which stays
 * pending; the handler's IRET lets it in before the instruction at the address.
 *
 * With FRED all events of the kernel enter at one address, where a breakpoint would stop its own
 * #DB. So a data breakpoint on the first word that the entry pushes on its level's stack begins the
 * walk, two instructions late; to hit an address the path is stepped up to it; and the NMI is let
 * in by the bit for it in the frame through which the #DB handler returns.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "lib/symbols.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack_modes/stack_prefault.h"
#include "tests/support/nmi_exact.h"
#include "tests/support/scratch_stack.h"
#include "tests/test.h"

#define PATH_MAX  2000
#define PAGES_MAX 3
#define PATTERN   0x5a

extern const char entry_page_fault_stub[]; /* entry.asm */

static uintptr_t path[PATH_MAX];
/* The fault by which an address was found: its pages, and whether an observer was set. */
static struct way {
    uint8_t pages;
    bool observed;
} path_way[PATH_MAX];
static unsigned path_length;
static unsigned walked; /* instructions of the walk, repetitions included */

static unsigned test_cpu;
static volatile uintptr_t target;
static volatile uint32_t stops;

static bool on_page_fault_stack(const struct trap_frame *frame)
{
    unsigned cpu, kind;
    return entry_stack_find(frame->rsp, &cpu, &kind) && kind == fred_stack_kind(ENTRY_PAGE_FAULT);
}

/* Raises #DB as early in the path as the machine allows. */
static void path_trap_set(void)
{
    if (fred_is_active()) {
        uintptr_t top = entry_stack_top(test_cpu, fred_stack_kind(ENTRY_PAGE_FAULT));
        debug_write_set(top - FRED_FRAME_BYTES - sizeof(uint64_t));
    } else {
        debug_execute_set((uintptr_t)entry_page_fault_stub);
    }
}

static void observe_nothing(const struct stack_fault_event *event maybe_unused)
{
}

static void path_add(uintptr_t rip, struct way way)
{
    walked++;
    for (unsigned i = 0; i < path_length; i++) {
        if (path[i] == rip) {
            return;
        }
    }
    if (path_length < PATH_MAX) {
        path_way[path_length] = way;
        path[path_length++] = rip;
    }
}

static uint32_t walk_slot;
static struct way walk_way;
static bool walk_filled, lowered_at_fill;

/* Notes whether the IST entry of #PF was lowered when the pages had just been filled. */
static void fill_note(void)
{
    if (!walk_filled && stack_pages_backed(walk_slot) == 1U + walk_way.pages) {
        walk_filled = true;
        lowered_at_fill = this_cpu(cpu_task_state).ist[ENTRY_PAGE_FAULT - 1] ==
                          entry_stack_top(test_cpu, ENTRY_PAGE_FAULT) - ENTRY_AREA_BYTES;
    }
}

/* Steps until the page-fault stack is left. The path clears TF itself, so set it each time. */
static bool debug_walk(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    frame->rflags &= ~FLAGS_TRAP;
    if (on_page_fault_stack(frame)) {
        path_add(frame->rip, walk_way);
        fill_note();
        frame->rflags |= FLAGS_TRAP;
    }
    return true;
}

static bool debug_stop(struct trap_frame *frame)
{
    if (cpu_number() != test_cpu) {
        return false;
    }
    debug_status_clear();
    debug_clear();
    frame->rflags &= ~FLAGS_TRAP;
    if (!on_page_fault_stack(frame)) {
        return true;
    }
    if (frame->rip == target) {
        stops = stops + 1;
        lapic_send_nmi(test_cpu);
        frame->ss |= fred_is_active() ? FRED_SS_NMI : 0;
    } else if (fred_is_active()) {
        frame->rflags |= FLAGS_TRAP;
    }
    return true;
}

/* Makes a fault. */
static void touch(uint32_t slot, struct way way)
{
    volatile uint8_t *byte =
        (volatile uint8_t *)(scratch_stack_edge(slot) - way.pages * PAGE_BYTES);
    void (*old)(const struct stack_fault_event *) = stack_fault_observer;
    stack_fault_observer = way.observed ? observe_nothing : NULL;
    *byte = PATTERN;
    stack_fault_observer = old;
    test_equal(*byte, PATTERN);
}

static bool entry_stacks_rewound(void)
{
    bool rewound = !fred_is_active() || fred_level() == 0;
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        rewound &= this_cpu(cpu_task_state).ist[kind - 1] == entry_stack_top(cpu_number(), kind);
    }
    return rewound;
}

static void walk(uint32_t slot, unsigned pages, bool observed)
{
    scratch_stack_use(slot);
    walk_slot = slot;
    walk_way = (struct way){(uint8_t)pages, observed};
    walk_filled = false;
    path_trap_set();
    touch(slot, walk_way);
    debug_clear();
    scratch_stack_unuse();
    scratch_stack_empty(slot);
    test_check(walk_filled);
    test_check(lowered_at_fill || fred_is_active());
}

static bool hit(uint32_t slot, uintptr_t address, struct way way)
{
    scratch_stack_use(slot);
    target = address;
    nmi_exact_reset();
    stops = 0;
    bool blocked = nmi_exact_block();
    if (fred_is_active()) {
        fred_level_leave(0); /* the NMI's handler was left without its ERETS */
        path_trap_set();
    } else {
        debug_execute_set(address);
    }
    touch(slot, way);
    debug_clear();
    bool good = blocked && stops == 1 && nmi_exact_count() == 1 && nmi_exact_rip() == address &&
                stack_pages_backed(slot) == 1U + way.pages && entry_stacks_rewound();
    scratch_stack_unuse();
    scratch_stack_empty(slot);
    if (!good) {
        uintptr_t offset = 0;
        const char *name = symbol_find(address, &offset);
        test_fail(__FILE__, __LINE__, "%p %s+0x%lx: stopped %u times, %u NMIs, the last at %p",
                  (void *)address, name != NULL ? name : "?", offset, stops, nmi_exact_count(),
                  (void *)nmi_exact_rip());
    }
    return good;
}

static void fault_quietly(uint32_t slot)
{
    scratch_stack_use(slot);
    touch(slot, (struct way){1, false});
    scratch_stack_unuse();
    scratch_stack_empty(slot);
}

TEST(EVT0010,
     "an NMI at each instruction of the page-fault path is taken exactly there, and the "
     "fault is served",
     ALWAYS)
{
    test_missing_sites_expect();
    uint32_t slot;
    if (!scratch_stack_create(&slot)) {
        return;
    }
    test_cpu = cpu_number();
    path_length = 0;
    walked = 0;
    nmi_exact_begin();
    exception_handler old_handler = exception_handler_set(VECTOR_DEBUG, debug_walk);
    for (unsigned i = 0; i < STACK_PREFAULT_KEPT; i++) {
        /* stack=prefault records a backtrace of the first faults, which is another path */
        fault_quietly(slot);
    }
    for (unsigned pages = 1; pages <= PAGES_MAX; pages++) {
        walk(slot, pages, false);
        walk(slot, pages, true);
    }
    test_check(path_length > 40 && path_length < PATH_MAX);

    exception_handler_set(VECTOR_DEBUG, debug_stop);
    unsigned covered = 0;
    for (unsigned i = 0; i < path_length; i++) {
        covered += hit(slot, path[i], path_way[i]) ? 1 : 0;
    }
    exception_handler_set(VECTOR_DEBUG, old_handler);
    nmi_exact_end();
    scratch_stack_destroy(slot);
    test_note("faults of 1, 2 and 3 pages, with an observer and without, took %u instructions; an "
              "NMI at each address: covered %u "
              "of %u",
              walked, covered, path_length);
    test_equal(covered, path_length);
}
