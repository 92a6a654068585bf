/*
 * Parsers of single ACPI tables, called by acpi_parse() (acpi.c) with a table whose length and
 * checksum are right. Each reports what is malformed and leaves it out. Pure but for log lines.
 */
#pragma once

#include "arch/x86_64/acpi/acpi.h"

#define ACPI_HEADER_BYTES 36         /* of every table but the RSDP and the FACS */
#define ACPI_TABLE_MAX    (4U << 20) /* a longer table is rubbish */

/*
 * A table at a physical address: header readable, length sane, all of it readable, checksum 0, and
 * the signature if one is asked for (else a null pointer). A null pointer and a log line otherwise.
 */
const uint8_t *acpi_table_map(const struct physical_reader *reader, physical_t address,
                              const char *signature, uint32_t *bytes);

/* Is this RSDP sound? (ACPI 5.2.5.3: 20 bytes sum to 0; from revision 2 on, all 36 do too.) */
bool acpi_rsdp_valid(const uint8_t *rsdp, unsigned bytes);

/* Physical address 0 is where a table says "none". */
void acpi_madt_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);
void acpi_srat_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);
void acpi_hpet_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out);
void acpi_fadt_parse(const struct physical_reader *reader, const uint8_t *table, uint32_t bytes,
                     struct acpi_info *out);

/* Looks for the package _S5 in AML bytes: the sleep types that mean "off". False if it is not
 * there. */
bool acpi_s5_find(const uint8_t *aml, uint32_t bytes, uint8_t *type_a, uint8_t *type_b);
