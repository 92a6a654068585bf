/*
 * The PIT in mode 0, and a comparator of the HPET in level mode.
 * Source: Intel 8254; IA-PC HPET specification 1.0a, 2.3.
 */
#include "tests/event/event_device.h"

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/paging/paging.h"

#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND   0x43
#define PIT_MODE_0    0x30 /* channel 0, low then high byte; the output falls and rises once */

#define HPET_BYTES 0x400
#define TIMER      2 /* the first two can stand in for the PIT and the real-time clock */

/* Register numbers in 32-bit words. */
#define CAPABLE    (0x000 / 4)
#define CONFIG     (0x010 / 4)
#define STATUS     (0x020 / 4)
#define COUNTER    (0x0f0 / 4)
#define TIMER_HOW  ((0x100 + 0x20 * TIMER) / 4)
#define TIMER_MAY  (TIMER_HOW + 1) /* lines that it can drive, by bit */
#define COMPARATOR ((0x108 + 0x20 * TIMER) / 4)

#define CAPABLE_LEGACY  (1U << 15)
#define CONFIG_LEGACY   (1U << 1)
#define HOW_LEVEL       (1U << 1)
#define HOW_ENABLE      (1U << 2)
#define HOW_32_BITS     (1U << 8)
#define HOW_ROUTE_SHIFT 9

#define FAR_TICKS                                                                                  \
    0x40000000U /* later than any test waits, and earlier than a 32-bit counter wraps */

static volatile uint32_t *hpet;
static uint32_t line;

void event_pit_silence(void)
{
    outb(PIT_COMMAND, PIT_MODE_0);
}

void event_pit_shot(uint16_t count)
{
    outb(PIT_COMMAND, PIT_MODE_0);
    outb(PIT_CHANNEL_0, (uint8_t)count);
    outb(PIT_CHANNEL_0, (uint8_t)(count >> 8));
}

bool event_hpet_find(uint32_t *gsi)
{
    if (acpi_info()->hpet_address == 0) {
        return false;
    }
    if (hpet == NULL) {
        hpet = mmio_map(acpi_info()->hpet_address, HPET_BYTES);
    }
    if (hpet == NULL || hpet[TIMER_MAY] == 0) {
        return false;
    }
    line = 31 - (uint32_t)__builtin_clz(hpet[TIMER_MAY]);
    hpet[TIMER_HOW] = HOW_LEVEL | HOW_32_BITS | line << HOW_ROUTE_SHIFT;
    if ((hpet[TIMER_HOW] & HOW_LEVEL) == 0) {
        return false;
    }
    /* The PIT may share the line and hold it high. The HPET's legacy mode cuts it off. */
    if ((hpet[CAPABLE] & CAPABLE_LEGACY) != 0) {
        hpet[CONFIG] |= CONFIG_LEGACY;
    }
    /* A timer matches, and says so in its status, also while it is off: that is not to come now. */
    hpet[COMPARATOR] = hpet[COUNTER] + FAR_TICKS;
    event_hpet_acknowledge();
    hpet[TIMER_HOW] |= HOW_ENABLE;
    *gsi = line;
    return true;
}

/*
 * If the comparator is written too late, it matches only when the counter wraps, many seconds
 * later. So it is written again, with more time, until the counter has not reached it after the
 * write or it has matched already, which its status says. The line is masked meanwhile, so that no
 * interrupt arrives twice.
 */
void event_hpet_shot(uint32_t ticks)
{
    ioapic_mask(line);
    for (bool sure = false; !sure; ticks *= 2) {
        hpet[COMPARATOR] = hpet[COUNTER] + FAR_TICKS; /* no earlier shot fires any more */
        event_hpet_acknowledge();
        uint32_t target = hpet[COUNTER] + ticks;
        hpet[COMPARATOR] = target;
        sure = (int32_t)(hpet[COUNTER] - target) < 0 || (hpet[STATUS] & 1U << TIMER) != 0;
    }
    ioapic_unmask(line);
}

void event_hpet_acknowledge(void)
{
    hpet[STATUS] = 1U << TIMER;
}

void event_hpet_silence(void)
{
    hpet[TIMER_HOW] &= ~HOW_ENABLE;
    event_hpet_acknowledge();
    hpet[CONFIG] &= ~CONFIG_LEGACY;
}
