/*
 * The trace: each CPU writes fixed-size events into a ring of its own. kernel/trace/ writes the
 * rings to the second serial port, and `make trace` draws what it reads there.
 *
 * The trace is chosen at boot. Without it no instruction is executed for it: where something is
 * to be seen stands a patch site, the first bytes of a function, which become a jump to a second
 * form of the function that records an event. Stack faults are seen by stack_fault_observer.
 *
 * A ring that is full ends the trace on all CPUs, so a trace has no gaps.
 */
#pragma once

#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/trace_list.h"

#define TRACE_VERSION     1
#define TRACE_RING_EVENTS 65536 /* a power of two */

/* clang-format off */
enum trace_kind {
#define TRACE_KIND(number, name, ...) TRACE_##name = (number),
    TRACE_LIST(TRACE_KIND)
#undef TRACE_KIND
};
/* clang-format on */

/* An event as it is written to the port. */
struct trace_event {
    uint64_t tsc;
    uint8_t kind;
    uint8_t cpu;
    uint16_t small;
    uint32_t thread;
    uint64_t a, b;
};

struct trace_ring {
    struct trace_event *events; /* NULL: this CPU records nothing */
    uint64_t head;              /* events written; by this CPU, with interrupts off */
    uint64_t tail;              /* events read; by the reader */
};

DECLARE_PER_CPU(struct trace_ring, trace_ring);

/* Set before the patch sites are written, and never changed later. */
extern bool trace_wanted;

/* Starts the recording, or ends it. Context: THREAD. */
void trace_run_set(bool on);

/* Returns true while events are recorded. Context: ANY. */
bool trace_runs(void);

/* Returns true if the recording ended because a ring was full. Context: ANY. */
bool trace_is_full(void);

/*
 * Records an event; does nothing before trace_run_set(true). trace_list.h says what the values
 * mean. Context: ANY, but not in an NMI.
 */
void trace_record(enum trace_kind kind, uint16_t small, uint32_t thread, uint64_t a, uint64_t b);

/* clang-format off */
/*
 * Makes the first bytes of `function` a patch site that becomes a jump to `traced`, a static
 * function of the same file with the same parameters. Both have the same body, which is inlined
 * in each, so `function` never gets there by a branch of its own.
 */
#define TRACED(function, traced) SITE_JUMP_FROM(function, SITE_KIND_TRACE, traced)
/* clang-format on */

/* The attributes of the second form of a function, to which only a patch site leads. */
#define TRACED_FORM SITE_JUMP_FORM
