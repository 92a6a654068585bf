/*
 * Ways out: restart, power off, or leave an emulator with a status. Each tries one way after the
 * other, best first. Any context, panics included; they take no lock and do not return.
 */
#pragma once

#include "lib/compiler.h"

/* What machine_exit() tells QEMU's isa-debug-exit; its status is 2 * code + 1. */
#define EXIT_SUCCESS      0x10 /* 33 */
#define EXIT_TESTS_FAILED 0x11 /* 35 */
#define EXIT_PANIC        0x12 /* 37 */

/* Maps the reset register if it lies in memory. Once, at boot, when mmio_map() works. */
void reset_init(void);

/* Restarts: ACPI's reset register, the keyboard controller, port 0xcf9, a triple fault. */
noreturn_function void machine_reboot(void);

/* Powers off: ACPI's S5 state, then the ports that emulators know; else says so and halts. */
noreturn_function void machine_power_off(void);

/*
 * Leaves the emulator, after the last byte has left the UART: QEMU's isa-debug-exit with `code`,
 * then Bochs's shutdown port; halts where there is neither.
 */
noreturn_function void machine_exit(unsigned code);
