/*
 * The handler of NMIs. It checks for these reasons, in this order: a panic stops this CPU; a test
 * sent the NMI; another CPU asks for a backtrace. Otherwise the NMI comes from outside, for
 * instance from the NMI button of a machine that seems to hang. Then every CPU prints its
 * backtrace; all of these together are called a dump. The handler runs on the NMI entry stack: it
 * takes no lock that thread code takes, and touches only memory that is always mapped.
 */
#include "kernel/nmi.h"
#include "kernel/nmi_test_hooks.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/time/clock.h"
#include "sched/core/thread.h"

#define TURN_WAIT_STEPS 20000000  /* after so many the other CPU is taken to hang */
#define DUMP_WINDOW_NS  500000000 /* NMIs within this time belong to one dump */

static volatile bool stopping;
static nmi_observer observer;
static uint32_t dump_turn;      /* 1 while a CPU prints */
static uint64_t dump_asked;     /* one bit for each CPU that was asked to print and has not yet */
static uint64_t dump_began_tsc; /* the start of the last dump; 0: none */
static PER_CPU(struct backtrace, nmi_trace);
static PER_CPU(uint64_t, dump_told_tsc); /* the end of this CPU's last print */

/*
 * A request for a backtrace. The CPU that is asked and the one that asks change the state by
 * compare-and-exchange, so an answer that comes too late is dropped, and never taken for that to a
 * later request.
 */
enum {
    TRACE_NONE,
    TRACE_BUSY,  /* the answer is being written */
    TRACE_LATE,  /* so it is, but nobody waits for it any more */
    TRACE_GIVEN, /* the answer is complete */
    TRACE_ASKED, /* plus n: CPU n is asked */
};
static uint32_t trace_state;
static uint64_t trace_sent; /* by bit: CPUs with an NMI under way that was sent for a backtrace */
static struct backtrace trace_answer;
static uint32_t trace_thread;

unsigned nmi_trace_wait_steps = TURN_WAIT_STEPS;
void (*nmi_trace_hook)(void);

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

/* Changes the state of the request, if it is `from`, and returns whether it was. */
static bool trace_change(uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&trace_state, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

bool nmi_backtrace(unsigned cpu, struct backtrace *trace, uint32_t *thread_id)
{
    if (!trace_change(TRACE_NONE, TRACE_ASKED + cpu)) {
        return false; /* the answer to an earlier request is late */
    }
    /* One that is still under way answers this request; a second one would come unasked. */
    if ((__atomic_fetch_or(&trace_sent, 1UL << cpu, __ATOMIC_ACQ_REL) >> cpu & 1) == 0) {
        lapic_send_nmi(cpu);
    }
    for (unsigned step = 0; step < nmi_trace_wait_steps; step++) {
        if (__atomic_load_n(&trace_state, __ATOMIC_ACQUIRE) == TRACE_GIVEN) {
            break;
        }
        cpu_pause();
    }
    if (trace_change(TRACE_ASKED + cpu, TRACE_NONE) || trace_change(TRACE_BUSY, TRACE_LATE)) {
        return false;
    }
    *trace = trace_answer;
    *thread_id = trace_thread;
    __atomic_store_n(&trace_state, TRACE_NONE, __ATOMIC_RELEASE);
    return true;
}

/*
 * Answers nmi_backtrace() of another CPU. Returns false if the NMI was not sent for that. It may
 * come when nobody waits for the answer any more.
 */
static bool trace_give(const struct trap_frame *frame)
{
    uint64_t self = 1UL << cpu_number();
    bool sent = (__atomic_fetch_and(&trace_sent, ~self, __ATOMIC_ACQ_REL) & self) != 0;
    if (!sent || !trace_change(TRACE_ASKED + cpu_number(), TRACE_BUSY)) {
        return sent;
    }
    const struct thread *thread = thread_current();
    trace_thread = thread != NULL ? thread->id : 0;
    backtrace_from_frame(&trace_answer, frame);
    if (nmi_trace_hook != NULL) {
        nmi_trace_hook();
    }
    if (!trace_change(TRACE_BUSY, TRACE_GIVEN)) {
        __atomic_store_n(&trace_state, TRACE_NONE, __ATOMIC_RELEASE);
    }
    return true;
}

/* Waits until no other CPU prints, for a bounded time: that CPU may hang. */
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
 * Returns true if this CPU must print its backtrace. An NMI from outside may reach one CPU or all
 * of them. The first CPU that handles it begins a dump and sends an NMI to every other CPU. Each
 * CPU prints once for each dump, however many NMIs it gets. A second NMI stays pending while the
 * CPU handles the first one, and the CPU may wait long for its turn to print. So an NMI soon after
 * the CPU's own print is ignored, too, even if the dump began long ago.
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
        return false; /* this CPU has printed already, or will be asked */
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
    if (trace_give(frame)) {
        return true;
    }
    if (dump_is_wanted()) {
        self_show(frame);
    }
    return true;
}
