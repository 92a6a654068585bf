/*
 * The information of ACPI's static tables that the kernel uses, as plain data: processors and
 * interrupt controllers (MADT), domains of memory (SRAT), clocks (HPET, FADT), reset and power-off
 * (FADT, DSDT, SSDTs).
 *
 * The tables are read once, at boot, on the boot page tables, and not used later. They are not
 * trusted: lengths and checksums are checked, a malformed part is reported and left out, and a
 * machine without ACPI runs on one CPU.
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
    uint8_t nmi_lint;   /* the local pin of the NMI: 1 unless the table says otherwise */
    uint16_t nmi_flags; /* polarity and trigger, as in struct acpi_isa_route */
};

struct acpi_ioapic {
    uint8_t id;
    physical_t address;
    uint32_t gsi_base; /* the first interrupt number that it serves */
};

/* The line of an ISA interrupt. Flags: bits 1:0 polarity (3: low), bits 3:2 trigger (3: level). */
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
 * The domains of memory and processors. They are numbered from 0, in the order in which the table
 * first names them. If all is zero, nothing is known and memory is one domain.
 */
struct acpi_affinity {
    unsigned domain_count;
    uint32_t names[ACPI_DOMAIN_MAX]; /* the table's own numbers */
    unsigned range_count;
    struct acpi_domain_range ranges[ACPI_DOMAIN_RANGE_MAX]; /* of two domains: no overlap */
    unsigned processor_count;
    struct acpi_domain_processor processors[CPU_MAX];
};

struct acpi_info {
    bool present;          /* a sound RSDP and root table were found */
    uint32_t boot_apic_id; /* of the processor that runs the boot, which is always usable */

    /* MADT */
    bool madt_present;
    physical_t lapic_address; /* 0xfee00000 unless the table says otherwise */
    struct acpi_processor processors[CPU_MAX];
    unsigned processor_count;
    unsigned processors_left_out; /* enabled ones beyond CPU_MAX, or without an id of their own */
    unsigned processors_disabled; /* listed, but not to be used */
    struct acpi_ioapic ioapics[ACPI_IOAPIC_MAX];
    unsigned ioapic_count;
    struct acpi_isa_route isa[ACPI_ISA_COUNT];

    /* SRAT */
    bool srat_present;
    struct acpi_affinity affinity;

    /* HPET */
    physical_t hpet_address; /* 0 if there is none */

    /* FADT */
    bool fadt_present;
    bool i8042_absent;          /* the table says so; without a table there is one */
    struct acpi_register reset; /* write reset_value here */
    uint8_t reset_value;
    uint16_t pm_timer_port;     /* 0 if there is none */
    bool pm_timer_32_bits;      /* else it has 24 */
    uint16_t pm1a_control_port; /* 0 if it is unknown */
    uint16_t pm1b_control_port; /* 0 if there is none */

    /* DSDT, or an SSDT */
    bool s5_known; /* the sleep types below, which PM1 control takes to power off, are known */
    uint8_t s5_type_a, s5_type_b;
};

/*
 * Reads the tables from the RSDP on. If `rsdp_bytes` is 0 or that RSDP is of no use, it searches
 * the places where firmware keeps one. If there is none, acpi_info() describes a machine without
 * ACPI. Context: boot, on CPU 0, once, on the boot page tables.
 */
void acpi_init(const uint8_t *rsdp, unsigned rsdp_bytes);

/*
 * Returns the information that acpi_init() found; before it, that of a machine without ACPI.
 * Context: ANY.
 */
const struct acpi_info *acpi_info(void);

/*
 * Initialises *out and parses the tables from an RSDP on. `boot_apic_id` is the APIC id of the
 * processor that runs. For acpi_init() and tests. Context: that of the reader. Errors:
 * ERROR_NOT_FOUND (no root table can be read), ERROR_CORRUPT (the RSDP is malformed); each is
 * logged.
 */
must_check int acpi_parse(const struct physical_reader *reader, const uint8_t *rsdp,
                          unsigned rsdp_bytes, uint32_t boot_apic_id, struct acpi_info *out);

/*
 * Searches memory below 1 MiB for a sound RSDP and copies its 20 or 36 bytes. Context: that of the
 * reader. Errors: ERROR_NOT_FOUND.
 */
must_check int acpi_search(const struct physical_reader *reader, uint8_t rsdp[36],
                           unsigned *rsdp_bytes);
