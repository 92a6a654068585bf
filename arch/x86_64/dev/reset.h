/*
 * Restart, power-off, and the end of an emulator with a status. Each function tries several methods
 * in order of preference, takes no lock, and does not return.
 */
#pragma once

#include "lib/compiler.h"

/* Codes for machine_exit(). QEMU's exit status is 2 * code + 1. */
#define EXIT_SUCCESS      0x10 /* 33 */
#define EXIT_TESTS_FAILED 0x11 /* 35 */
#define EXIT_PANIC        0x12 /* 37 */

/* Maps the reset register if it lies in memory. Context: boot, once, when mmio_map() works. */
void reset_init(void);

/*
 * Restarts the machine: by ACPI's reset register, else the keyboard controller, else port 0xcf9,
 * else a triple fault. Context: ANY.
 */
noreturn_function void machine_reboot(void);

/*
 * Powers the machine off: by ACPI's S5 state, else by the ports of emulators. If it is still on
 * some seconds later, writes a message to the serial port and halts. Context: ANY.
 */
noreturn_function void machine_power_off(void);

/*
 * Leaves the emulator, after the last byte has left the UART: by QEMU's isa-debug-exit with `code`,
 * else by Bochs's shutdown port. Powers off where there is neither. Context: ANY.
 */
noreturn_function void machine_exit(unsigned code);
