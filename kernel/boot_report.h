/* Log lines of the boot about the machine and what the kernel set up: a line or two each step. */
#pragma once

#include "boot/boot_info.h"

/* Logs boot loader, command line and processor. Context: boot. */
void boot_report_start(const struct boot_info *boot);

/*
 * Returns whether a byte of [base, base + bytes) is RAM, by the map that boot_report_start() got,
 * which must stay valid. Context: ANY.
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
