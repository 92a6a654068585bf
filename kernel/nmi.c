/*
 * What to do with an NMI, in order: stop, if a panic asked for it; a test's own; else somebody
 * pressed the button on a machine that seems to hang, and every CPU prints where it is. On the NMI
 * entry stack: no locks that others hold, no memory that may be missing.
 */
#include "kernel/nmi.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/time/clock.h"
#include "sched/core/thread.h"

#define TURN_WAIT_STEPS 20000000  /* then print anyway: a CPU that died while printing */
#define DUMP_WINDOW_NS  500000000 /* NMIs that come so soon after are of the same dump */

static volatile bool stopping;
static nmi_observer observer;
static uint32_t dump_turn;      /* 0: nobody prints */
static uint64_t dump_asked;     /* CPUs that were sent an NMI to print, and have not, by bit */
static uint64_t dump_began_tsc; /* when the last dump began */
static PER_CPU(struct backtrace, nmi_trace);
static PER_CPU(uint64_t, dump_told_tsc); /* when this CPU had told where it is */

nmi_observer nmi_observer_set(nmi_observer wanted)
{
    return __atomic_exchange_n(&observer, wanted, __ATOMIC_ACQ_REL);
}

void nmi_stop_other_cpus(void)
{
    stopping = true;
    if (cpu_online_count() > 1) {
        lapic_send_nmi_all_but_self();
    }
}

static void turn_take(void)
{
    for (unsigned step = 0; step < TURN_WAIT_STEPS; step++) {
        uint32_t nobody = 0;
        if (__atomic_compare_exchange_n(&dump_turn, &nobody, 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return;
        }
        cpu_pause();
    }
}

static void self_show(const struct trap_frame *frame)
{
    const struct thread *thread = thread_current();
    struct backtrace *trace = this_cpu_pointer(nmi_trace);
    turn_take();
    log_raw("NMI: CPU %u in thread %u (%s), interrupts %s, preemption off %u times\n", cpu_number(),
            thread != NULL ? thread->id : 0, thread != NULL ? thread->name : "none",
            frame->rflags & FLAGS_INTERRUPT ? "on" : "off", this_cpu(preempt_count));
    backtrace_from_frame(trace, frame);
    backtrace_raw(trace);
    __atomic_store_n(&dump_turn, 0, __ATOMIC_RELEASE);
    this_cpu(dump_told_tsc) = tsc_read();
}

static bool is_soon_after(uint64_t tsc, uint64_t now)
{
    return tsc != 0 && (int64_t)(now - tsc) < (int64_t)clock_ns_to_tsc(DUMP_WINDOW_NS);
}

/*
 * Is it this CPU's turn to tell? An NMI from outside may come to one CPU or to all of them: the
 * first to take it asks every other one, and each tells once for each dump, however many NMIs it
 * gets. The second one of a CPU waits until it has told, which may be long after the dump began,
 * for it had to wait for its turn: so it is judged by when the CPU itself had told.
 */
static bool dump_is_wanted(void)
{
    uint64_t self = 1UL << cpu_number();
    if (__atomic_fetch_and(&dump_asked, ~self, __ATOMIC_ACQ_REL) & self) {
        return true;
    }
    uint64_t began = __atomic_load_n(&dump_began_tsc, __ATOMIC_ACQUIRE), now = tsc_read();
    if (is_soon_after(this_cpu(dump_told_tsc), now) || is_soon_after(began, now) ||
        !__atomic_compare_exchange_n(&dump_began_tsc, &began, now, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        return false; /* told already, or about to be asked */
    }
    unsigned count = cpu_online_count();
    uint64_t all = count >= 64 ? UINT64_MAX : (1UL << count) - 1;
    __atomic_store_n(&dump_asked, all & ~self, __ATOMIC_RELEASE);
    lapic_send_nmi_all_but_self();
    return true;
}

bool nmi_handle(struct trap_frame *frame)
{
    if (stopping) {
        cpu_halt_forever();
    }
    nmi_observer test = __atomic_load_n(&observer, __ATOMIC_ACQUIRE);
    if (test != NULL && test(frame)) {
        return true;
    }
    if (dump_is_wanted()) {
        self_show(frame);
    }
    return true;
}
