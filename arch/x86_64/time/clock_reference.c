/*
 * HPET: a free-running counter in memory, with its period in the capability register (IA-PC HPET
 * specification 1.0a, 2.3). PM timer: a counter in a port, at 3.579545 MHz (ACPI 6.4, 4.8.3.3).
 * PIT: channel 2 counts down from 65536 at 1.193182 MHz, so it measures at most 54 ms (Intel 8254).
 */
#include "arch/x86_64/time/clock_reference.h"

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/paging/paging.h"

#define HPET_BYTES         0x400
#define HPET_PERIOD        (0x004 / 4) /* femtoseconds a count */
#define HPET_CONFIGURATION (0x010 / 4)
#define HPET_COUNTER       (0x0f0 / 4)
#define HPET_ENABLE        1U
#define HPET_PERIOD_MAX    100000000U /* 100 ns, by its specification */
#define FEMTOSECONDS       1000000000000000ULL

#define PIT_CHANNEL_2    0x42
#define PIT_COMMAND      0x43
#define PIT_GATE         0x61
#define PIT_MODE_0       0xb0 /* channel 2, low then high byte, count down once and go on */
#define PIT_LATCH        0x80
#define PIT_FREQUENCY_HZ 1193182

#define STUCK_READS 1000 /* a read takes over 100 ns: an unchanged counter does not count */

static volatile uint32_t *hpet;
static uint16_t pm_timer_port;

static uint32_t hpet_read(void)
{
    return hpet[HPET_COUNTER];
}

static uint32_t pm_timer_read(void)
{
    return inl(pm_timer_port);
}

static uint32_t pit_read(void)
{
    outb(PIT_COMMAND, PIT_LATCH);
    uint32_t low = inb(PIT_CHANNEL_2);
    uint32_t high = inb(PIT_CHANNEL_2);
    return 0xffff - (high << 8 | low);
}

static bool hpet_start(struct clock_reference *reference)
{
    if (acpi_info()->hpet_address == 0) {
        return false;
    }
    hpet = mmio_map(acpi_info()->hpet_address, HPET_BYTES);
    uint32_t period = hpet != NULL ? hpet[HPET_PERIOD] : 0;
    if (period == 0 || period > HPET_PERIOD_MAX) {
        log_warn("clock: the HPET says a count takes %u fs; not used", period);
        return false;
    }
    hpet[HPET_CONFIGURATION] |= HPET_ENABLE;
    *reference = (struct clock_reference){"HPET", FEMTOSECONDS / period, 0xffffffff, hpet_read};
    return true;
}

static bool pm_timer_start(struct clock_reference *reference)
{
    pm_timer_port = acpi_info()->pm_timer_port;
    uint32_t mask = acpi_info()->pm_timer_32_bits ? 0xffffffff : 0xffffff;
    *reference = (struct clock_reference){"ACPI PM timer", 3579545, mask, pm_timer_read};
    return pm_timer_port != 0;
}

static bool pit_start(struct clock_reference *reference)
{
    outb(PIT_GATE, (inb(PIT_GATE) & 0xfc) | 1); /* gate on, speaker off */
    outb(PIT_COMMAND, PIT_MODE_0);
    outb(PIT_CHANNEL_2, 0xff);
    outb(PIT_CHANNEL_2, 0xff);
    *reference = (struct clock_reference){"PIT", PIT_FREQUENCY_HZ, 0xffff, pit_read};
    return true;
}

/* Returns true if the counter changes within STUCK_READS reads; else warns. */
static bool counts(const struct clock_reference *reference)
{
    uint32_t first = reference->read() & reference->mask;

    for (int i = 0; i < STUCK_READS; i++) {
        if ((reference->read() & reference->mask) != first) {
            return true;
        }
    }
    log_warn("clock: the %s does not count; not used", reference->name);
    return false;
}

const struct clock_reference *clock_reference_find(void)
{
    static bool (*const starts[])(struct clock_reference *) = {hpet_start, pm_timer_start,
                                                               pit_start};
    static struct clock_reference reference;

    for (unsigned i = 0; i < array_length(starts); i++) {
        if (starts[i](&reference) && counts(&reference)) {
            return &reference;
        }
    }
    return NULL;
}
