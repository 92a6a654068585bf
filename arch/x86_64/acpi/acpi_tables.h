/*
 * Parsers of single ACPI tables. acpi_parse() calls each with a table of `bytes` bytes whose length
 * and checksum have been checked. A parser adds to *out what it finds, and logs and leaves out
 * malformed parts. The parsers keep no state and take no lock.
 */
#pragma once

#include "arch/x86_64/acpi/acpi_info.h"
#include "arch/x86_64/acpi/physical_reader.h"

#define ACPI_HEADER_BYTES 36         /* the header of every table but the RSDP and the FACS */
#define ACPI_TABLE_MAX    (4U << 20) /* bytes; a greater length is an error */

/*
 * Returns the table at a physical address and stores its length in bytes. Returns a null pointer
 * and logs the reason if the table cannot be read, does not have the signature (NULL: any will do),
 * or has an impossible length or a wrong checksum. Context: boot; THREAD in tests.
 */
const uint8_t *acpi_table_map(const struct physical_reader *reader, physical_t address,
                              const char *signature, uint32_t *bytes);

/*
 * Returns true if the signature and the checksums of an RSDP of `bytes` bytes are right. The first
 * 20 bytes must sum to 0, and from revision 2 on also all 36. Context: ANY. Source: ACPI 6.4,
 * 5.2.5.3.
 */
bool acpi_rsdp_valid(const uint8_t *rsdp, unsigned bytes);

/*
 * Parses a MADT: processors, I/O APICs, ISA overrides and NMI pins. Sets madt_present unless the
 * table is too short. Context: boot; THREAD in tests. Source: ACPI 6.4, 5.2.12.
 */
void acpi_madt_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/*
 * Parses an SRAT: domains of memory and processors. If any part is malformed, the whole table is
 * refused and out->affinity is all zero. Context: boot; THREAD in tests. Source: ACPI 6.4, 5.2.16.
 */
void acpi_srat_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/*
 * Parses a SLIT: the distances between the domains of the SRAT, which must have been parsed. If any
 * part is malformed, the whole table is refused and the distances stay 0.
 * Context: boot; THREAD in tests. Source: ACPI 6.4, 5.2.17.
 */
void acpi_slit_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/*
 * Parses an HPET table: the physical address of the counter's registers. Context: boot; THREAD in
 * tests. Source: IA-PC HPET specification 1.0a, 3.2.4.
 */
void acpi_hpet_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);

/*
 * Parses a FADT (reset, PM timer, power-off), and the DSDT that it names for the sleep types.
 * Context: boot; THREAD in tests. Source: ACPI 6.4, 5.2.9.
 */
void acpi_fadt_parse(const struct physical_reader *reader, const uint8_t *table, uint32_t bytes,
                     struct acpi_info *out);

/*
 * Searches `bytes` bytes of AML for the package _S5 and stores the two sleep types that power the
 * machine off. Returns false if there is no such package. Context: ANY. Source: ACPI 6.4, 7.4.2.
 */
bool acpi_s5_find(const uint8_t *aml, uint32_t bytes, uint8_t *type_a, uint8_t *type_b);
