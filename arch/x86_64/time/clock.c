/*
 * Measurement of clocks. Reference and TSC are read together at both ends of an interval. Under an
 * emulator the host may stop the CPU between the two reads. So each reading is the best of several
 * tries: the one that took the shortest time. Source: SDM volume 3B, 18.17 (TSC and its
 * invariance); 3A, 11.5.4 (APIC timer).
 */
#include "arch/x86_64/time/clock.h"

#include "arch/x86_64/apic/lapic_registers.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock_reference.h"

#define MEASURE_MS 20 /* less than the PIT's 54 */
#define TRIES      8

#define ASSUMED_TSC_PER_MS   1000000 /* 1 GHz: exact under QEMU's -icount, elsewhere a guess */
#define ASSUMED_LAPIC_PER_MS 100000

#define CPUID_FREQUENCY              0x16U /* eax: the base frequency in MHz */
#define CPUID_1_ECX_HYPERVISOR       (1U << 31)
#define CPUID_80000007_EDX_INVARIANT (1U << 8)

struct reading {
    uint64_t tsc;
    uint32_t reference;
    uint32_t lapic;
};

static uint64_t start_tsc;
static uint64_t tsc_per_ms, lapic_per_ms;
static uint64_t ns_per_tsc_32; /* nanoseconds in a tick, times 2^32 */
static uint64_t tsc_per_ns_32;
static const struct clock_reference *reference;

static void rate_set(uint64_t per_ms)
{
    ns_per_tsc_32 = (1000000ULL << 32) / per_ms;
    tsc_per_ns_32 = (per_ms << 32) / 1000000;
}

/*
 * Until the rate is measured, the times of log lines are computed from the rate that CPUID names,
 * or from ASSUMED_TSC_PER_MS if it names none.
 */
void clock_mark_start(void)
{
    uint32_t mhz = cpuid(0, 0).eax >= CPUID_FREQUENCY ? cpuid(CPUID_FREQUENCY, 0).eax & 0xffff : 0;

    start_tsc = tsc_read();
    rate_set(mhz != 0 ? mhz * 1000UL : ASSUMED_TSC_PER_MS);
}

/* Changes the rate, and moves the origin so that the time of this moment stays the same. */
static void rate_change(uint64_t per_ms)
{
    uint64_t now_tsc = tsc_read(), now_ns = clock_tsc_to_ns(now_tsc - start_tsc);

    rate_set(per_ms);
    start_tsc = now_tsc - clock_ns_to_tsc(now_ns);
}

uint64_t clock_rate_per_ms(uint64_t ticks, uint64_t counted, uint64_t frequency_hz)
{
    return counted == 0 ? 0 : ticks * frequency_hz / counted / 1000;
}

uint64_t clock_tsc_to_ns(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)ticks * ns_per_tsc_32) >> 32);
}

uint64_t clock_ns_to_tsc(uint64_t ns)
{
    return (uint64_t)(((unsigned __int128)ns * tsc_per_ns_32) >> 32);
}

uint64_t clock_now_ns(void)
{
    return clock_tsc_to_ns(tsc_read() - start_tsc);
}

uint64_t clock_tsc_per_ms(void)
{
    return tsc_per_ms;
}

uint64_t clock_lapic_per_ms(void)
{
    return lapic_per_ms;
}

const char *clock_reference_name(void)
{
    return reference != NULL ? reference->name : "none";
}

void clock_delay_us(uint64_t us)
{
    uint64_t start = tsc_read();
    uint64_t ticks = tsc_per_ms * us / 1000;

    while (tsc_read() - start < ticks) {
        cpu_pause();
    }
}

static struct reading read_together(void)
{
    struct reading best = {0};
    uint64_t best_span = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        uint64_t before = tsc_read_ordered();
        uint32_t count = reference->read();
        uint32_t lapic = lapic_count_read();
        uint64_t span = tsc_read_ordered() - before;
        if (span < best_span) {
            best_span = span;
            best = (struct reading){before + span / 2, count & reference->mask, lapic};
        }
    }
    return best;
}

/* Measures TSC and APIC timer for MEASURE_MS and stores their ticks in a millisecond. */
static void measure(uint64_t *tsc, uint64_t *lapic)
{
    uint64_t target = reference->frequency_hz * MEASURE_MS / 1000;
    struct reading first = read_together();

    while (((reference->read() - first.reference) & reference->mask) < target) {
        cpu_pause();
    }
    struct reading last = read_together();
    uint64_t counted = (last.reference - first.reference) & reference->mask;
    *tsc = clock_rate_per_ms(last.tsc - first.tsc, counted, reference->frequency_hz);
    *lapic = clock_rate_per_ms(first.lapic - last.lapic, counted, reference->frequency_hz);
}

uint64_t clock_measure_tsc_per_ms(void)
{
    uint64_t tsc = 0, lapic;

    if (reference != NULL) {
        measure(&tsc, &lapic);
    }
    return tsc;
}

static bool agree(uint64_t one, uint64_t other)
{
    uint64_t difference = one > other ? one - other : other - one;
    return difference <= one / 100;
}

/*
 * Measures both rates, and repeats the measurement by the PIT until two in a row agree: the PIT
 * wraps within 55 ms, and if the host stops an emulated CPU for that long, a wrap is missed. The
 * APIC's timer counts down with its interrupt masked.
 */
static void measure_both(void)
{
    uint64_t before;

    lapic_write(LAPIC_DIVIDE, LAPIC_DIVIDE_BY_1);
    lapic_write(LAPIC_INITIAL_COUNT, 0xffffffff);
    measure(&tsc_per_ms, &lapic_per_ms);
    for (int i = 0; i < TRIES && reference->mask <= 0xffff; i++) {
        before = tsc_per_ms;
        measure(&tsc_per_ms, &lapic_per_ms);
        if (agree(before, tsc_per_ms)) {
            break;
        }
    }
    lapic_write(LAPIC_INITIAL_COUNT, 0); /* stops */
}

static void tsc_report(void)
{
    bool invariant = cpuid(0x80000000, 0).eax >= 0x80000007 &&
                     (cpuid(0x80000007, 0).edx & CPUID_80000007_EDX_INVARIANT) != 0;
    bool emulated = (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) != 0;

    log_info("clock: measured by %s, the first found of HPET, PM timer, PIT",
             clock_reference_name());
    log_info("clock: TSC %llu kHz, APIC timer %llu kHz", (unsigned long long)tsc_per_ms,
             (unsigned long long)lapic_per_ms);
    if (!invariant) {
        log_info("clock: TSC not promised constant; used all the same%s",
                 emulated ? " (emulated)" : "");
    }
}

void clock_init(void)
{
    reference = clock_reference_find();
    tsc_per_ms = ASSUMED_TSC_PER_MS;
    lapic_per_ms = ASSUMED_LAPIC_PER_MS;
    if (reference != NULL) {
        measure_both();
    } else {
        log_warn("clock: no reference found; the rates are assumed, and times may be wrong");
    }
    if (tsc_per_ms == 0 || lapic_per_ms == 0) {
        log_warn("clock: measured TSC %llu kHz, APIC timer %llu kHz; a rate is assumed instead",
                 (unsigned long long)tsc_per_ms, (unsigned long long)lapic_per_ms);
        tsc_per_ms = tsc_per_ms != 0 ? tsc_per_ms : ASSUMED_TSC_PER_MS;
        lapic_per_ms = lapic_per_ms != 0 ? lapic_per_ms : ASSUMED_LAPIC_PER_MS;
    }
    rate_change(tsc_per_ms);
    tsc_report();
}
