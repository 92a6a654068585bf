/* The local APIC's timer: see timer.h. */
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
static bool by_timeout;
static void (*tick_handler)(struct trap_frame *frame);

const char *timer_kind_name(void)
{
    return by_timeout ? "TSC deadline" : "count-down";
}

static void timeout_set(uint64_t tsc)
{
    msr_write(MSR_TSC_DEADLINE, tsc);
}

/* In xAPIC mode the mode must have reached the APIC before the deadline does (SDM 11.5.4.1). */
static void deadline_mode_set(unsigned vector)
{
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_TSC_DEADLINE | vector);
    __asm__ volatile("mfence" ::: "memory");
}

/* Re-arms first, so that the handler's length does not shift the next tick. */
static void handle_tick(struct trap_frame *frame)
{
    struct timer_state *state = this_cpu_pointer(timer_state);

    if (by_timeout && state->hz != 0) {
        uint64_t now = tsc_read();
        state->next_tsc += state->period_tsc;
        if (state->next_tsc <= now) { /* late by a whole period or more: those ticks are gone */
            state->next_tsc = now + state->period_tsc;
        }
        timeout_set(state->next_tsc);
    }
    tick_handler(frame);
}

int timer_init(void (*tick)(struct trap_frame *frame))
{
    by_timeout = (cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0;
    tick_handler = tick;
    log_info("timer: local APIC, %s, for the CPU has %s", timer_kind_name(),
             by_timeout ? "it" : "no TSC deadline");
    return interrupt_register(VECTOR_TIMER, handle_tick, "timer");
}

void timer_start_periodic(unsigned hz)
{
    struct timer_state *state = this_cpu_pointer(timer_state);

    hz = hz == 0 ? 1 : hz > HZ_MAX ? HZ_MAX : hz;
    timer_stop();
    state->hz = hz;
    if (by_timeout) {
        state->period_tsc = clock_tsc_per_ms() * 1000 / hz;
        state->next_tsc = tsc_read() + state->period_tsc;
        deadline_mode_set(VECTOR_TIMER);
        timeout_set(state->next_tsc);
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
    if (by_timeout) {
        deadline_mode_set(vector);
        timeout_set(tsc_read() + clock_ns_to_tsc(delay_ns));
        return;
    }
    uint64_t count = clock_lapic_per_ms() * delay_ns / 1000000;
    count = count == 0 ? 1 : count; /* 0 would mean: never */
    lapic_write(LAPIC_DIVIDE, count <= 0xffffffff ? LAPIC_DIVIDE_BY_1 : LAPIC_DIVIDE_BY_16);
    lapic_write(LAPIC_LVT_TIMER, vector);
    lapic_write(LAPIC_INITIAL_COUNT, (uint32_t)(count <= 0xffffffff ? count : count / 16));
}

void timer_stop(void)
{
    this_cpu(timer_state).hz = 0;
    if (by_timeout) {
        timeout_set(0);
    } else {
        lapic_write(LAPIC_INITIAL_COUNT, 0);
    }
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED | VECTOR_TIMER);
}
