/*
 * A firmware made of bytes, for tests of the parsers. Tables are written one after the other into
 * an array that stands for physical memory from `base` on, and a reader shows exactly that array.
 * The in-kernel tests and the host unit tests use it.
 */
#pragma once

#include "arch/x86_64/acpi/physical_reader.h"

struct firmware_image {
    uint8_t *memory;
    physical_t base;
    uint32_t size; /* of the array */
    uint32_t used;
};

void firmware_image_init(struct firmware_image *image, uint8_t *memory, uint32_t size,
                         physical_t base);

/* Returns a reader that shows the image's array at its base, and nothing else. */
struct physical_reader firmware_reader(struct firmware_image *image);

/* The address of the next byte; the bytes at an address. */
physical_t firmware_here(const struct firmware_image *image);
uint8_t *firmware_at(const struct firmware_image *image, physical_t address);

/* Append a number of 1 to 8 bytes; bytes; zeros up to an alignment. */
void firmware_put(struct firmware_image *image, uint64_t value, unsigned bytes);
void firmware_put_bytes(struct firmware_image *image, const void *from, uint32_t bytes);
void firmware_align(struct firmware_image *image, uint32_t alignment);

/* Writes a table's header; sets its length and checksum after the contents are written. */
physical_t firmware_table_begin(struct firmware_image *image, const char *signature,
                                uint8_t revision);
void firmware_table_end(struct firmware_image *image, physical_t table);

/* Corrects the checksum of a table whose length is right. */
void firmware_table_seal(struct firmware_image *image, physical_t table);

#define FIRMWARE_DOMAIN_EVEN 3U
#define FIRMWARE_DOMAIN_ODD  0x10005U

/* Addresses of the tables that firmware_machine() wrote. */
struct firmware_machine {
    physical_t rsdp, rsdt, xsdt, madt, fadt, hpet, srat, dsdt;
};

/*
 * Writes the tables of a sound machine: RSDP of revision 2; RSDT and XSDT that list MADT, FADT,
 * HPET and SRAT; `processors` enabled processors with APIC ids 0, 1, ... and one disabled; one I/O
 * APIC; ISA line 0 at GSI 2, line 9 at GSI 9 active low and level; NMI at pin 1 of all; _S5 with
 * types 5 and 6. Two domains of memory: number 3, of 16 MiB at 0, has the even processors; number
 * 0x10005, of 48 MiB at 16 MiB, has the odd ones, which are listed as x2APICs.
 */
struct firmware_machine firmware_machine(struct firmware_image *image, unsigned processors);
