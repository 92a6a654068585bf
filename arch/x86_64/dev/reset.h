/*
 * Restart and power-off of the machine, and exit from an emulator with a status. The functions
 * machine_...() try several methods in order of preference, take no lock, and do not return.
 */
#pragma once

#include "lib/compiler.h"

/* Codes for machine_exit(). QEMU's exit status is 2 * code + 1: the number in the comment. */
#define EXIT_SUCCESS      0x10 /* 33 */
#define EXIT_TESTS_FAILED 0x11 /* 35 */
#define EXIT_PANIC        0x12 /* 37 */

/*
 * Maps ACPI's reset register if it lies in memory, for machine_reboot(). Context: boot, once, after
 * acpi_init() and once mmio_map() works.
 */
void reset_init(void);

/*
 * Restarts the machine: by ACPI's reset register, else by the keyboard controller, else by port
 * 0xcf9, else by a triple fault. Turns interrupts off. Context: ANY. Source: ACPI 6.4, 4.8.3.6.
 */
noreturn_function void machine_reboot(void);

/*
 * Powers the machine off: by ACPI's S5 state, else by the ports of emulators. If the machine is
 * still on some seconds later, logs a message and halts this CPU. Turns interrupts off. Context:
 * ANY. Source: ACPI 6.4, 4.8.3.2.
 */
noreturn_function void machine_power_off(void);

/*
 * Waits, for a bounded time, until the UART has sent its last byte, and ends the emulator: by
 * QEMU's isa-debug-exit with `code`, else by Bochs's shutdown port. If there is neither, powers the
 * machine off. Turns interrupts off. Context: ANY.
 */
noreturn_function void machine_exit(unsigned code);
