/*
 * Parsers of single ACPI tables. acpi_parse() (acpi.c) calls them with a table whose length and
 * checksum are right. Each leaves malformed parts out and logs them. They keep no state; their
 * context is that of the reader.
 */
#pragma once

#include "arch/x86_64/acpi/acpi.h"

#define ACPI_HEADER_BYTES 36         /* of every table but the RSDP and the FACS */
#define ACPI_TABLE_MAX    (4U << 20) /* a greater length is an error */

/*
 * Returns the table at a physical address and stores its length, if it can be read, its length is
 * possible, its checksum is right, and it has the signature (NULL: any). Else returns a null
 * pointer and logs the reason.
 */
const uint8_t *acpi_table_map(const struct physical_reader *reader, physical_t address,
                              const char *signature, uint32_t *bytes);

/*
 * Returns true if signature and checksums of an RSDP of `bytes` bytes are right: its first 20
 * bytes, and from revision 2 on also all 36, sum to 0 (ACPI 6.4, 5.2.5.3).
 */
bool acpi_rsdp_valid(const uint8_t *rsdp, unsigned bytes);

/* Parses a MADT: processors, I/O APICs, ISA overrides and NMI pins. */
void acpi_madt_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/* Parses an SRAT: domains of memory and processors. Refuses a malformed one as a whole. */
void acpi_srat_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/* Parses an HPET table: the counter's address. */
void acpi_hpet_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/* Parses a FADT: reset, PM timer, power-off; and the DSDT that it names. */
void acpi_fadt_parse(const struct physical_reader *reader, const uint8_t *table, uint32_t bytes,
                     struct acpi_info *out);

/*
 * Searches AML bytes for the package _S5 and stores its sleep types, which mean "off". Returns
 * false if there is none.
 */
bool acpi_s5_find(const uint8_t *aml, uint32_t bytes, uint8_t *type_a, uint8_t *type_b);
