/*
 * What the kernel wants to know from ACPI's static tables, as plain data: processors and interrupt
 * controllers (MADT), domains of memory (SRAT), clocks (HPET, FADT), ways to reset and to power off
 * (FADT, DSDT).
 *
 * The tables are read once, at boot, on the boot page tables, which show everything below 4 GiB;
 * later nobody touches them. Nothing in them is trusted: lengths and checksums are verified, what
 * is malformed is reported in words and left out, and a machine without ACPI runs on one CPU.
 *
 * Source: ACPI specification 6.4, chapters 5.2 (tables) and 4.8 (fixed hardware).
 */
#pragma once

#include "arch/x86_64/acpi/physical_reader.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/types.h"

#define ACPI_IOAPIC_MAX       16
#define ACPI_DOMAIN_MAX       8
#define ACPI_DOMAIN_RANGE_MAX 64
#define ACPI_ISA_COUNT        16 /* the sixteen interrupt lines of the 8259s */

struct acpi_processor {
    uint32_t apic_id;
    uint32_t uid;       /* the number by which other entries name it */
    uint8_t nmi_lint;   /* which local pin is the NMI: 1 unless the table says otherwise */
    uint16_t nmi_flags; /* polarity and trigger, as in struct acpi_isa_route */
};

struct acpi_ioapic {
    uint8_t id;
    physical_t address;
    uint32_t gsi_base; /* the first interrupt number that it serves */
};

/* Where an ISA interrupt arrives: flags bits 1:0 polarity (3 low), bits 3:2 trigger (3 level). */
struct acpi_isa_route {
    uint32_t gsi;
    uint16_t flags;
};

/* A register of fixed hardware: a port, or an address in memory. */
struct acpi_register {
    bool present;
    bool in_memory;
    uint64_t address;
};

struct acpi_domain_range {
    physical_t base;
    uint64_t bytes;
    unsigned domain;
};

struct acpi_domain_processor {
    uint32_t apic_id;
    unsigned domain;
};

/*
 * Which memory is near which processors. Domains are numbered from 0, as the table first names
 * them. All zeroes: nothing is known, and memory is one domain.
 */
struct acpi_affinity {
    unsigned domain_count;
    uint32_t names[ACPI_DOMAIN_MAX]; /* the table's own numbers */
    unsigned range_count;
    struct acpi_domain_range ranges[ACPI_DOMAIN_RANGE_MAX]; /* of two domains: never overlap */
    unsigned processor_count;
    struct acpi_domain_processor processors[CPU_MAX];
};

struct acpi_info {
    bool present; /* a sound RSDP and root table were found */

    /* MADT */
    bool madt_present;
    physical_t lapic_address; /* 0xfee00000 unless the table says otherwise */
    struct acpi_processor processors[CPU_MAX];
    unsigned processor_count;
    unsigned processors_left_out; /* usable ones beyond CPU_MAX */
    struct acpi_ioapic ioapics[ACPI_IOAPIC_MAX];
    unsigned ioapic_count;
    struct acpi_isa_route isa[ACPI_ISA_COUNT];

    /* SRAT */
    bool srat_present;
    struct acpi_affinity affinity;

    /* HPET */
    physical_t hpet_address; /* 0: there is none */

    /* FADT */
    bool fadt_present;
    bool i8042_absent;          /* the table says so; without a table there is one */
    struct acpi_register reset; /* write reset_value here */
    uint8_t reset_value;
    uint16_t pm_timer_port;     /* 0: there is none */
    bool pm_timer_32_bits;      /* else 24 */
    uint16_t pm1a_control_port; /* 0: unknown */
    uint16_t pm1b_control_port; /* 0: there is none */

    /* DSDT */
    bool s5_known; /* what to write to PM1 control to power off */
    uint8_t s5_type_a, s5_type_b;
};

/*
 * Reads the tables, starting from the loader's copy of the RSDP (rsdp_bytes 0: searched for in the
 * places that firmware keeps it). Boot page tables, CPU 0. Never fails: see acpi_info().present.
 */
void acpi_init(const uint8_t *rsdp, unsigned rsdp_bytes);

/* What acpi_init() found; before it, the picture of a machine without ACPI. Any context. */
const struct acpi_info *acpi_info(void);

/*
 * The same as a pure function, for acpi_init() and tests. ERROR_NOT_FOUND or ERROR_CORRUPT, with a
 * log line, if there is no root table to be read; anything smaller is reported and left out.
 * *out is initialised first.
 */
must_check int acpi_parse(const struct physical_reader *reader, const uint8_t *rsdp,
                          unsigned rsdp_bytes, struct acpi_info *out);

/* Finds an RSDP whose checksum is right; ERROR_NOT_FOUND if there is none. Copies up to 36 bytes.
 */
must_check int acpi_search(const struct physical_reader *reader, uint8_t rsdp[36],
                           unsigned *rsdp_bytes);
