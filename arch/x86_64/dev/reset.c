/*
 * Restart, power-off, and exit from an emulator. Sources: ACPI 6.4, 4.8.3.6 (reset register) and
 * 4.8.3.2 (PM1 control); Intel ICH9 data sheet, 13.7.5 (port 0xcf9); QEMU's hw/misc/debugexit.c;
 * Bochs's user manual, 3.9 (port 0x8900).
 */
#include "arch/x86_64/dev/reset.h"

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/paging/paging.h"

#define I8042_STATUS      0x64
#define I8042_COMMAND     0x64
#define I8042_INPUT_FULL  2
#define I8042_PULSE_RESET 0xfe

#define CHIPSET_RESET 0xcf9

#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_ENABLE     (1U << 13)
#define PM1_SCI_ENABLE       1U

#define QEMU_EXIT      0xf4
#define BOCHS_SHUTDOWN 0x8900

/* A port access takes about a microsecond, on real machines and in an emulator. */
#define SHORT_WAIT_STEPS 10000
#define LONG_WAIT_STEPS  5000000 /* a busy host may take seconds to act on a power-off */

static volatile uint8_t *reset_memory;

void reset_init(void)
{
    const struct acpi_register *reset = &acpi_info()->reset;

    if (reset->present && reset->in_memory) {
        reset_memory = mmio_map(reset->address, 1);
    }
}

/* Waits by port accesses, because a panic may come before the clock is calibrated. */
static void wait_steps(unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        (void)inb(0x80);
    }
}

static void acpi_reset(void)
{
    const struct acpi_info *acpi = acpi_info();

    if (acpi->reset.present && !acpi->reset.in_memory) {
        outb((uint16_t)acpi->reset.address, acpi->reset_value);
    } else if (reset_memory != NULL) {
        *reset_memory = acpi->reset_value;
    }
}

static void i8042_reset(void)
{
    for (int i = 0; i < 1000 && (inb(I8042_STATUS) & I8042_INPUT_FULL) != 0; i++) {
        cpu_pause();
    }
    outb(I8042_COMMAND, I8042_PULSE_RESET);
}

void machine_reboot(void)
{
    interrupts_disable();
    serial_terminal_reset();
    serial_drain();
    acpi_reset();
    wait_steps(SHORT_WAIT_STEPS);
    i8042_reset();
    wait_steps(SHORT_WAIT_STEPS);
    outb(CHIPSET_RESET, 0x02); /* select a hard reset */
    outb(CHIPSET_RESET, 0x06); /* bit 2 changes from 0 to 1: the reset begins */
    wait_steps(SHORT_WAIT_STEPS);

    /*
     * An exception without an IDT is a triple fault, which resets the CPU (SDM 6.15, #DF). With
     * FRED it is an exception without a stack on any level.
     */
    for (unsigned level = 1; level < FRED_LEVELS && fred_is_active(); level++) {
        msr_write(MSR_FRED_RSP0 + level, 0);
    }
    static const struct {
        uint16_t limit;
        uint64_t base;
    } packed nothing = {0, 0};
    __asm__ volatile("lidt %0; xorl %%esp, %%esp; ud2" ::"m"(nothing));
    cpu_halt_forever();
}

/*
 * Asks for the S5 state by the PM1 control registers. Returns at once; the machine may take a while
 * to power off. Returns false if the tables do not name the registers or the sleep types.
 */
static bool acpi_power_off(void)
{
    const struct acpi_info *acpi = acpi_info();

    if (!acpi->s5_known || acpi->pm1a_control_port == 0) {
        return false;
    }
    uint16_t keep = inw(acpi->pm1a_control_port) & PM1_SCI_ENABLE;
    outw(acpi->pm1a_control_port,
         (uint16_t)(keep | acpi->s5_type_a << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
    if (acpi->pm1b_control_port != 0) {
        outw(acpi->pm1b_control_port,
             (uint16_t)(keep | acpi->s5_type_b << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
    }
    return true;
}

static void bochs_shutdown(void)
{
    for (const char *next = "Shutdown"; *next != '\0'; next++) {
        outb(BOCHS_SHUTDOWN, (uint8_t)*next);
    }
}

/* Tries every way to power off. The terminal is sane already, and what it shows has left the port. */
static noreturn_function void power_off(void)
{
    if (acpi_power_off()) {
        wait_steps(LONG_WAIT_STEPS);
    }
    outw(0x604, PM1_SLEEP_ENABLE);  /* QEMU's PM1 control, if no tables were found */
    outw(0xb004, PM1_SLEEP_ENABLE); /* Bochs, and old versions of QEMU */
    bochs_shutdown();
    wait_steps(LONG_WAIT_STEPS);
    log_raw("The machine does not power off by itself: switch it off by hand.\n");
    serial_drain();
    cpu_halt_forever();
}

void machine_power_off(void)
{
    interrupts_disable();
    serial_terminal_reset();
    serial_drain();
    power_off();
}

void machine_exit(unsigned code)
{
    interrupts_disable();
    serial_terminal_reset();
    serial_drain();
    outb(QEMU_EXIT, (uint8_t)code);
    bochs_shutdown();
    wait_steps(SHORT_WAIT_STEPS);
    power_off(); /* nothing is written again: an emulator that leaves late would cut it off */
}
