/* The local APIC's timer, in either of its two modes. */
#include "arch/x86_64/time/timer.h"

#include "arch/x86_64/apic/lapic_registers.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"

#define CPUID_1_ECX_TSC_DEADLINE (1U << 24)

#define HZ_MAX      10000
#define ONCE_NS_MAX 1000000000ULL

struct timer_state {
    unsigned hz; /* 0: not ticking */
    uint64_t period_tsc;
    uint64_t next_tsc; /* when the next tick is due, by TSC deadline */
};

static PER_CPU(struct timer_state, timer_state);
static bool by_deadline;
void (*timer_tick)(void);

const char *timer_kind_name(void)
{
    return by_deadline ? "TSC deadline" : "count-down";
}

static void deadline_set(uint64_t tsc)
{
    msr_write(MSR_TSC_DEADLINE, tsc);
}

/* The fence makes the mode reach the APIC before the deadline in xAPIC mode (SDM 11.5.4.1). */
static void deadline_mode_set(unsigned vector)
{
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_TSC_DEADLINE | vector);
    __asm__ volatile("mfence" ::: "memory");
}

/* Arms the timer again first, so that the duration of the handler does not delay the next tick. */
static void handle_tick(struct trap_frame *frame maybe_unused)
{
    struct timer_state *state = this_cpu_pointer(timer_state);

    if (by_deadline && state->hz != 0) {
        uint64_t now = tsc_read();
        state->next_tsc += state->period_tsc;
        if (state->next_tsc <= now) { /* late by a period or more: skip those ticks */
            state->next_tsc = now + state->period_tsc;
        }
        deadline_set(state->next_tsc);
    }
    timer_tick();
}

int timer_init(void)
{
    by_deadline = (cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0;
    log_info("timer: local APIC, %s, for the CPU has %s", timer_kind_name(),
             by_deadline ? "it" : "no TSC deadline");
    return interrupt_register(VECTOR_TIMER, handle_tick, "timer");
}

void timer_start_periodic(unsigned hz)
{
    struct timer_state *state = this_cpu_pointer(timer_state);

    hz = hz == 0 ? 1 : hz > HZ_MAX ? HZ_MAX : hz;
    timer_stop();
    state->hz = hz;
    if (by_deadline) {
        state->period_tsc = clock_tsc_per_ms() * 1000 / hz;
        state->next_tsc = tsc_read() + state->period_tsc;
        deadline_mode_set(VECTOR_TIMER);
        deadline_set(state->next_tsc);
        return;
    }
    uint64_t count = clock_lapic_per_ms() * 1000 / hz;
    lapic_write(LAPIC_DIVIDE, count <= 0xffffffff ? LAPIC_DIVIDE_BY_1 : LAPIC_DIVIDE_BY_16);
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_PERIODIC | VECTOR_TIMER);
    lapic_write(LAPIC_INITIAL_COUNT, (uint32_t)(count <= 0xffffffff ? count : count / 16));
}

unsigned timer_hz(void)
{
    return this_cpu(timer_state).hz;
}

void timer_start_once(uint64_t delay_ns, unsigned vector)
{
    delay_ns = delay_ns > ONCE_NS_MAX ? ONCE_NS_MAX : delay_ns;
    timer_stop();
    if (by_deadline) {
        deadline_mode_set(vector);
        deadline_set(tsc_read() + clock_ns_to_tsc(delay_ns));
        return;
    }
    uint64_t count = clock_lapic_per_ms() * delay_ns / 1000000;
    count = count == 0 ? 1 : count; /* 0 would stop the timer */
    lapic_write(LAPIC_DIVIDE, count <= 0xffffffff ? LAPIC_DIVIDE_BY_1 : LAPIC_DIVIDE_BY_16);
    lapic_write(LAPIC_LVT_TIMER, vector);
    lapic_write(LAPIC_INITIAL_COUNT, (uint32_t)(count <= 0xffffffff ? count : count / 16));
}

void timer_stop(void)
{
    this_cpu(timer_state).hz = 0;
    if (by_deadline) {
        deadline_set(0);
    } else {
        lapic_write(LAPIC_INITIAL_COUNT, 0);
    }
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED | VECTOR_TIMER);
}
