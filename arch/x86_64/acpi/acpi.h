/*
 * The reading of ACPI's static tables, whose information is in acpi_info.h.
 *
 * The kernel reads the tables once, at boot, on the boot page tables. It does not trust them:
 * lengths and checksums are checked, and a malformed part is logged and left out. A machine without
 * ACPI runs on one CPU.
 */
#pragma once

#include "arch/x86_64/acpi/acpi_info.h"
#include "arch/x86_64/acpi/physical_reader.h"

/*
 * Reads the tables to which an RSDP leads, and fills the information that acpi_info() returns.
 * `rsdp` is the loader's copy of `rsdp_bytes` bytes. If `rsdp_bytes` is 0 or that RSDP leads to no
 * tables, searches memory below 1 MiB for one. If there is none, logs a warning, and acpi_info()
 * describes a machine without ACPI. Context: boot, on CPU 0, once, on the boot page tables.
 */
void acpi_init(const uint8_t *rsdp, unsigned rsdp_bytes);

/*
 * Returns the information that acpi_init() found. Before acpi_init() it describes a machine without
 * ACPI. It does not change afterwards. Context: ANY.
 */
const struct acpi_info *acpi_info(void);

/*
 * Initialises *out and parses into it the tables to which an RSDP of `rsdp_bytes` bytes leads.
 * `boot_apic_id` is the APIC id of the processor that boots. For acpi_init() and tests. Context:
 * boot; THREAD with a reader that tests supply. Errors: ERROR_NOT_FOUND (no root table can be
 * read), ERROR_CORRUPT (the RSDP is malformed); each is logged.
 */
must_check int acpi_parse(const struct physical_reader *reader, const uint8_t *rsdp,
                          unsigned rsdp_bytes, uint32_t boot_apic_id, struct acpi_info *out);

/*
 * Searches memory below 1 MiB for a valid RSDP, copies it, and stores its size of 20 or 36 bytes.
 * Context: boot; THREAD with a reader that tests supply. Errors: ERROR_NOT_FOUND. Source: ACPI 6.4,
 * 5.2.5.1.
 */
must_check int acpi_search(const struct physical_reader *reader, uint8_t rsdp[36],
                           unsigned *rsdp_bytes);
