/*
 * The information that the kernel takes from ACPI's static tables, as plain data: processors and
 * interrupt controllers (MADT), domains of memory (SRAT, SLIT), clocks (HPET, FADT), reset and
 * power-off (FADT, DSDT, SSDTs).
 *
 * Source: ACPI specification 6.4, chapters 5.2 (tables) and 4.8 (fixed hardware).
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/types.h"

#define ACPI_IOAPIC_MAX       16
#define ACPI_DOMAIN_MAX       8
#define ACPI_DOMAIN_RANGE_MAX 64
#define ACPI_DISTANCE_LOCAL   10 /* of a domain to itself; greater ones are in proportion to it */
#define ACPI_ISA_COUNT        16 /* the sixteen interrupt lines of the 8259s */

struct acpi_processor {
    uint32_t apic_id;
    uint32_t uid;       /* the number by which other entries of the tables name the processor */
    uint8_t nmi_lint;   /* the local pin of the NMI: 1 unless the table says otherwise */
    uint16_t nmi_flags; /* polarity and trigger, as in struct acpi_isa_route */
};

struct acpi_ioapic {
    uint8_t id;
    physical_t address;
    uint32_t gsi_base; /* the first global interrupt number that this I/O APIC serves */
};

/*
 * The I/O APIC input of an ISA interrupt, as a global interrupt number. Flags: bits 1:0 polarity
 * (3: active low), bits 3:2 trigger (3: level). Source: ACPI 6.4, 5.2.12.5.
 */
struct acpi_isa_route {
    uint32_t gsi;
    uint16_t flags;
};

/* A register of fixed hardware, at a port or at an address in memory. */
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
 * first names them. If all is zero, the domains are unknown and all memory is one domain.
 */
struct acpi_affinity {
    unsigned domain_count;
    uint32_t names[ACPI_DOMAIN_MAX]; /* the table's own numbers */
    unsigned range_count;
    struct acpi_domain_range ranges[ACPI_DOMAIN_RANGE_MAX]; /* no overlap of two domains */
    unsigned processor_count;
    struct acpi_domain_processor processors[CPU_MAX];
    /* Distance from the first domain to the second, by the SLIT; all 0 if they are unknown. */
    uint8_t distances[ACPI_DOMAIN_MAX][ACPI_DOMAIN_MAX];
};

struct acpi_info {
    bool present;          /* a valid RSDP and root table were found */
    uint32_t boot_apic_id; /* of the processor that boots; it is always usable */

    /* MADT */
    bool madt_present;
    physical_t lapic_address; /* 0xfee00000 unless the table says otherwise */
    struct acpi_processor processors[CPU_MAX];
    unsigned processor_count;
    unsigned processors_left_out; /* enabled, but beyond CPU_MAX or without a unique id */
    unsigned processors_disabled; /* listed, but not to be used */
    struct acpi_ioapic ioapics[ACPI_IOAPIC_MAX];
    unsigned ioapic_count;
    struct acpi_isa_route isa[ACPI_ISA_COUNT];

    /* SRAT, SLIT */
    bool srat_present;
    bool slit_present;
    struct acpi_affinity affinity;

    /* HPET */
    physical_t hpet_address; /* 0 if there is none */

    /* FADT */
    bool fadt_present;
    bool i8042_absent;          /* the table says so; false without a table */
    struct acpi_register reset; /* a write of reset_value here resets the machine */
    uint8_t reset_value;
    uint16_t pm_timer_port;     /* 0 if there is none */
    bool pm_timer_32_bits;      /* else the counter has 24 bits */
    uint16_t pm1a_control_port; /* 0 if it is unknown */
    uint16_t pm1b_control_port; /* 0 if there is none */

    /* DSDT, or an SSDT */
    bool s5_known; /* the two sleep types below, written to PM1 control to power off, are known */
    uint8_t s5_type_a, s5_type_b;
};
