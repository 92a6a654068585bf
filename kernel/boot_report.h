/* What the boot says about the machine it found and what it made of it: a line or two a step. */
#pragma once

#include "boot/boot_info.h"

/* Who started us and with which words, and on which processor. */
void boot_report_start(const struct boot_info *boot);

/*
 * Returns whether a byte of [base, base + bytes) is RAM, by the map that boot_report_start() got,
 * which must stay valid. Context: ANY.
 */
bool boot_is_ram(physical_t base, uint64_t bytes);

/* The processor's protections in force, and the memory. After layout_check(). */
void boot_report_memory(void);

/* After the first magazine and the reserve are filled. */
void boot_report_stacks(void);

/* When everything runs. Thread context. */
void boot_report_end(void);
