/* The boot report: log lines about the machine and about what the kernel has set up. */
#pragma once

#include "boot/boot_info.h"

/* Logs boot loader, command line and processor. Context: boot. */
void boot_report_start(const struct boot_info *boot);

/*
 * Returns whether any byte of [base, base + bytes) is RAM, according to the memory map that
 * boot_report_start() was given, and which must still exist. For kernel/hooks.c: the hook
 * mmio_is_ram. Context: ANY.
 */
bool boot_is_ram(physical_t base, uint64_t bytes);

/*
 * Logs the memory, and the protections of the processor that are on. Context: boot, after
 * layout_check().
 */
void boot_report_memory(void);

/* Logs the stack mode, the magazines and the reserve. Context: boot, after these are filled. */
void boot_report_stacks(void);

/* Logs that the boot is over ("Stalactite is up"). Context: THREAD, once. */
void boot_report_end(void);
